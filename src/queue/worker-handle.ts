import type { FromWorker, ToWorker } from "./supervisor";

/** A running worker, whether it is a thread or a process. */
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

/** A thread of this process: cheap, and gone with it. */
export const openThread: Open = (entry, env, onMessage, onDeath) => {
  const worker = new Worker(entry, { env } as WorkerOptions);
  let reason = "closed";
  worker.onmessage = (event: MessageEvent<FromWorker>) => onMessage(event.data);
  worker.onerror = (event) => {
    event.preventDefault();
    reason = event.message;
  };
  // Closing follows every death, whatever its exit code says.
  worker.addEventListener("close", () => onDeath(reason));
  return {
    post: (message) => worker.postMessage(message),
    end: async () => worker.terminate(),
  };
};

/** A process of its own: a crash of native code stays there. */
export const openProcess: Open = (entry, env, onMessage, onDeath) => {
  const worker = Bun.spawn([process.execPath, "--no-orphans", entry], {
    env,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    ipc: onMessage,
    onExit: (_, exitCode, signalCode) => onDeath(`exit ${exitCode ?? signalCode}`),
  });
  return {
    post: (message) => worker.send(message),
    end: async () => {
      worker.kill("SIGTERM");
      const impatience = setTimeout(() => worker.kill("SIGKILL"), 2_000);
      await worker.exited;
      clearTimeout(impatience);
    },
  };
};
