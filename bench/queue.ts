/**
 * How long accepted work waits for an idle worker, and what a job costs: `bun bench/queue.ts`
 *
 * Sent to started runs from the statement that accepts a document, as sent by the client, to the
 * moment at which a worker has claimed its job: insert, message, NOTIFY, supervisor, worker thread,
 * claim. It is measured with an empty queue and beside 10 000 jobs of another course, and so is the claim
 * alone. Beside it, on the same server, the least that such a way can cost: a NOTIFY from one
 * connection to another, and other queues on PostgreSQL (`queue/peers.js`). The cost of a job is its whole way,
 * accept, claim and end, beside the same way with plain pgmq. Clients and server share a machine, so they share a clock.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Sql } from "../src/db/client";
import { insertCourse } from "../src/db/courses";
import { addUnclaimedFile } from "../src/db/document-files";
import { requestDocument } from "../src/db/documents";
import { startEmbeddedDatabase } from "../src/db/embedded/start";
import { migrate } from "../src/db/migrate";
import { openLog } from "../src/log";
import { claimJob, finishJob, QUEUES } from "../src/queue/queue";
import { startSupervisor } from "../src/queue/supervisor";
import { type Figure, inTurn, isQuick, publish } from "./figures";
import { createNativeDatabase, PROJECT } from "./lib";

const ROUNDS = isQuick ? 80 : 200;
const PEER_ROUNDS = isQuick ? 20 : 60;
/** First rounds pay for connections and plans. */
const WARM_UP = 20;

const nowMs = () => performance.timeOrigin + performance.now();

async function measureNotify(sql: Sql, url: string): Promise<number[]> {
  const listener = connect(url, { max: 1 });
  let received = Promise.withResolvers<void>();
  await listener.listen("bench", () => received.resolve());
  const times: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    received = Promise.withResolvers();
    const sent = nowMs();
    await Promise.all([sql`select pg_notify('bench', '')`, received.promise]);
    times.push(nowMs() - sent);
  }
  await listener.end();
  return times.slice(WARM_UP);
}

/** Jobs of one course that wait while another course's jobs are measured. */
const WAITING = 10_000;

/** Queues documents of a course of their own, with one statement, and hides their messages if they are delayed. */
async function fillQueue(sql: Sql, { delayed }: { delayed: boolean }): Promise<void> {
  const { id: course_id } = await insertCourse(sql, { name: "Many decks" });
  await sql`
    with decks as (
      insert into documents (id, course_id, filename, storage_url, size_bytes, sha256)
      select gen_random_uuid(), ${course_id}, 'none.pdf', 'none.pdf', 1,
             encode(sha256(n::text::bytea), 'hex')
      from generate_series(1, ${WAITING}::int) n returning id)
    select count(create_job('document', id, ${course_id}, 'normal')) from decks`;
  if (!delayed) return;
  await sql`
    update pgmq.q_ingest set
      vt = vt + interval '1 hour', headers = headers || '{"delayed": true}'`;
}

/** The time of a claim while many jobs of one course wait. */
async function measureClaims(sql: Sql): Promise<number[]> {
  await fillQueue(sql, { delayed: false });
  const times: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    const started = nowMs();
    await claimJob(sql, QUEUES, 3_600, crypto.randomUUID());
    times.push(nowMs() - started);
  }
  await sql`select pgmq.purge_queue('ingest')`;
  await sql`delete from courses`;
  return times.slice(WARM_UP);
}

/** The jobs name documents without files: each is claimed, fails at once, and leaves the worker idle. */
async function measureJobs(sql: Sql, url: string, DATA_ROOT: string): Promise<number[]> {
  const { id: course_id } = await insertCourse(sql, { name: "Waiting" });
  let ready = 0;
  const supervisor = await startSupervisor({
    instance: "test",
    count: 2,
    mode: "thread",
    db: sql,
    databaseUrl: url,
    log: openLog("silent"),
    onDeath: () => {},
    entry: join(PROJECT, "src/worker.ts"),
    env: {
      DATABASE_URL: url,
      DATA_ROOT,
      LOG_LEVEL: "silent",
      LOCAL_EMBEDDER_URL: "http://127.0.0.1:9/v1", // never asked
    },
    onMessage: ({ type }) => {
      if (type === "ready") ready += 1;
    },
  });
  while (ready < 1) await Bun.sleep(10); // the other one starts when both are needed

  const times: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    const sent = nowMs();
    const job_id = await acceptDocument(sql, course_id);
    times.push((await untilEnded(sql, job_id)) - sent);
  }
  await supervisor.drain();
  return times.slice(WARM_UP);
}

async function acceptDocument(sql: Sql, course_id: string): Promise<string> {
  const id = crypto.randomUUID();
  const sha256 = new Bun.CryptoHasher("sha256").update(id).digest("hex");
  await addUnclaimedFile(sql, id);
  const { job_id } = await requestDocument(sql, {
    id,
    course_id,
    title: null,
    priority: "normal",
    filename: "none.pdf",
    size_bytes: 1,
    sha256,
    storage_url: `documents/${id}.pdf`,
  });
  return job_id;
}

/** Waits until the job is over and answers when it began, in milliseconds since 1970. */
async function untilEnded(sql: Sql, job_id: string): Promise<number> {
  for (;;) {
    const [job] = await sql<{ started_ms: number }[]>`
      select extract(epoch from started_at)::float8 * 1000 as started_ms
      from document_jobs where id = ${job_id} and job_state = 'failed'`;
    if (job) return job.started_ms;
    await Bun.sleep(5);
  }
}

/** A job from its acceptance to its end, one after the other, beside a message that is sent, read and archived. */
async function measureWholeJobs(sql: Sql) {
  const { id: course_id } = await insertCourse(sql, { name: "Whole jobs" });
  await sql`select pgmq.create('bench')`;
  const job = async () => {
    await acceptDocument(sql, course_id);
    const claimed = (await claimJob(sql, QUEUES, 45))!;
    await finishJob(sql, claimed, "failed", { code: "document_file_missing", message: "no file" });
  };
  const message = async () => {
    await sql`select pgmq.send('bench', '{"course": 1}')`;
    const [read] = await sql`select msg_id from pgmq.read('bench', 45, 1)`;
    await sql`select pgmq.archive('bench', ${read!.msg_id}::bigint)`;
  };
  await inTurn(WARM_UP, job, message);
  return inTurn(ROUNDS, job, message);
}

/** Other queues on a database of their own; empty, with the reason on stderr, if they cannot be installed. */
async function measurePeers(): Promise<Record<string, number[]>> {
  const cwd = join(import.meta.dir, "queue");
  const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], { cwd });
  if (install.exitCode !== 0) {
    console.error(`Without other queues: ${install.stderr}`);
    return {};
  }
  const database = (await createNativeDatabase())!;
  const peers = Bun.spawn([process.execPath, "peers.js", database.url, String(PEER_ROUNDS)], {
    cwd,
    stdout: "pipe",
    stderr: "inherit",
  });
  const times = await new Response(peers.stdout).json();
  await database.close();
  return times;
}

async function measure(
  database: "embedded" | "PostgreSQL 17",
  url: string,
  dataRoot: string,
): Promise<Figure[]> {
  const id = database === "embedded" ? "embedded" : "native";
  await migrate(url);
  const sql = connect(url, { max: 2 });
  const notify = { what: "a NOTIFY", samples: await measureNotify(sql, url) };
  const started = await measureJobs(sql, url, dataRoot);
  const whole = await measureWholeJobs(sql);
  const claims = await measureClaims(sql);
  await fillQueue(sql, { delayed: true });
  const crowded = await measureJobs(sql, url, dataRoot);
  await sql.end();
  const figure = (
    name: string,
    what: string,
    samples: number[],
    peer?: Figure["peer"],
  ): Figure => ({
    id: `queue.${name}.${id}`,
    what: `${what}, ${database}`,
    unit: "ms",
    samples,
    ...(peer && { peer }),
  });
  const delayed = `${WAITING.toLocaleString("en-US")} delayed jobs`;
  return [
    figure("started", "job sent to job started", started, notify),
    figure("started_crowded", `the same beside ${delayed}`, crowded, {
      what: "an empty queue",
      samples: started,
    }),
    figure("claim_crowded", `claim of one of ${WAITING} waiting jobs`, claims, notify),
    figure("whole", "job accepted, claimed, ended", whole.ours, {
      what: "plain pgmq: send, read, archive",
      samples: whole.peer,
    }),
  ];
}

const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
try {
  const native = await createNativeDatabase();
  const onNative = native ? await measure("PostgreSQL 17", native.url, folder) : [];
  await native?.close();
  const peers = native ? await measurePeers() : {};
  const besidePeers = Object.entries(peers).map(
    ([what, samples]): Figure => ({
      ...onNative[0]!,
      id: `queue.started.${what}`,
      peer: { what, samples },
    }),
  );
  const embedded = await startEmbeddedDatabase({ dataDir: join(folder, "db") });
  const onEmbedded = await measure("embedded", embedded.url, folder);
  await embedded.close();
  await publish([...onNative, ...besidePeers, ...onEmbedded]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
