import { expect, test } from "bun:test";
import { retryDocument } from "../../src/db/documents";
import { openLog } from "../../src/log";
import { runLogged } from "../../src/queue/job-context";
import { type ClaimedJob, claimJob, finishJob, QUEUES } from "../../src/queue/queue";
import { refreshRegistration } from "../../src/queue/worker-registry";
import { runInContext, workContext } from "../../src/work-context";
import { withDatabase } from "../support/database";
import { createCourse, createDocument } from "../support/factories";

const db = await withDatabase();
const course_id = await createCourse(db);
const claim = (process_id: string) => claimJob(db, QUEUES, 45, process_id);
const finish = (job: ClaimedJob) =>
  finishJob(db, job, "failed", { code: "internal", message: "Failed" });

test("a job keeps the id of the request that created it, in its row, its message and its claim", async () => {
  const { job_id } = await runInContext({ request_id: "r-1" }, () => createDocument(db, course_id));
  const [message] =
    await db`select message from pgmq.q_ingest where message ->> 'job_id' = ${job_id}`;
  const job = (await claim(crypto.randomUUID()))!;

  expect(message!.message).toEqual({ kind: "document", job_id, request_id: "r-1" });
  expect(job).toMatchObject({ job_id, course_id, request_id: "r-1", taken_over_from: null });

  await finish(job);
  await runInContext({ request_id: "r-2" }, () => retryDocument(db, job.asset_id));
  const retried = (await claim(crypto.randomUUID()))!;
  expect(retried).toMatchObject({ job_id, request_id: "r-2" });
  await finish(retried);
});

test("a job without a request has no id of an earlier one", async () => {
  await createDocument(db, course_id);
  const job = (await claim(crypto.randomUUID()))!;
  await finish(job);

  expect(job.request_id).toBeNull();
});

test("a claim after a worker that ended names the process of that worker", async () => {
  await createDocument(db, course_id);
  const dead = crypto.randomUUID();
  await refreshRegistration(db, { id: dead, instance: "host-1:4711", wanted: 1, alive: 1 });
  await claim(dead);
  await db`update pgmq.q_ingest set vt = clock_timestamp()`;
  const job = (await claim(crypto.randomUUID()))!;
  await finish(job);

  expect(job).toMatchObject({ attempt: 2, taken_over_from: "host-1:4711" });
});

test("each attempt logs its start and its end with the ids of job, asset, course and request", async () => {
  const { job_id } = await runInContext({ request_id: "r-3" }, () => createDocument(db, course_id));
  const job = (await claim(crypto.randomUUID()))!;
  const { log, lines } = captureLog();
  await runLogged({ ...job, taken_over_from: "host-1:4711" }, log, async () => {
    log.info("within");
    await finish(job);
    return "done";
  });

  const ids = { job_id, asset_id: job.asset_id, course_id, request_id: "r-3" };
  expect(lines).toMatchObject([
    { ...ids, msg: "job taken over from a worker that ended", taken_over_from: "host-1:4711" },
    { ...ids, msg: "job started", kind: "document", attempt: 1 },
    { ...ids, msg: "within" },
    { ...ids, msg: "job ended", outcome: "done", duration_ms: expect.any(Number) },
  ]);
  expect(workContext()).toEqual({});
});

test("an attempt that throws logs its end too, and the error is passed on", async () => {
  await createDocument(db, course_id);
  const job = (await claim(crypto.randomUUID()))!;
  const { log, lines } = captureLog();
  const run = runLogged(job, log, () => Promise.reject(new Error("no database")));

  await expect(run).rejects.toThrow("no database");
  expect(lines.at(-1)).toMatchObject({ job_id: job.job_id, err: { message: "no database" } });
  await finish(job);
});

/** The product's own log, read line by line. */
function captureLog() {
  const lines: Record<string, unknown>[] = [];
  const log = openLog("info", {}, { write: (line) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}
