import { expect, test } from "bun:test";
import { cancelJob } from "../../../src/db/jobs/job-control";
import { pruneHistory } from "../../../src/db/jobs/retention";
import { claimJob, finishJob, QUEUES } from "../../../src/queue/queue";
import { withDatabase } from "../../support/database";
import { createCourse, createDocument } from "../../support/factories";

const db = await withDatabase();
const retention = { archives: 2, deadLetters: 4, events: 6, audit: 20, receipts: 40 };

const count = async () => {
  const [row] = await db`
    select (select count(*) from pgmq.a_ingest)::int as archives,
           (select count(*) from pgmq.q_ingest_dead)::int as dead,
           (select count(*) from processing_events)::int as events,
           (select count(*) from audit_events)::int as audit,
           (select count(*) from provider_calls)::int as receipts,
           (select count(*) from jobs)::int as jobs`;
  return row!;
};

test("history is deleted after its retention, and nothing else", async () => {
  const course_id = await createCourse(db);
  const cancelled = await createDocument(db, course_id);
  await cancelJob(db, cancelled.document_id); // archives its message
  await createDocument(db, course_id);
  const held = (await claimJob(db, QUEUES, 60))!;
  await finishJob(db, held, "failed", { code: "pdf_invalid", message: "not a PDF" });
  await createDocument(db, course_id); // still waits
  await db`
    insert into provider_calls (id, call_key, purpose, provider, state, finished_at)
    values (gen_random_uuid(), 'a', 'describe', 'google', 'ok', now()),
           (gen_random_uuid(), 'b', 'describe', 'google', 'started', null)`;
  await db`insert into audit_events (event_type) values ('key.created')`;
  const before = await count();
  expect(before.audit).toBe(1);

  expect(await pruneHistory(db, retention)).toBe(0);
  expect(await count()).toEqual(before);

  const age = (days: number) => db`
    with archived as (update pgmq.a_ingest set archived_at = now() - ${days} * interval '1 day'),
         dead as (update pgmq.q_ingest_dead set enqueued_at = now() - ${days} * interval '1 day'),
         events as (update processing_events set created_at = now() - ${days} * interval '1 day'),
         audit as (update audit_events set created_at = now() - ${days} * interval '1 day'),
         old_jobs as (update jobs set created_at = now() - ${days} * interval '1 day')
    update provider_calls set created_at = now() - ${days} * interval '1 day'`;
  await age(3);
  await pruneHistory(db, retention);
  expect(await count()).toEqual({ ...before, archives: 0 });
  await age(41);
  await pruneHistory(db, retention);

  expect(await count()).toEqual({
    archives: 0,
    dead: 0,
    events: 0,
    audit: 0,
    receipts: 1,
    jobs: before.jobs,
  });
  expect((await claimJob(db, QUEUES, 60))?.kind).toBe("document");
});
