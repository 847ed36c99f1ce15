import { describe, expect, test } from "bun:test";
import { deleteAsset } from "../../src/db/assets";
import { getDocumentStatus, markDescribed, retryDocument } from "../../src/db/documents";
import { reportProgress } from "../../src/db/jobs/jobs";
import {
  type ClaimedJob,
  claimDocumentJob,
  claimJob,
  correctFutureTimes,
  extendClaim,
  finishJob,
  postponeJob,
  recordCrash,
  releaseAllClaims,
  requeueLostJobs,
} from "../../src/queue/queue";
import { withDatabase } from "../support/database";
import { createCourse, createDocument } from "../support/factories";

const db = await withDatabase();
const course_id = await createCourse(db);

const QUEUES = ["ingest_high", "ingest"];
const take = (visibilitySeconds = 30) => claimJob(db, QUEUES, visibilitySeconds);
const jobOf = async ({ job_id }: { job_id: string }) =>
  (await db`select * from jobs where id = ${job_id}`)[0]!;
const statusOf = async (id: string) =>
  (await db`select status, status_reason from documents where id = ${id}`)[0];
const deadLetters = () => db`select message, headers from pgmq.q_ingest_dead order by msg_id`;

/** Ends the job, so that the next test cannot claim it. */
const settle = async (held: ClaimedJob | null) => held && finishJob(db, held, "failed", GONE);
const GONE = { code: "internal", message: "the test is over" } as const;

describe("claimJob", () => {
  test("hands a job to one worker only, with its attempt", async () => {
    const { job_id, document_id } = await createDocument(db, course_id);

    const first = await take();
    const second = await take();

    expect(first).toMatchObject({ kind: "document", job_id, asset_id: document_id, attempt: 1 });
    expect(second).toBeNull();
    expect((await jobOf({ job_id })).started_at).not.toBeNull();
    await settle(first);
  });

  test("takes urgent work first", async () => {
    const normal = await createDocument(db, course_id);
    const high = await createDocument(db, course_id, { priority: "high" });

    const order = [await take(), await take()];

    expect(order.map((held) => held?.job_id)).toEqual([high.job_id, normal.job_id]);
    for (const held of order) await settle(held);
  });

  test("dead-letters a message that names no job, and continues with the next", async () => {
    for (const body of [
      { kind: "document" },
      { job_id: 7 },
      "nonsense",
      { kind: "x", job_id: "y" },
    ]) {
      await db`select pgmq.send('ingest', ${db.json(body as never)})`;
    }
    const { job_id } = await createDocument(db, course_id);

    const held = await take();

    expect(held?.job_id).toBe(job_id);
    const buried = await deadLetters();
    expect(buried.filter(({ headers }) => headers.code === "message_invalid")).toHaveLength(4);
    await settle(held);
  });

  test("drops a second message of a job that still has its own", async () => {
    const { job_id } = await createDocument(db, course_id);
    const first = await take();
    await db`select pgmq.send('ingest', ${db.json({ kind: "document", job_id })})`;

    expect(await take()).toBeNull();
    expect(await extendClaim(db, first!, 30)).toBe(true);
    await settle(first);
  });

  test("drops messages of finished jobs", async () => {
    const { job_id } = await createDocument(db, course_id);
    await settle(await take());
    await db`select pgmq.send('ingest', ${db.json({ kind: "document", job_id })})`;

    expect(await take()).toBeNull();
    const [left] = await db`select count(*)::int as n from pgmq.q_ingest`;
    expect(left!.n).toBe(0);
  });
});

describe("a worker that was overtaken", () => {
  test("can neither extend nor postpone nor end the job", async () => {
    const { document_id } = await createDocument(db, course_id);
    const zombie = (await take(0))!;
    const owner = (await take())!;

    expect(owner.attempt).toBe(2);
    expect(await extendClaim(db, zombie, 30)).toBe(false);
    expect(await postponeJob(db, zombie, 0, GONE)).toBe(false);
    expect(await finishJob(db, zombie, "failed", GONE)).toBe(false);
    expect(await statusOf(document_id)).toMatchObject({ status: "uploaded" });
    expect(await extendClaim(db, owner, 30)).toBe(true);
    await settle(owner);
  });
});

describe("postponeJob", () => {
  test("hides the job for its delay and keeps why", async () => {
    const { job_id } = await createDocument(db, course_id);
    const held = (await take())!;

    await postponeJob(db, held, 3600, {
      code: "provider_rate_limited",
      message: "slow down",
    });

    expect(await take()).toBeNull();
    expect(await jobOf({ job_id })).toMatchObject({
      job_state: "pending",
      errors: 1,
      error_code: "provider_rate_limited",
      log: [{ attempt: 1, outcome: "error", code: "provider_rate_limited", delay_seconds: 3600 }],
    });
    await settle(held);
  });

  test("shows the provider that the job waits for, until the next attempt", async () => {
    const { job_id } = await createDocument(db, course_id);
    await postponeJob(db, (await take())!, 0, { ...GONE, provider: "openai" });
    expect(await jobOf({ job_id })).toMatchObject({ waiting_for: "openai" });

    const again = await take();

    expect(await jobOf({ job_id })).toMatchObject({ waiting_for: null, next_attempt_at: null });
    await settle(again);
  });

  test("hands back without counting an error", async () => {
    const { job_id } = await createDocument(db, course_id);
    await postponeJob(db, (await take())!, 0);

    const again = await take();

    expect(again).toMatchObject({ job_id, attempt: 2, errors: 0, crashes: 0 });
    await settle(again);
  });
});

describe("finishJob", () => {
  test("fails job and document together and keeps a dead letter", async () => {
    const { document_id, job_id } = await createDocument(db, course_id);

    const ended = await finishJob(db, (await take())!, "failed", {
      code: "pdf_invalid",
      message: "not a PDF",
    });

    expect(ended).toBe(true);
    expect(await statusOf(document_id)).toEqual({ status: "failed", status_reason: "not a PDF" });
    expect((await deadLetters()).at(-1)).toMatchObject({
      message: { kind: "document", job_id },
      headers: { code: "pdf_invalid", queue: "ingest" },
    });
  });

  test("is undone as a whole when the status cannot move there", async () => {
    const { document_id } = await createDocument(db, course_id);
    const held = (await take())!;

    await expect(finishJob(db, held, "completed").then()).rejects.toThrow(
      /cannot move from pending/,
    );

    expect(await statusOf(document_id)).toMatchObject({ status: "uploaded" });
    expect(await extendClaim(db, held, 30)).toBe(true);
    await settle(held);
  });
});

describe("an attempt that ends with its process", () => {
  const start = (process_id: string) => claimJob(db, QUEUES, 30, process_id);
  /** The process ends without a report. */
  const end = () => releaseAllClaims(db);
  const makeDue = () => db`update pgmq.q_ingest set vt = clock_timestamp()`;
  const processId = () => crypto.randomUUID();

  test("counts as a crash of the job that was alone in the process", async () => {
    const { job_id } = await createDocument(db, course_id);
    await start(processId());
    await end();

    const again = await take();

    expect(again).toMatchObject({ job_id, attempt: 2, errors: 0, crashes: 1, interruptions: 1 });
    await settle(again);
  });

  test("counts as a crash of no job when several ran in the process", async () => {
    await createDocument(db, course_id);
    await createDocument(db, course_id);
    const shared = processId();
    await start(shared);
    await start(shared);
    await end();

    // The second one is claimed when the first one already has another process.
    const again = [await start(processId()), await start(processId())];

    for (const held of again) expect(held).toMatchObject({ crashes: 0, interruptions: 1 });
    for (const held of again) await settle(held);
  });

  test("moves the job into quarantine at the second time, with an event, even beside other jobs", async () => {
    const { document_id } = await createDocument(db, course_id);
    await createDocument(db, course_id);
    for (let n = 0; n < 2; n++) {
      const shared = processId();
      await start(shared);
      await start(shared);
      await end();
    }

    const held = await take();

    expect(held).toMatchObject({ crashes: 0, interruptions: 2, quarantined: true });
    const events = await db`
      select payload from processing_events
      where asset_id = ${document_id} and event_type = 'quarantined'`;
    expect(events.map(({ payload }) => payload)).toEqual([
      { job_id: held!.job_id, crashes: 0, interruptions: 2 },
    ]);
    const status = await getDocumentStatus(db, document_id);
    expect(status.quarantined).toBe(true);
    await settle(held);
    await settle(await take());
  });

  test("in quarantine is no crash, because the process also ends with the server", async () => {
    await createDocument(db, course_id);
    for (let n = 0; n < 6; n++) {
      await start(processId());
      await end();
      await makeDue();
    }

    const again = await take();

    expect(again).toMatchObject({ crashes: 2, interruptions: 6, quarantined: true });
    await settle(again);
  });

  test("does not count when it made progress", async () => {
    const { job_id } = await createDocument(db, course_id);
    await reportProgress(db, (await start(processId()))!, 10);
    await end();

    const again = await take();

    expect(again).toMatchObject({ job_id, attempt: 2, crashes: 0, interruptions: 0 });
    await settle(again);
  });

  test("does not count when its claim expired in a process that still runs", async () => {
    await createDocument(db, course_id);
    const same = processId();
    await start(same);
    await end();

    const again = await start(same);

    expect(again).toMatchObject({ attempt: 2, crashes: 0, interruptions: 0 });
    await settle(again);
  });

  test("does not count when a request held the job", async () => {
    const { document_id } = await createDocument(db, course_id);
    await claimDocumentJob(db, document_id, 30);
    await end();

    const again = await start(processId());

    expect(again).toMatchObject({ attempt: 2, crashes: 0, interruptions: 0 });
    await settle(again);
  });

  test("does not count for reported errors, with any log", async () => {
    const { job_id } = await createDocument(db, course_id);
    await postponeJob(db, (await start(processId()))!, 0, GONE);
    await db`update jobs set log = '[]' where id = ${job_id}`;

    const again = await take();

    expect(again).toMatchObject({ job_id, attempt: 2, errors: 1, crashes: 0, interruptions: 0 });
    await settle(again);
  });

  test("does not count for a message that another program read from the queue", async () => {
    const { job_id } = await createDocument(db, course_id);
    await db`select pgmq.read('ingest', 0, 1)`;

    const first = await take();

    expect(first).toMatchObject({ job_id, attempt: 2, crashes: 0, interruptions: 0 });
    await settle(first);
  });
});

describe("recordCrash", () => {
  test("makes the job due at once, and fails it at the third crash, in quarantine", async () => {
    const { job_id, document_id } = await createDocument(db, course_id);
    const failed: (boolean | null)[] = [];
    for (let n = 0; n < 3; n++) failed.push(await recordCrash(db, (await take())!, "SIGSEGV"));

    expect(failed).toEqual([false, false, true]);
    expect(await jobOf({ job_id })).toMatchObject({
      error_code: "worker_crashed",
      error_message: "Processing crashed the worker 3 times",
      log: [1, 2, 3].map((attempt) => ({ attempt, outcome: "crashed", reason: "SIGSEGV" })),
    });
    const events = await db`
      select payload ->> 'in_quarantine' as isolated from processing_events
      where asset_id = ${document_id} and event_type = 'crashed' order by id`;
    expect(events.map(({ isolated }) => isolated)).toEqual(["false", "false", "true"]);
  });

  test("changes nothing for an attempt that no longer holds the job", async () => {
    await createDocument(db, course_id);
    const former = (await take(0))!;
    const owner = (await take())!;

    expect(await recordCrash(db, former, "SIGSEGV")).toBeNull();

    expect(await jobOf(owner)).toMatchObject({ crashes: 0, log: [{ outcome: "lost" }] });
    await settle(owner);
  });

  test("keeps a job in quarantine after a retry, and out of requests", async () => {
    const { job_id, document_id } = await createDocument(db, course_id);
    for (let n = 0; n < 3; n++) await recordCrash(db, (await take())!, "SIGSEGV");

    expect(await retryDocument(db, document_id)).toBe(job_id);

    expect(await claimDocumentJob(db, document_id, 30)).toBeNull();
    const held = await take();
    expect(held).toMatchObject({ job_id, crashes: 2, quarantined: true });
    await settle(held);
  });
});

describe("courses take turns", () => {
  const documents = async (
    course: string,
    count: number,
    priority: "normal" | "high" = "normal",
  ) => {
    const made: string[] = [];
    for (let n = 0; n < count; n++) {
      made.push((await createDocument(db, course, { priority })).job_id);
    }
    return made;
  };

  test("a course with many jobs does not delay another course, and priorities are kept", async () => {
    const [many, few, urgent] = [
      await createCourse(db),
      await createCourse(db),
      await createCourse(db),
    ];
    const a = await documents(many, 6);
    const started = [await take(), await take()];
    const b = await documents(few, 2);
    const c = await documents(urgent, 1, "high");

    for (let n = 0; n < 7; n++) started.push(await take());

    expect(started.map((held) => held!.job_id)).toEqual([
      ...[a[0]!, a[1]!, c[0]!],
      ...[b[0]!, a[2]!, b[1]!, a[3]!, a[4]!, a[5]!],
    ]);
    for (const held of started) await settle(held);
  });

  test("a course that was idle does not catch up", async () => {
    const [busy, idle] = [await createCourse(db), await createCourse(db)];
    await documents(busy, 20);
    for (let n = 0; n < 18; n++) await settle(await take());
    const [a, b] = [await documents(busy, 2), await documents(idle, 6)];

    const started = [];
    for (let n = 0; n < 10; n++) started.push(await take());

    const fromBusy = started.slice(0, 8).filter((held) => a.includes(held!.job_id));
    expect(fromBusy).toHaveLength(2);
    expect(started.map((held) => held!.job_id).filter((id) => b.includes(id))).toEqual(b);
    for (const held of started) await settle(held);
  });
});

describe("releaseAllClaims", () => {
  test("ends claims of dead workers, and leaves postponed jobs waiting", async () => {
    const crashed = await createDocument(db, course_id);
    const held = (await take(3600))!;
    await createDocument(db, course_id);
    const paused = (await take())!;
    await postponeJob(db, paused, 3600, GONE);

    await releaseAllClaims(db);

    const again = await take();
    expect(again).toMatchObject({ job_id: crashed.job_id, attempt: held.attempt + 1 });
    expect(await take()).toBeNull();
    await settle(again);
    await settle(paused);
  });
});

describe("nothing accepted is lost", () => {
  test("jobs do not wait for the time that a clock showed before it was set back", async () => {
    const stored = await createDocument(db, course_id, { priority: "high" });
    const crashed = (await take())!;
    const waiting = await createDocument(db, course_id);
    const postponed = (await take())!;
    await postponeJob(db, postponed, 60, GONE);
    const later = await createDocument(db, course_id);
    const patient = (await take())!;
    await postponeJob(db, patient, 600, GONE);
    await db`alter table jobs disable trigger user`;
    await db`
      update jobs set updated_at = updated_at + interval '1 hour',
                      next_attempt_at = next_attempt_at + interval '1 hour'
      where id = any(${[stored.job_id, waiting.job_id]}::uuid[])`;
    await db`alter table jobs enable trigger user`;
    for (const { queue_name, message_id } of [crashed, postponed]) {
      await db`select pgmq.set_vt(${queue_name}, ${message_id}::bigint, 3600)`;
    }
    const secondsLeft = async ({ message_id, queue_name }: ClaimedJob) => {
      const [row] = await db`
        select extract(epoch from vt - clock_timestamp())::float8 as seconds from queued_messages
        where queue_name = ${queue_name} and msg_id = ${message_id}::bigint`;
      return row!.seconds;
    };

    expect(await correctFutureTimes(db, 45)).toBe(2);
    expect(await correctFutureTimes(db, 45)).toBe(0);

    expect(await secondsLeft(crashed)).toBeWithin(0, 46);
    expect(await secondsLeft(patient)).toBeWithin(500, 601);
    const again = await take();
    expect(again?.job_id).toBe(waiting.job_id);
    expect((await jobOf(later)).next_attempt_at).not.toBeNull();
    for (const held of [again, crashed, patient]) await settle(held);
  });

  test("a job whose message vanished gets a new one", async () => {
    const { job_id } = await createDocument(db, course_id);
    await db`select pgmq.purge_queue('ingest')`;

    expect(await requeueLostJobs(db)).toBe(1);
    expect(await requeueLostJobs(db)).toBe(0);
    const held = await take();
    expect(held?.job_id).toBe(job_id);
    await settle(held);
  });

  test("a retry sends a failed job again, and only a failed one", async () => {
    const { document_id, job_id } = await createDocument(db, course_id);
    expect(await retryDocument(db, document_id)).toBeNull();
    await settle(await take());

    expect(await retryDocument(db, document_id)).toBe(job_id);
    expect(await retryDocument(db, document_id)).toBeNull();

    const again = await take();
    expect(again).toMatchObject({ job_id, attempt: 1, errors: 0 });
    expect(await statusOf(document_id)).toEqual({ status: "uploaded", status_reason: null });
    await settle(again);
  });

  test("deleting an asset takes its job from the worker that holds it", async () => {
    const { document_id } = await createDocument(db, course_id);
    const held = (await take())!;

    expect(await deleteAsset(db, "document", document_id)).toBe(true);

    expect(await extendClaim(db, held, 30)).toBe(false);
    expect(await take()).toBeNull();
    expect(await deleteAsset(db, "document", document_id)).toBe(false);
  });

  test("a deletion and a worker that finishes just then do not lock each other out", async () => {
    const { document_id, job_id } = await createDocument(db, course_id);
    const held = (await take())!;
    let deletion: Promise<boolean> | undefined;

    await db.begin(async (finishing) => {
      await finishing`select from pgmq.q_ingest where msg_id = ${held.message_id} for update`;
      deletion = deleteAsset(db, "document", document_id);
      await Bun.sleep(100);
      await finishing`select from document_jobs where id = ${job_id} for update nowait`;
    });

    expect(await deletion).toBe(true);
  });
});

describe("claimDocumentJob", () => {
  test("claims the waiting job once, before older jobs in the queue", async () => {
    const earlier = await createDocument(db, course_id);
    const { document_id, job_id } = await createDocument(db, course_id);

    const claims = await Promise.all([1, 2, 3].map(() => claimDocumentJob(db, document_id, 30)));

    const [held, ...others] = claims.filter((claimed) => claimed !== null);
    expect(others).toEqual([]);
    expect(held).toMatchObject({ job_id, asset_id: document_id, attempt: 1, had_failed: false });
    expect(await claimDocumentJob(db, earlier.document_id, 30)).not.toBeNull();
  });

  test("creates a new job for a completed document, and leaves the old one unchanged", async () => {
    const { document_id, job_id } = await createDocument(db, course_id);
    const first = (await claimDocumentJob(db, document_id, 30))!;
    await markDescribed(db, first, "en");
    await db`update jobs set job_state = 'describing' where id = ${job_id}`;
    await db`update jobs set job_state = 'embedding' where id = ${job_id}`;
    await finishJob(db, first, "completed");

    const second = (await claimDocumentJob(db, document_id, 30))!;

    expect(second.job_id).not.toBe(job_id);
    expect(await statusOf(document_id)).toMatchObject({ status: "uploaded" });
    expect(await postponeJob(db, second, 0)).toBe(true);
    const [old] = await db`select job_state from jobs where id = ${job_id}`;
    expect(old).toEqual({ job_state: "completed" });
  });

  test("tries a failed document again", async () => {
    const { document_id, job_id } = await createDocument(db, course_id);
    await finishJob(db, (await claimDocumentJob(db, document_id, 30))!, "failed", GONE);

    const held = await claimDocumentJob(db, document_id, 30);

    expect(held).toMatchObject({ job_id, had_failed: true, errors: 0 });
    expect(await statusOf(document_id)).toMatchObject({ status: "uploaded" });
  });

  test("finds no job of a deleted document", async () => {
    const { document_id } = await createDocument(db, course_id);
    await deleteAsset(db, "document", document_id);

    expect(await claimDocumentJob(db, document_id, 30)).toBeNull();
  });
});
