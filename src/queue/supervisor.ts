import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Sql } from "../db/client";
import type { Log } from "../log";
import { extendOrAbort, keepClaim, VISIBILITY_SECONDS } from "./attempt";
import { startPollLoop } from "./poll-loop";
import { type ClaimedJob, postponeJob, recordCrash } from "./queue";
import { hasDueJob } from "./queue-state";
import {
  type FromWorker,
  openWorkerProcess,
  openWorkerThread,
  type ToWorker,
  type WorkerHandle,
} from "./worker-handle";
import { refreshRegistration, removeRegistration } from "./worker-registry";

/** At shutdown a running job gets this long to finish; then it is given back. */
export const GRACE_MS = 8_000;
/** A worker that has not drained after this time is killed. */
const DRAIN_TIMEOUT_MS = GRACE_MS + 3_000;
const RESTART_MS = { first: 500, most: 10_000 };
/** The workers are registered and pinged this often. */
const PULSE_MS = 15_000;
/** Fallback poll for another worker: finds due jobs without a NOTIFY, such as retries. */
const START_POLL_MS = 2_000;
/** A worker that is not ready after this time does not count as loading: another one can start. */
const LOAD_MS = 30_000;
/** A worker that does not answer for this time is blocked. It is ended, and its jobs continue as after a crash. */
const BLOCKED_MS = 5 * 60_000;
/**
 * A signal to the whole process group ends the worker a moment before its supervisor. Only a supervisor that
 * outlives the worker by this time records a crash.
 */
const CRASH_DELAY_MS = 500;

/** The workers of this process. */
export type LocalWorkers = {
  wanted: number;
  /** Workers that run or start when they are needed; 0 while none runs. */
  alive: number;
  /** No worker has run yet, and the process started a short time ago. */
  isStarting: boolean;
};

export type Supervisor = {
  /** Number of workers that run or start when they are needed; 0 while none runs. */
  alive(): number;
  drain(): Promise<void>;
};

export type SupervisorOptions = {
  count: number;
  mode: "thread" | "process";
  /** The entry file of the worker, and its environment with its settings. */
  entry: string;
  env: Record<string, string>;
  /** A pool of the supervisor's thread: it keeps the claims of all workers. */
  db: Sql;
  databaseUrl: string;
  /** The name of this process, for its registration and for the supervisor's connection. */
  instance: string;
  log: Log;
  onMessage: (message: FromWorker) => void;
  /** Called after the end of a worker, with its thread id if it was ready before. */
  onDeath: (thread: number | undefined) => void;
  /** Called when a worker ends without having been asked to. */
  onCrash?: () => void;
  /** The queue is read this often to decide about another worker. */
  startPollMs?: number;
  /** The longest time that other workers wait while one loads. */
  loadMs?: number;
};

/**
 * Runs up to `count` workers: wakes them when work arrives, keeps their claims, replaces dead ones and
 * charges their jobs, and at shutdown lets them finish or give back their jobs.
 *
 * One worker starts at once, because each takes 30 MB and half a second of CPU time. Another one starts when
 * all are busy and a job waits, when a job waits for longer than an idle worker needs to find it, and when a
 * worker dies, but never while one loads, because on a busy machine that takes long and each further one makes it
 * longer. It is not ended again.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { count, db, log, startPollMs = START_POLL_MS, loadMs = LOAD_MS } = options;
  const id = crypto.randomUUID();
  const alive = () => {
    const running = workers.filter((worker) => worker.alive()).length;
    return running === 0 ? 0 : running + workers.filter((worker) => !worker.isStarted()).length;
  };
  const register = () => {
    refreshRegistration(db, {
      id,
      instance: options.instance,
      wanted: count,
      alive: alive(),
    }).catch((err) => log.warn({ err }, "the workers were not registered"));
  };
  const workers: WorkerSlot[] = Array.from({ length: count }, (_, n) =>
    openSlot(n, id, {
      ...options,
      onReady: () => {
        readyAt = performance.now();
        register();
      },
      onBusy: () => startWhenFull(),
      onCrashed: () => startNext(),
    }),
  );

  /** An idle worker finds a due job within its poll interval. After this time no worker can take the job. */
  const overdueMs = 1.5 * startPollMs;
  let newest: WorkerSlot | undefined;
  let startedAt = 0;
  let readyAt = 0;
  const isLoading = () => !newest?.alive() && performance.now() - startedAt < loadMs;
  /** All running workers are busy, and no new worker is about to run. */
  const isFull = () => {
    const running = workers.filter((worker) => worker.alive());
    return running.length > 0 && running.every((worker) => worker.isBusy()) && !isLoading();
  };
  const startNext = () => {
    const next = workers.find((worker) => !worker.isStarted());
    if (!next) return;
    newest = next;
    startedAt = performance.now();
    next.start();
  };
  const startIfNeeded = async (): Promise<boolean> => {
    if (isLoading() || workers.every((worker) => worker.isStarted())) return false;
    const full = isFull();
    // A worker that has just become ready is about to look for a job.
    if (!full && performance.now() - readyAt < overdueMs) return false;
    if (await hasDueJob(db, full ? 0 : overdueMs / 1_000)) startNext();
    return false;
  };
  startNext();
  const starter = startPollLoop(startIfNeeded, log, startPollMs);
  const startWhenFull = () => {
    if (isFull()) starter.wake();
  };

  // A separate connection. After an outage postgres.js listens again by itself.
  const listener = connect(options.databaseUrl, { max: 1, name: `${options.instance} supervisor` });
  const wakeAll = (work: "jobs" | "alignments") => () => {
    for (const worker of workers) worker.post({ type: "wake", work });
  };
  const wakeForJobs = () => {
    wakeAll("jobs")();
    startWhenFull();
  };
  await listener.listen("ingest", wakeForJobs, wakeForJobs);
  await listener.listen("alignment", wakeAll("alignments"), wakeAll("alignments"));
  await listener.listen("stopped", (asset_id) => {
    for (const worker of workers) worker.checkClaim(asset_id);
  });

  const pulse = () => {
    for (const worker of workers) worker.ping();
    register();
  };
  pulse();
  const timer = setInterval(pulse, PULSE_MS);

  return {
    alive,
    drain: async () => {
      clearInterval(timer);
      void starter.drain(); // a query during an outage must not delay the workers
      await Promise.all(workers.map((worker) => worker.drain()));
      await removeRegistration(db, id).catch((err) =>
        log.warn({ err }, "the registration of the workers was not removed"),
      );
      await listener.end({ timeout: 1 });
      log.info("workers drained");
    },
  };
}

type WorkerSlot = {
  /** Also for a slot that is started already. */
  start(): void;
  isStarted(): boolean;
  /** Runs a job. */
  isBusy(): boolean;
  post(message: ToWorker): void;
  alive(): boolean;
  /** Stops the worker's job if it is of this asset and its claim is lost. */
  checkClaim(asset_id: string): void;
  /** Ends the worker if it has not answered for too long. */
  ping(): void;
  drain(): Promise<void>;
};

type HeldJob = { job: ClaimedJob; lost: AbortController; release: () => void };

/** One worker, once it is started, and a new one whenever it dies. */
function openSlot(
  n: number,
  processId: string,
  options: SupervisorOptions & {
    onReady: () => void;
    onBusy: () => void;
    onCrashed: () => void;
  },
): WorkerSlot {
  const { mode, entry, env, db, log, onMessage, onDeath } = options;
  const children = new Set<number>();
  const drained = Promise.withResolvers<void>();
  let thread: number | undefined;
  let held: HeldJob | null = null;
  let ready = false;
  let draining = false;
  let answeredAt = 0;
  let restartMs = RESTART_MS.first;
  let worker: WorkerHandle | undefined;

  const hold = (job: ClaimedJob) => {
    letGo();
    const lost = new AbortController();
    lost.signal.addEventListener("abort", () =>
      worker?.post({ type: "claim_lost", job_id: job.job_id }),
    );
    held = { job, lost, release: keepClaim(db, job, lost, log) };
    options.onBusy();
  };
  /** Stops keeping the current claim, and returns its job. */
  const letGo = (): ClaimedJob | undefined => {
    const job = held?.job;
    held?.release();
    held = null;
    return job;
  };

  /** Gives back the job of a worker that did not stop in time, so that its claim does not have to expire. */
  const handBack = async () => {
    const job = letGo();
    if (!job) return;
    await postponeJob(db, job, 0).catch((err) =>
      log.warn({ err, job_id: job.job_id }, "a job was not given back"),
    );
  };

  const receive = (message: FromWorker) => {
    answeredAt = performance.now();
    if (message.type === "ready") {
      ready = true;
      thread = message.thread;
      restartMs = RESTART_MS.first;
      if (!draining) options.onReady();
    } else if (message.type === "drained") drained.resolve();
    else if (message.type === "claimed") hold(message.job);
    else if (message.type === "released") letGo();
    else if (message.type === "spawned") children.add(message.pid);
    else if (message.type === "exited") children.delete(message.pid);
    onMessage(message);
  };

  const start = () => {
    const open = mode === "thread" ? openWorkerThread : openWorkerProcess;
    const WORKER_PROCESS_ID = mode === "thread" ? processId : crypto.randomUUID();
    const settings = { ...env, WORKER_NUMBER: String(n), WORKER_PROCESS_ID };
    worker = open(entry, settings, receive, (reason) => {
      ready = false;
      for (const pid of children) kill(pid);
      children.clear();
      onDeath(thread);
      if (draining) return drained.resolve();
      options.onCrash?.();
      const job = letGo();
      const { job_id, asset_id, course_id, request_id } = job ?? {};
      const ids = job && { job_id, asset_id, course_id, request_id };
      log.error({ worker: n, reason, restart_ms: restartMs, ...ids }, "worker died");
      if (job) void reportCrash(db, job, reason, log);
      setTimeout(() => draining || start(), restartMs);
      restartMs = Math.min(restartMs * 2, RESTART_MS.most);
      options.onCrashed();
    });
  };

  return {
    start: () => {
      if (!worker && !draining) start();
    },
    isStarted: () => worker !== undefined,
    isBusy: () => held !== null,
    post: (message) => ready && worker?.post(message),
    alive: () => ready,
    checkClaim: (asset_id) => {
      // The notification can be about an earlier job of the asset, so check the claim.
      if (held?.job.asset_id === asset_id) void extendOrAbort(db, held.job, held.lost, log);
    },
    ping: () => {
      if (!ready) return;
      if (performance.now() - answeredAt < BLOCKED_MS) return worker?.post({ type: "ping" });
      log.error({ worker: n, job_id: held?.job.job_id }, "a blocked worker is ended");
      void worker?.end();
    },
    drain: async () => {
      draining = true;
      if (!worker) return;
      if (ready) {
        worker.post({ type: "drain", graceMs: GRACE_MS });
        const killTimer = setTimeout(() => drained.resolve(), DRAIN_TIMEOUT_MS);
        await drained.promise;
        clearTimeout(killTimer);
      }
      await worker.end();
      for (const pid of children) kill(pid);
      await handBack();
    },
  };
}

/** Records a crash; tries again during a database outage, as long as the claim lasts. */
export async function reportCrash(
  db: Sql,
  job: ClaimedJob,
  cause: string,
  log: Log,
): Promise<boolean> {
  const until = performance.now() + VISIBILITY_SECONDS * 1_000;
  await sleep(CRASH_DELAY_MS);
  for (;;) {
    try {
      return (await recordCrash(db, job, cause)) ?? false;
    } catch (err) {
      if (performance.now() > until) {
        log.warn({ err, job_id: job.job_id }, "a crash was not recorded");
        return false;
      }
      await sleep(1_000);
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // The process has already ended.
  }
}
