/**
 * What it costs that the embedded database survives a power failure: `bun bench/durability.ts`
 *
 * Two databases differ only in their syncs: the product's, and a peer that skips them. They take the same work
 * in turn, so the load of the machine affects both; compare the ratios. The number of syncs does not depend
 * on the machine.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Sql } from "../src/db/client";
import { insertCourse } from "../src/db/courses";
import { migrate } from "../src/db/migrate";
import { claimJob, finishJob, QUEUES } from "../src/queue/queue";
import { createDocument } from "../tests/support/factories";
import { startGemini } from "../tests/support/gemini";
import { postFile, postJson } from "../tests/support/http";
import { startOpenAI } from "../tests/support/openai";
import { manyPagesPdf } from "../tests/support/pdfs";
import { openServerHost, type Server } from "../tests/support/server";
import { type Figure, isQuick, publish } from "./figures";

const JOBS = isQuick ? 100 : 300;
const PAGES = isQuick ? 60 : 300;
const MINUTES = 60;
const ROUNDS = isQuick ? 2 : 3;
/** The first rounds pay for plans and caches. */
const WARM_UP = 1;
const MODES = ["synced", "unsynced"] as const;

type Database = AsyncDisposable & { url: string; syncs(): Promise<number> };

async function startDatabase(folder: string, mode: (typeof MODES)[number]): Promise<Database> {
  const script = join(import.meta.dir, "durability/database.ts");
  const child = Bun.spawn([process.execPath, script, folder, mode], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = linesOf(child.stdout);
  const url = (await lines.next()).value!;
  await migrate(url);
  return {
    url,
    syncs: async () => {
      child.stdin.write("syncs\n");
      child.stdin.flush();
      return Number((await lines.next()).value);
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** Runs work on both databases in turn, and compares its times and counts its syncs. */
async function compare(
  id: string,
  what: string,
  databases: Database[],
  rounds: number,
  run: (n: number) => Promise<unknown>,
): Promise<Figure[]> {
  const times = databases.map((): number[] => []);
  let syncs = 0;
  for (let round = 0; round < rounds + WARM_UP; round++) {
    const order = round % 2 === 0 ? [0, 1] : [1, 0]; // neither is always first
    for (const n of order) {
      const before = await databases[n]!.syncs();
      const started = performance.now();
      await run(n);
      if (round >= WARM_UP) times[n]!.push(performance.now() - started);
      if (n === 0) syncs = (await databases[n]!.syncs()) - before;
    }
  }
  return [
    {
      id: `durability.${id}`,
      what,
      unit: "ms",
      samples: times[0]!,
      peer: { what: "without syncs", samples: times[1]! },
    },
    { id: `durability.${id}_syncs`, what: `${what}: syncs`, unit: "syncs", samples: [syncs] },
  ];
}

/** Accepts a document, claims its job and ends it. */
async function runJob(sql: Sql, course_id: string): Promise<void> {
  await createDocument(sql, course_id);
  const job = (await claimJob(sql, QUEUES, 45))!;
  await finishJob(sql, job, "failed", { code: "document_file_missing", message: "no file" });
}

/** An hour of captions, 150 words a minute. */
function anHourOfCaptions(): string {
  const at = (seconds: number) => new Date(seconds * 1_000).toISOString().slice(11, 23);
  const cue = (n: number) =>
    `${at(n * 5)} --> ${at(n * 5 + 5)}\nThe entropy of source ${n} bounds every code that we can find for it.`;
  return ["WEBVTT", ...Array.from({ length: MINUTES * 12 }, (_, n) => cue(n))].join("\n\n");
}

async function ingestLecture(server: Server, course_id: string): Promise<void> {
  const file = { name: "hour.vtt", bytes: Buffer.from(anHourOfCaptions()), type: "text/vtt" };
  const request = postFile(
    "/api/lectures/transcript",
    { course_id, title: crypto.randomUUID() },
    file,
  );
  const { lecture_id } = await server.json(request);
  await completed(server, `/api/lectures/${lecture_id}`);
}

async function ingestDeck(server: Server, course_id: string): Promise<void> {
  const pdf = await manyPagesPdf(PAGES);
  const bytes = new Uint8Array(Buffer.concat([pdf, Buffer.from(`\n% ${crypto.randomUUID()}\n`)]));
  const request = postFile("/api/documents/upload", { course_id }, { name: "deck.pdf", bytes });
  const { document_id } = await server.json(request);
  await completed(server, `/api/documents/${document_id}`);
}

async function completed(server: Server, path: string): Promise<void> {
  for (;;) {
    const { status, status_reason } = await server.json(path);
    if (status === "completed") return;
    if (status === "failed") throw new Error(status_reason);
    await Bun.sleep(50);
  }
}

const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
try {
  await using gemini = startGemini();
  await using synced = await startDatabase(join(folder, "synced"), "synced");
  await using unsynced = await startDatabase(join(folder, "unsynced"), "unsynced");
  const databases = [synced, unsynced];
  const openai = startOpenAI();

  const pools = databases.map(({ url }) => connect(url, { max: 1 }));
  const courses = await Promise.all(pools.map((sql) => insertCourse(sql, { name: "Durable" })));
  const jobs = await compare("job", "a job: accept, claim, end", databases, JOBS, (n) =>
    runJob(pools[n]!, courses[n]!.id),
  );
  for (const sql of pools) await sql.end();

  await using host = await openServerHost();
  const servers: Server[] = [];
  const ids: string[] = [];
  for (const { url } of databases) {
    const server = await host.start({
      DATABASE_URL: url,
      DATA_ROOT: await mkdtemp(join(folder, "data-")),
      GOOGLE_BASE_URL: gemini.url,
      SLIDE_MODEL: "google:gemini-test",
      OPENAI_BASE_URL: openai.url,
      EMBEDDING_MODEL: "openai:text-embedding-3-small",
      CHAT_MODEL: "local:extractive",
    });
    servers.push(server);
    ids.push((await server.json(postJson("/api/courses", { name: "Durable" }))).id);
  }
  const lecture = await compare(
    "lecture",
    "an hour of captions to chunks",
    databases,
    ROUNDS,
    (n) => ingestLecture(servers[n]!, ids[n]!),
  );
  const deck = await compare("deck", `a deck of ${PAGES} pages to chunks`, databases, ROUNDS, (n) =>
    ingestDeck(servers[n]!, ids[n]!),
  );
  await openai.close();
  await publish([...jobs, ...lecture, ...deck]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
