import type { FromWorker } from "../../src/queue/worker-handle";

/** An entry file for a worker that holds the job of its environment and ends when it is asked to drain. */
process.on("message", (message: { type: string }) => {
  if (message.type === "drain") process.exit(1);
});
const post = (message: FromWorker) => process.send?.(message);
post({ type: "ready", thread: 0 });
post({ type: "claimed", job: JSON.parse(process.env.WORKER_JOB!) });
