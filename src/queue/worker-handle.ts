import type { EndedProviderCall } from "../metrics";
import type { AttemptOutcome } from "./attempt";
import type { ClaimedJob } from "./queue";

export type ToWorker =
  | { type: "wake"; work: "jobs" | "alignments" }
  | { type: "claim_lost"; job_id: string }
  | { type: "drain"; graceMs: number }
  | { type: "ping" };

export type FromWorker =
  | { type: "ready"; thread: number }
  | { type: "drained" }
  /** `memory_bytes`: the heap of a thread, or the memory of a process. */
  | { type: "pong"; worker: number; memory_bytes: number }
  /** The supervisor keeps the claim of the worker's current job. */
  | { type: "claimed"; job: ClaimedJob }
  | { type: "released" }
  /** Child processes of the worker. The end of a thread does not end them, so the supervisor does. */
  | { type: "spawned"; pid: number }
  | { type: "exited"; pid: number }
  | { type: "outcome"; kind: string; outcome: AttemptOutcome; seconds: number }
  | { type: "step"; kind: string; step: string; seconds: number }
  | { type: "provider_call"; call: EndedProviderCall };

/** A running worker: a thread or a process. */
export type WorkerHandle = {
  post(message: ToWorker): void;
  end(): Promise<void>;
};

type Open = (
  entry: string,
  env: Record<string, string>,
  onMessage: (message: FromWorker) => void,
  onDeath: (reason: string) => void,
) => WorkerHandle;

/** Starts a worker as a thread: cheap, and it ends with this process. */
export const openWorkerThread: Open = (entry, env, onMessage, onDeath) => {
  const worker = new Worker(entry, { env } as WorkerOptions);
  let reason = "closed";
  worker.onmessage = (event: MessageEvent<FromWorker>) => onMessage(event.data);
  worker.onerror = (event) => {
    event.preventDefault();
    reason = event.message;
  };
  // Every end of the worker emits `close`, with any exit code.
  worker.addEventListener("close", () => onDeath(reason));
  return {
    post: (message) => worker.postMessage(message),
    end: async () => worker.terminate(),
  };
};

/** Starts a process that runs jobs; it ends with this one. */
export const spawnWorker = (
  entry: string,
  env: Record<string, string>,
  onMessage: (message: FromWorker) => void,
) =>
  Bun.spawn([process.execPath, "--no-orphans", entry], {
    env,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    ipc: onMessage,
  });

/** How a process ended, such as `SIGSEGV` or `exit code 1`. */
export const endOf = ({ signalCode, exitCode }: ReturnType<typeof spawnWorker>): string =>
  signalCode === null ? `exit code ${exitCode}` : `${signalCode}`;

/** Starts a worker as a process: a crash of native code ends only that process. */
export const openWorkerProcess: Open = (entry, env, onMessage, onDeath) => {
  const worker = spawnWorker(entry, env, onMessage);
  void worker.exited.then(() => onDeath(endOf(worker)));
  return {
    post: (message) => worker.send(message),
    end: async () => {
      worker.kill("SIGTERM");
      const killTimer = setTimeout(() => worker.kill("SIGKILL"), 2_000);
      await worker.exited;
      clearTimeout(killTimer);
    },
  };
};
