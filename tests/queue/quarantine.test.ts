import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runInQuarantine } from "../../src/queue/quarantine";
import { claimJob, QUEUES } from "../../src/queue/queue";
import { withDatabase } from "../support/database";
import { createCourse, createDocument, silentLog } from "../support/factories";

const db = await withDatabase();
const course_id = await createCourse(db);
const entry = join(import.meta.dir, "../support/quarantined-worker.ts");

afterEach(async () => {
  await db`select pgmq.purge_queue('ingest')`;
  await db`delete from documents`;
});

describe("a process in quarantine that ends", () => {
  async function run(
    end: string,
    { stop = new AbortController().signal, lost = new AbortController().signal } = {},
  ) {
    const { job_id } = await createDocument(db, course_id);
    const held = (await claimJob(db, QUEUES, 60))!;
    await db`update jobs set crashes = 2 where id = ${job_id}`;
    const outcome = await runInQuarantine(
      { ...held, quarantined: true },
      {
        sql: db,
        log: silentLog,
        entry,
        env: { WORKER_END: end },
        stop,
        lost,
        onMessage: () => {},
        onSpawn: () => {},
      },
    );
    const [job] = await db`
      select job_state, crashes, error_code, next_attempt_at from jobs where id = ${job_id}`;
    return { outcome, job: job! };
  }

  test("by a crash fails the job that crashed twice before", async () => {
    const { outcome, job } = await run("by a crash");

    expect(outcome).toBe("gave-up");
    expect(job).toMatchObject({ job_state: "failed", crashes: 3, error_code: "worker_crashed" });
  });

  test("with an outcome passes it on", async () => {
    const { outcome, job } = await run("with an outcome");

    expect([outcome, job.crashes]).toEqual(["done", 2]);
  });

  test("before it is ready is no fault of the job, which is tried again later", async () => {
    const { outcome, job } = await run("before it is ready");

    expect([outcome, job.crashes]).toEqual(["handed-back", 2]);
    expect(Date.parse(job.next_attempt_at)).toBeGreaterThan(Date.now() + 5_000);
  });

  test("because the server stops gives the job back without counting", async () => {
    const { outcome, job } = await run("never", { stop: AbortSignal.timeout(500) });

    expect(outcome).toBe("handed-back");
    expect(job).toMatchObject({ job_state: "pending", crashes: 2 });
  });

  test("because the claim is lost changes nothing", async () => {
    const { outcome, job } = await run("never", { lost: AbortSignal.timeout(500) });

    expect(outcome).toBe("lost");
    expect(job).toMatchObject({ crashes: 2, next_attempt_at: null });
  });
});
