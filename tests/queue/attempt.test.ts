import { afterEach, describe, expect, test } from "bun:test";
import { deleteAsset } from "../../src/db/assets";
import { reportProgress } from "../../src/db/jobs/jobs";
import { AppError } from "../../src/errors";
import {
  type AttemptOutcome,
  backoffSeconds,
  type JobHandler,
  runAttempt,
} from "../../src/queue/attempt";
import { type ConsumerOptions, startConsumer } from "../../src/queue/consumer";
import { type ClaimedJob, claimJob, finishJob, QUEUES } from "../../src/queue/queue";
import { withDatabase } from "../support/database";
import { createCourse, createDocument, silentLog } from "../support/factories";

const db = await withDatabase();
const course_id = await createCourse(db);

/** Removes jobs of this test, so that the next one cannot claim them. */
afterEach(async () => {
  await db`select pgmq.purge_queue('ingest')`;
  await db`delete from documents`;
});

const take = async () => (await claimJob(db, QUEUES, 30))!;
const jobOf = async ({ job_id }: { job_id: string }) =>
  (await db`select * from jobs where id = ${job_id}`)[0]!;
const attempt = (held: ClaimedJob, handler: JobHandler, stop = new AbortController().signal) =>
  runAttempt(db, held, handler, { stop, lost: new AbortController(), log: silentLog });

/** The state changes of a successful pipeline. */
const succeed: JobHandler = async ({ job_id, asset_id }) => {
  await db`update documents set status = 'described' where id = ${asset_id}`;
  await db`update jobs set job_state = 'embedding' where id = ${job_id}`;
  return undefined;
};
const fail =
  (error: unknown): JobHandler =>
  () =>
    Promise.reject(error);

describe("runAttempt", () => {
  test("completes job and document together and takes the message off its queue", async () => {
    const { job_id, document_id } = await createDocument(db, course_id);

    expect(await attempt(await take(), succeed)).toBe("done");

    expect(await jobOf({ job_id })).toMatchObject({
      job_state: "completed",
      progress_percent: 100,
    });
    const [document] = await db`select status from documents where id = ${document_id}`;
    const [waiting] = await db`select count(*)::int as n from pgmq.q_ingest`;
    expect([document!.status, waiting!.n]).toEqual(["completed", 0]);
  });

  test("postpones a job that failed for a temporary reason", async () => {
    const { job_id } = await createDocument(db, course_id);
    const limited = new AppError("provider_rate_limited", { retry_after_ms: 90_000 });

    expect(await attempt(await take(), fail(limited))).toBe("retrying");

    const { errors, next_attempt_at, job_state } = await jobOf({ job_id });
    expect({ errors, job_state }).toEqual({ errors: 1, job_state: "pending" });
    expect(Date.parse(next_attempt_at) - Date.now()).toBeGreaterThan(80_000);
  });

  test("gives up at once on a permanent failure", async () => {
    const { job_id } = await createDocument(db, course_id);

    expect(await attempt(await take(), fail(new AppError("pdf_encrypted")))).toBe("gave-up");

    expect(await jobOf({ job_id })).toMatchObject({
      job_state: "failed",
      error_code: "pdf_encrypted",
    });
  });

  test("gives up after eight handled errors", async () => {
    const { job_id } = await createDocument(db, course_id);
    const outcomes: AttemptOutcome[] = [];

    for (let n = 0; n < 8; n++) {
      outcomes.push(await attempt(await take(), fail(new Error("out of order"))));
      await db`update pgmq.q_ingest set vt = now()`;
    }

    expect(outcomes).toEqual([...Array(7).fill("retrying"), "gave-up"]);
    const { error_code, error_message } = await jobOf({ job_id });
    expect({ error_code, error_message }).toEqual({
      error_code: "internal",
      error_message: "Something went wrong on our side",
    });
  });

  test("reports a full disk as such, wherever it strikes, and waits longer than for other errors", async () => {
    const { job_id } = await createDocument(db, course_id);
    const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });

    for (let n = 0; n < 8; n++) {
      expect(await attempt(await take(), fail(full))).toBe("retrying");
      await db`update pgmq.q_ingest set vt = now()`;
    }

    expect(await jobOf({ job_id })).toMatchObject({
      job_state: "pending",
      error_code: "storage_full",
      error_message: expect.stringContaining("disk"),
    });
    expect(await attempt(await take(), succeed)).toBe("done");
  });

  test("ends a crash loop after 20 attempts that ended with the whole server", async () => {
    await createDocument(db, course_id);
    for (let n = 0; n < 20; n++) {
      await claimJob(db, QUEUES, 30, crypto.randomUUID()); // and its process ends
      await db`update pgmq.q_ingest set vt = now()`;
    }
    let ran = false;

    const held = await take();
    const outcome = await attempt(held, async () => {
      ran = true;
      return undefined;
    });

    expect([outcome, ran]).toEqual(["gave-up", false]);
    expect(await jobOf(held)).toMatchObject({
      error_code: "worker_crashed",
      error_message: "Processing ended with the server 20 times",
    });
  });

  test("runs a job again that was killed any number of times, as long as it gets further", async () => {
    const { job_id } = await createDocument(db, course_id);
    for (let percent = 10; percent <= 60; percent += 10) {
      const held = (await claimJob(db, QUEUES, 30, crypto.randomUUID()))!;
      await reportProgress(db, held, percent); // and its process ends
      await db`update pgmq.q_ingest set vt = now()`;
    }

    expect(await attempt(await take(), succeed)).toBe("done");
    expect(await jobOf({ job_id })).toMatchObject({ attempt: 7, errors: 0, crashes: 0 });
  });

  test("hands the job back when the worker has to stop, without counting it", async () => {
    const { job_id } = await createDocument(db, course_id);
    const stop = new AbortController();
    const held = await take();

    const outcome = await attempt(
      held,
      async (_, signal) => {
        stop.abort();
        signal.throwIfAborted();
        return undefined;
      },
      stop.signal,
    );

    expect(outcome).toBe("handed-back");
    expect(await take()).toMatchObject({ job_id, attempt: 2, errors: 0, crashes: 0 });
  });

  test("changes nothing for a worker that has lost its job", async () => {
    const { job_id } = await createDocument(db, course_id);
    const zombie = await take();

    const outcome = await attempt(zombie, async (held) => {
      await db`update pgmq.q_ingest set vt = now()`;
      const owner = await take();
      await finishJob(db, owner, "failed", {
        code: "pdf_invalid",
        message: "decided by its owner",
      });
      return succeed(held, new AbortController().signal).catch(() => undefined);
    });

    expect(outcome).toBe("lost");
    expect(await jobOf({ job_id })).toMatchObject({ error_message: "decided by its owner" });
  });
});

test("backoff grows from 1–2 s to 7.5–15 min, with jitter", () => {
  const shortest = Array.from({ length: 12 }, (_, errors) => backoffSeconds(errors, () => 0));
  const longest = Array.from({ length: 12 }, (_, errors) => backoffSeconds(errors, () => 1));

  expect([shortest[0], longest[0]]).toEqual([1, 2]);
  expect([shortest[11], longest[11]]).toEqual([450, 900]);
  expect(longest.toSorted((a, b) => a - b)).toEqual(longest);
});

describe("a consumer", () => {
  const consume = (options: Pick<ConsumerOptions, "handler"> & Partial<ConsumerOptions>) =>
    startConsumer(db, {
      log: silentLog,
      process_id: crypto.randomUUID(),
      runQuarantined: () => Promise.reject(new Error("no job is quarantined")),
      onClaim: () => {},
      onRelease: () => {},
      onOutcome: () => {},
      ...options,
    });

  test("runs the queued jobs one after another", async () => {
    for (let n = 0; n < 5; n++) await createDocument(db, course_id);
    const done = Promise.withResolvers<void>();
    const outcomes: AttemptOutcome[] = [];
    let running = 0;

    const consumer = consume({
      handler: async (held, signal) => {
        expect(++running).toBe(1);
        await succeed(held, signal);
        running -= 1;
        return undefined;
      },
      onOutcome: (_, outcome) => outcomes.push(outcome) === 5 && done.resolve(),
    });
    await done.promise;
    await consumer.drain(0);

    expect(outcomes).toEqual(Array(5).fill("done"));
  });

  test("releases a job whose result could not be stored, so that its claim can expire", async () => {
    const { job_id } = await createDocument(db, course_id);
    const released = Promise.withResolvers<void>();
    const outcomes: AttemptOutcome[] = [];
    const consumer = consume({
      handler: async () => {
        await db.unsafe(`
          create function cancel_update() returns trigger language plpgsql as
            $$ begin raise exception 'canceled' using errcode = '57014'; end $$;
          create trigger cancel_update before update on jobs
            for each row execute function cancel_update()`);
        return undefined;
      },
      onRelease: released.resolve,
      onOutcome: (_, outcome) => outcomes.push(outcome),
    });
    try {
      await released.promise;
      await consumer.drain(0);
    } finally {
      await db`drop function cancel_update cascade`;
    }

    expect(outcomes).toEqual([]);
    expect(await jobOf({ job_id })).toMatchObject({ job_state: "pending", next_attempt_at: null });
  });

  test("stops the work on an asset that was deleted", async () => {
    const { document_id } = await createDocument(db, course_id);
    const started = Promise.withResolvers<string>();
    const ended = Promise.withResolvers<AttemptOutcome>();
    const consumer = consume({
      handler: ({ job_id }, signal) => {
        started.resolve(job_id);
        const aborted = Promise.withResolvers<undefined>();
        signal.addEventListener("abort", () => aborted.reject(signal.reason));
        return aborted.promise;
      },
      onOutcome: (_, outcome) => ended.resolve(outcome),
    });
    const job_id = await started.promise;

    consumer.loseClaim(crypto.randomUUID());
    await deleteAsset(db, "document", document_id);
    consumer.loseClaim(job_id);

    expect(await ended.promise).toBe("lost");
    await consumer.drain(0);
  });
});
