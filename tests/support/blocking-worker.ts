import { connect } from "../../src/db/client";
import { claimJob, QUEUES } from "../../src/queue/queue";
import type { FromWorker, ToWorker } from "../../src/queue/worker-handle";

/**
 * An entry file for a worker that claims one job and then blocks its thread for WORKER_BLOCKS_MS, or dies with
 * WORKER_DIES=1, before its event loop runs again. FIRST_WORKER: the first worker of the process `fails` at its
 * start or never is ready (`stalls`).
 */
declare const self: Worker;
const post = (message: FromWorker) =>
  Bun.isMainThread ? process.send?.(message) : postMessage(message);
const { DATABASE_URL, WORKER_BLOCKS_MS, WORKER_DIES, WORKER_PROCESS_ID } = process.env;

if (process.env.WORKER_NUMBER === "0") {
  if (process.env.FIRST_WORKER === "fails") throw new Error("a bug at the start");
  if (process.env.FIRST_WORKER === "stalls") await Bun.sleep(3_600_000); // without a timer the thread would end
}

self.onmessage = (event: MessageEvent<ToWorker>) => {
  if (event.data.type === "drain") post({ type: "drained" });
};
post({ type: "ready", thread: 0 });
const sql = connect(DATABASE_URL!, { max: 1 });
const job = await claimJob(sql, QUEUES, 45, WORKER_PROCESS_ID);
await sql.end();
if (job) {
  post({ type: "claimed", job });
  await Bun.sleep(50); // the supervisor reads the message
  if (WORKER_DIES) throw new Error("a bug that no handler catches");
  Bun.sleepSync(Number(WORKER_BLOCKS_MS));
}
