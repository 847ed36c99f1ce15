import { afterAll, describe, expect, test } from "bun:test";
import { deleteAsset, retryDocument } from "../../src/db/documents";
import {
  type Claim,
  claim,
  extend,
  finish,
  freeClaims,
  postpone,
  requeueLostJobs,
} from "../../src/queue/queue";
import { migratedDatabase } from "../support/database";
import { createCourse, createDocument } from "../support/factories";

const db = await migratedDatabase();
afterAll(() => db.end());
const course_id = await createCourse(db);

const QUEUES = ["ingest_high", "ingest"];
const take = (visibilitySeconds = 30) => claim(db, QUEUES, visibilitySeconds);
const jobOf = async ({ job_id }: { job_id: string }) =>
  (await db`select * from document_jobs where id = ${job_id}`)[0]!;
const statusOf = async (id: string) =>
  (await db`select status, status_reason from documents where id = ${id}`)[0];
const deadLetters = () => db`select message, headers from pgmq.q_ingest_dead order by msg_id`;

/** Leaves nothing for the next test. */
const settle = async (held: Claim | null) => held && finish(db, held, "failed", GONE);
const GONE = { code: "internal", message: "the test is over" } as const;

describe("claim", () => {
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

  test("buries a message that names no job, and goes on to the next", async () => {
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
    expect(await extend(db, first!, 30)).toBe(true);
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
    expect(await extend(db, zombie, 30)).toBe(false);
    expect(await postpone(db, zombie, 0, "error", GONE)).toBe(false);
    expect(await finish(db, zombie, "failed", GONE)).toBe(false);
    expect(await statusOf(document_id)).toMatchObject({ status: "uploaded" });
    expect(await extend(db, owner, 30)).toBe(true);
    await settle(owner);
  });
});

describe("postpone", () => {
  test("hides the job for its delay and keeps why", async () => {
    const { job_id } = await createDocument(db, course_id);
    const held = (await take())!;

    await postpone(db, held, 3600, "error", {
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

  test("hands back without counting an error", async () => {
    const { job_id } = await createDocument(db, course_id);
    await postpone(db, (await take())!, 0, "handed_back");

    const again = await take();

    expect(again).toMatchObject({ job_id, attempt: 2, errors: 0, handed_back: 1 });
    await settle(again);
  });
});

describe("finish", () => {
  test("fails job and document together and keeps a dead letter", async () => {
    const { document_id, job_id } = await createDocument(db, course_id);

    const ended = await finish(db, (await take())!, "failed", {
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

    await expect(finish(db, held, "completed").then()).rejects.toThrow(/cannot move from pending/);

    expect(await statusOf(document_id)).toMatchObject({ status: "uploaded" });
    expect(await extend(db, held, 30)).toBe(true);
    await settle(held);
  });
});

describe("freeing all claims", () => {
  test("ends those of dead workers and leaves pauses alone", async () => {
    const crashed = await createDocument(db, course_id);
    const held = (await take(3600))!;
    await createDocument(db, course_id);
    const paused = (await take())!;
    await postpone(db, paused, 3600, "error", GONE);

    await freeClaims(db);

    const again = await take();
    expect(again).toMatchObject({ job_id: crashed.job_id, attempt: held.attempt + 1 });
    expect(await take()).toBeNull();
    await settle(again);
    await settle(paused);
  });
});

describe("nothing accepted is lost", () => {
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

  test("deleting an asset takes its job from whoever holds it", async () => {
    const { document_id } = await createDocument(db, course_id);
    const held = (await take())!;

    expect(await deleteAsset(db, "document", document_id)).toBe(true);

    expect(await extend(db, held, 30)).toBe(false);
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
