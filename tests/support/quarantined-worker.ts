import type { FromWorker } from "../../src/queue/worker-handle";

/** An entry file for a process in quarantine that ends in the way that its environment asks for. */
const end = process.env.WORKER_END;
const post = (message: FromWorker) => process.send?.(message);

if (end === "before it is ready") process.exit(1);
process.on("disconnect", () => process.exit(1));
process.on("message", () => {}); // an ignored message keeps the process running
post({ type: "ready", thread: 0 });
if (end === "by a crash") process.kill(process.pid, "SIGSEGV");
if (end === "with an outcome") {
  post({ type: "outcome", kind: "document", outcome: "done", seconds: 1 });
  process.exit(0);
}
