import { connect } from "../db/client";
import type { Log } from "../log";
import {
  type FromWorker,
  openProcess,
  openThread,
  type ToWorker,
  type WorkerHandle,
} from "./worker-handle";

/** At shutdown a running job gets this long to finish; then it is given back. */
export const GRACE_MS = 8_000;
/** A worker that has not drained after this time is killed. */
const DRAIN_TIMEOUT_MS = GRACE_MS + 3_000;
const RESTART_MS = { first: 500, most: 10_000 };

export type Supervisor = {
  /** Number of running workers. */
  alive(): number;
  drain(): Promise<void>;
};

export type SupervisorOptions = {
  count: number;
  mode: "thread" | "process";
  /** The entry file of the worker, and its environment with its settings. */
  entry: string;
  env: Record<string, string>;
  databaseUrl: string;
  log: Log;
  onMessage: (message: FromWorker) => void;
  /** Called after the end of a worker, with its thread id if it was ready before. */
  onDeath: (thread: number | undefined) => void;
};

/**
 * Keeps `count` workers running: wakes them when work arrives, replaces dead ones, and at shutdown lets
 * them finish or give back their jobs.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { count, log } = options;
  const workers: Slot[] = Array.from({ length: count }, (_, n) => startSlot(n, options));
  const broadcast = (message: ToWorker) => {
    for (const worker of workers) worker.post(message);
  };

  // A separate connection. After an outage postgres.js listens again by itself.
  const listener = connect(options.databaseUrl, { max: 1 });
  const wakeAll = () => broadcast({ type: "wake" });
  const onStopped = (asset_id: string) => broadcast({ type: "stopped", asset_id });
  await listener.listen("ingest", wakeAll, wakeAll);
  await listener.listen("stopped", onStopped);

  return {
    alive: () => workers.filter((worker) => worker.alive()).length,
    drain: async () => {
      await Promise.all(workers.map((worker) => worker.drain()));
      await listener.end({ timeout: 1 });
      log.info("workers drained");
    },
  };
}

type Slot = { post(message: ToWorker): void; alive(): boolean; drain(): Promise<void> };

/** Starts one worker, and a new one whenever it dies. */
function startSlot(
  n: number,
  { mode, entry, env, log, onMessage, onDeath }: SupervisorOptions,
): Slot {
  const children = new Set<number>();
  const drained = Promise.withResolvers<void>();
  let thread: number | undefined;
  let ready = false;
  let draining = false;
  let restartMs = RESTART_MS.first;
  let worker: WorkerHandle;

  const receive = (message: FromWorker) => {
    if (message.type === "ready") {
      ready = true;
      thread = message.thread;
      restartMs = RESTART_MS.first;
    } else if (message.type === "drained") drained.resolve();
    else if (message.type === "spawned") children.add(message.pid);
    else if (message.type === "exited") children.delete(message.pid);
    onMessage(message);
  };

  const start = () => {
    const open = mode === "thread" ? openThread : openProcess;
    worker = open(entry, { ...env, WORKER_NUMBER: String(n) }, receive, (reason) => {
      ready = false;
      for (const pid of children) kill(pid);
      children.clear();
      onDeath(thread);
      if (draining) return drained.resolve();
      log.error({ worker: n, reason, restart_ms: restartMs }, "worker died");
      setTimeout(() => draining || start(), restartMs);
      restartMs = Math.min(restartMs * 2, RESTART_MS.most);
    });
  };
  start();

  return {
    post: (message) => ready && worker.post(message),
    alive: () => ready,
    drain: async () => {
      draining = true;
      if (ready) {
        worker.post({ type: "drain", graceMs: GRACE_MS });
        const killTimer = setTimeout(() => drained.resolve(), DRAIN_TIMEOUT_MS);
        await drained.promise;
        clearTimeout(killTimer);
      }
      await worker.end();
      for (const pid of children) kill(pid);
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // The process has already ended.
  }
}
