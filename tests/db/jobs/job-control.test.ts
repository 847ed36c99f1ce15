import { describe, expect, test } from "bun:test";
import { cancelJob, hurryJob } from "../../../src/db/jobs/job-control";
import { getJob, listJobs } from "../../../src/db/jobs/job-list";
import { claimJob, extendClaim, finishJob, postponeJob, QUEUES } from "../../../src/queue/queue";
import { withDatabase } from "../../support/database";
import { createCourse, createDocument } from "../../support/factories";

const db = await withDatabase();
const course_id = await createCourse(db);
const take = () => claimJob(db, QUEUES, 60);
const LIMITED = {
  code: "provider_rate_limited",
  message: "slow down",
  provider: "openai",
} as const;

describe("hurryJob", () => {
  test("ends the delay of a job, keeps its counts, and puts it before all others", async () => {
    const { job_id, document_id } = await createDocument(db, course_id);
    await postponeJob(db, (await take())!, 3_600, LIMITED);
    const urgent = await createDocument(db, course_id, { priority: "high" });

    expect(await hurryJob(db, document_id)).toBe(job_id);

    const first = (await take())!;
    expect(first).toMatchObject({ job_id, attempt: 2, errors: 1, queue_name: "ingest_high" });
    expect((await take())?.job_id).toBe(urgent.job_id);
    expect(await extendClaim(db, first, 60)).toBe(true);
    await cancelJob(db, document_id);
    await cancelJob(db, urgent.document_id);
  });

  test("twice is the same, and the last one that was hurried is first", async () => {
    const earlier = await createDocument(db, course_id, { priority: "high" });
    const { job_id, document_id } = await createDocument(db, course_id);
    await hurryJob(db, document_id);
    expect(await hurryJob(db, document_id)).toBe(job_id);
    await hurryJob(db, earlier.document_id);

    const order = [await take(), await take(), await take()];

    expect(order.map((held) => held?.job_id)).toEqual([earlier.job_id, job_id, undefined]);
    for (const held of order) await (held && cancelJob(db, held.asset_id));
  });

  test("does not end a pause", async () => {
    const { document_id } = await createDocument(db, course_id);
    const held = (await take())!;
    await db`select pause_job(${held.job_id}, ${held.queue_name}, ${held.message_id}::bigint,
                              ${held.attempt}::int, 'budget_exceeded', 'too much', null)`;

    expect(await hurryJob(db, document_id)).toBeNull();

    expect(await getJob(db, document_id)).toMatchObject({
      activity: "paused",
      next_attempt_at: null,
    });
    expect(await take()).toBeNull();
    await cancelJob(db, document_id);
  });

  test("does nothing for a job that runs, that has ended, or that does not exist", async () => {
    const { document_id } = await createDocument(db, course_id);
    const held = (await take())!;
    expect(await hurryJob(db, document_id)).toBeNull();
    await finishJob(db, held, "failed", { code: "cancelled", message: "ended" });
    expect(await hurryJob(db, document_id)).toBeNull();
    expect(await hurryJob(db, crypto.randomUUID())).toBeNull();
  });
});

test("jobs are listed by what they do, and shown with their history by any of their ids", async () => {
  const course_id = await createCourse(db);
  const { job_id, document_id } = await createDocument(db, course_id);
  const activity = async () =>
    (await listJobs(db, { course_id }, { limit: 10 })).items.map((job) => job.activity);

  expect(await activity()).toEqual(["waiting"]);
  const held = (await take())!;
  expect(await activity()).toEqual(["running"]);
  await postponeJob(db, held, 0, LIMITED);
  await cancelJob(db, document_id);
  expect(await activity()).toEqual(["failed"]);
  expect((await listJobs(db, { course_id, activity: "running" }, { limit: 10 })).items).toEqual([]);

  for (const id of [job_id, document_id]) {
    expect(await getJob(db, id)).toMatchObject({ job_id, log: [{ attempt: 1, outcome: "error" }] });
  }
  await expect(getJob(db, crypto.randomUUID())).rejects.toThrow("No job has this id");
});
