import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { connect } from "../../src/db/client";
import { claimJob, QUEUES } from "../../src/queue/queue";
import { hasDueJob, readQueueState } from "../../src/queue/queue-state";
import { type Supervisor, startSupervisor } from "../../src/queue/supervisor";
import { databaseUrl, engine } from "../support/database";
import { createCourse, createDocument, silentLog } from "../support/factories";
import { eventually } from "../support/waiting";

setDefaultTimeout(60_000);

const database = await databaseUrl();
const db = connect(database.url, { max: 3 });
const course_id = await createCourse(db);
let supervisor: Supervisor | undefined;
afterEach(async () => {
  await supervisor?.drain();
  supervisor = undefined;
  await db`select pgmq.purge_queue('ingest')`;
  await db`delete from documents`;
  await db`delete from queue_hold`;
});
afterAll(async () => {
  await db.end({ timeout: 1 });
  await database.close();
});

type Timing = { startPollMs?: number; loadMs?: number };

const supervise = async (env: Record<string, string>, count = 1, timing: Timing = {}) => {
  messages.length = 0;
  supervisor = await startSupervisor({
    instance: "test",
    count,
    mode: "thread",
    entry: join(import.meta.dir, "../support/blocking-worker.ts"),
    env: { DATABASE_URL: database.url, ...env },
    db,
    databaseUrl: database.url,
    log: silentLog,
    ...timing,
    onMessage: ({ type }) => messages.push(type),
    onDeath: () => {},
    onCrash: () => {
      crashes += 1;
    },
  });
};
const messages: string[] = [];
let crashes = 0;
const jobOf = async (job_id: string) => (await db`select * from jobs where id = ${job_id}`)[0]!;
const secondsLeft = async () => {
  const [row] =
    await db`select extract(epoch from vt - clock_timestamp())::float8 as s from pgmq.q_ingest`;
  return row!.s as number;
};

// It waits for a heartbeat; the statement that extends a claim is tested on both engines.
test.if(engine === "native")(
  "a worker with a blocked thread keeps its claim, and its process is registered",
  async () => {
    const { job_id } = await createDocument(db, course_id);
    await supervise({ WORKER_BLOCKS_MS: "19000" });
    await eventually(
      async () => (await jobOf(job_id)).attempt,
      (attempt) => attempt === 1,
    );
    // At once, and not at the next pulse.
    await eventually(
      () => readQueueState(db),
      ({ workers }) => workers === 1,
      10_000,
    );
    await Bun.sleep(17_000); // one extension, after 15 s

    expect(await secondsLeft()).toBeGreaterThan(40);
    expect(await readQueueState(db)).toMatchObject({ running: 1, workers: 1 });
    await supervisor!.drain();
    supervisor = undefined;
    expect(await readQueueState(db)).toMatchObject({ workers: 0 });
  },
);

test("another worker starts when the first one is busy and a job waits", async () => {
  await createDocument(db, course_id);
  await supervise({ WORKER_BLOCKS_MS: "2000" }, 2);
  await eventually(
    async () => messages.length,
    (length) => length === 2,
  );
  expect(supervisor!.alive()).toBe(2);
  expect(messages).toEqual(["ready", "claimed"]);

  const { job_id } = await createDocument(db, course_id);
  await eventually(
    () => jobOf(job_id),
    ({ attempt }) => attempt === 1,
  );

  expect(messages.slice(0, 3)).toEqual(["ready", "claimed", "ready"]);
});

test("a worker for each job starts when several jobs wait at the start", async () => {
  const jobs = [await createDocument(db, course_id), await createDocument(db, course_id)];
  await supervise({ WORKER_BLOCKS_MS: "2000" }, 3);

  for (const { job_id } of jobs) {
    await eventually(
      () => jobOf(job_id),
      ({ attempt }) => attempt === 1,
    );
  }
  expect(supervisor!.alive()).toBe(3);
});

test("another worker starts when the first one never is ready, but not while it could be loading", async () => {
  const { job_id } = await createDocument(db, course_id);
  const loadMs = 1_000;
  const started = performance.now();
  await supervise({ FIRST_WORKER: "stalls", WORKER_BLOCKS_MS: "0" }, 2, {
    startPollMs: 20,
    loadMs,
  });

  await eventually(
    async () => messages.length,
    (length) => length > 0,
  );
  expect(performance.now() - started).toBeGreaterThan(loadMs);
  expect(
    await eventually(
      () => jobOf(job_id),
      ({ attempt }) => attempt === 1,
    ),
  ).toMatchObject({ attempt: 1 });
});

test("another worker starts for a job that becomes due without a notification", async () => {
  await createDocument(db, course_id);
  const { job_id } = await createDocument(db, course_id);
  const setDue = (interval: string) =>
    db`update pgmq.q_ingest set vt = clock_timestamp() + ${interval}::interval
       where message ->> 'job_id' = ${job_id}`;
  await setDue("1 hour");
  // Longer than a worker on a busy machine takes from its readiness to its claim.
  await supervise({ WORKER_BLOCKS_MS: "0" }, 2, { startPollMs: 1_000 });
  await eventually(
    async () => messages.length,
    (length) => length === 2,
  );
  expect(messages).toEqual(["ready", "claimed"]); // and this worker keeps its job

  await setDue("0 seconds");
  await eventually(
    () => jobOf(job_id),
    ({ attempt }) => attempt === 1,
  );

  expect(supervisor!.alive()).toBe(2);
});

test("another worker starts when the first one dies, so that the process has a worker", async () => {
  await supervise({ FIRST_WORKER: "fails" }, 2);

  await eventually(
    async () => supervisor!.alive(),
    (alive) => alive === 1,
  );

  expect(messages).toEqual(["ready"]);
});

test("a job is due from its time on, but not while the queue is held", async () => {
  await createDocument(db, course_id);
  expect([await hasDueJob(db, 0), await hasDueJob(db, 3_600)]).toEqual([true, false]);
  await db`update pgmq.q_ingest set vt = vt - interval '2 hours'`;
  expect(await hasDueJob(db, 3_600)).toBe(true);

  await db`insert into queue_hold (reason) values ('restored')`;

  expect([await hasDueJob(db, 0), await hasDueJob(db, 3_600)]).toEqual([false, false]);
});

test("a thread that dies is charged to its job, which is due again at once", async () => {
  const { job_id, document_id } = await createDocument(db, course_id);
  await supervise({ WORKER_DIES: "1" });

  const job = await eventually(
    () => jobOf(job_id),
    ({ crashes }) => crashes === 1,
  );

  expect(job).toMatchObject({ interruptions: 1, log: [{ outcome: "crashed" }] });
  expect(crashes).toBeGreaterThan(0);
  const events = await db`
    select payload ->> 'cause' as cause from processing_events
    where asset_id = ${document_id} and event_type = 'crashed'`;
  expect(events[0]?.cause).toContain("a bug that no handler catches");
});

test("a shutdown gives back the job of a worker that does not, before it is over", async () => {
  const { job_id } = await createDocument(db, course_id);
  const held = (await claimJob(db, QUEUES, 60))!;
  const claimed = Promise.withResolvers<void>();
  supervisor = await startSupervisor({
    instance: "test",
    count: 1,
    mode: "process",
    entry: join(import.meta.dir, "../support/undrained-worker.ts"),
    env: { WORKER_JOB: JSON.stringify(held) },
    db,
    databaseUrl: database.url,
    log: silentLog,
    onMessage: ({ type }) => type === "claimed" && claimed.resolve(),
    onDeath: () => {},
  });
  await claimed.promise;

  await supervisor.drain();
  supervisor = undefined;

  const [job] = await db`select attempt, crashes, log from jobs where id = ${job_id}`;
  expect(job).toMatchObject({ attempt: 1, crashes: 0, log: [{ outcome: "handed_back" }] });
  expect((await claimJob(db, QUEUES, 60))?.job_id).toBe(job_id);
});
