/**
 * Teachers who upload, and students who search, ask and read at the same time: `bun bench/mixed.ts`
 *
 * One server with two workers, on native PostgreSQL behind PgBouncer where that is installed, a bucket, and a
 * scripted model. With `--restart` two API and two worker processes, which are replaced one after the other from
 * the middle of the run, as a balancer does it. Each client sends its next request a quarter of a second after its
 * last response. `--seconds N` changes the duration. It fails on an error or a figure beyond its limit.
 */
import { parseArgs } from "node:util";
import { openFleet, type RestartStep } from "../tests/support/fleet";
import { get, postFile, postJson } from "../tests/support/http";
import { makeCourse } from "./course/make-course";
import { lectureDeck } from "./course/write-course";
import { describeMachine, PROJECT, quantile, residentBytes, round, toTable } from "./lib";

const CLIENTS = { upload: 4, search: 16, stream: 16, read: 8 };
type Kind = keyof typeof CLIENTS;
const PAUSE_MS = 250;
/** Decks that are there before the load starts. */
const DECKS = 12;
const PAGES = 12;
const LIMIT_MS = 1_000;
const LIMIT_MB = 1_024;
const WATCH_EVERY_MS = 500;
/** The deck with this number, and the questions that it answers. */
const lectureOf = (seed: number) =>
  makeCourse({ seed, lectures: 1, pages: PAGES, languages: ["en"] });
const questions = Array.from({ length: DECKS }, (_, n) => lectureOf(n + 1).questions)
  .flat()
  .filter(({ gold }) => gold.some((place) => "pages" in place))
  .map(({ question }) => question);

const { values } = parseArgs({
  options: { restart: { type: "boolean" }, seconds: { type: "string", default: "60" } },
});
const durationMs = Number(values.seconds) * 1_000;

/** `at`: ms from the start of the load to the start of the request. */
type Sample = { kind: Kind; at: number; ms: number };
const samples: Sample[] = [];
const errors: string[] = [];
let peakBytes = 0;

const model = Bun.spawn([process.execPath, "bench/chat/upstream.ts"], {
  cwd: PROJECT,
  stdout: "pipe",
});
const { value: port } = await model.stdout.getReader().read();
const modelUrl = `http://127.0.0.1:${new TextDecoder().decode(port).trim()}`;
const pace = { tokens: 100, paceMs: 20 };
await fetch(`${modelUrl}/pace`, { method: "PUT", body: JSON.stringify(pace) });

const shape = values.restart ? { apis: 2, workers: 2 } : { apis: 1, workers: 0 };
await using fleet = await openFleet(shape, {
  OPENAI_BASE_URL: `${modelUrl}/v1`,
  OPENAI_API: "chat",
  CHAT_MODEL: "openai:bench",
  EMBEDDING_MODEL: "local:use-lite",
  SLIDE_MODEL: "local:text-layer",
  ...(!values.restart && { ROLE: "all" }),
});

const { id: course_id } = await (await whole(postJson("/api/courses", { name: "Mixed" }))).json();
let uploads = 0;
const nextDeck = async () => {
  const seed = ++uploads;
  const file = { name: `deck-${seed}.pdf`, bytes: await lectureDeck(lectureOf(seed).lectures[0]!) };
  return postFile("/api/documents/upload", { course_id }, file);
};
const ids: string[] = [];
for (let n = 0; n < DECKS; n++) {
  ids.push((await (await whole(await nextDeck())).json()).document_id);
}
await Promise.all(ids.map(untilCompleted));

const begun = performance.now();
const until = begun + durationMs;
const watch = setInterval(async () => {
  for (const { server } of fleet.members()) {
    const bytes = await residentBytes(server.pid).catch(() => 0);
    peakBytes = Math.max(peakBytes, bytes || 0); // NaN for a process that has just ended
  }
}, WATCH_EVERY_MS);
type Step = { at: number; name: string; step: RestartStep };
const steps: Step[] = [];
const restarting = values.restart
  ? Bun.sleep(durationMs / 2).then(() =>
      fleet.restart((name, step) => steps.push({ at: performance.now() - begun, name, step })),
    )
  : Promise.resolve();
const clients = Object.entries(CLIENTS).flatMap(([kind, count]) =>
  Array.from({ length: count }, (_, n) => runClient(kind as Kind, n)),
);
await Promise.all([...clients, restarting]);
clearInterval(watch);
model.kill();

console.log(
  `${describeMachine()}, ${values.seconds} s${values.restart ? ", rolling restart" : ""}\n`,
);
const rows = Object.entries(CLIENTS).map(([kind, count]) => {
  const times = samples.filter((sample) => sample.kind === kind).map(({ ms }) => ms);
  return {
    clients: `${count} × ${kind}`,
    requests: times.length,
    "p50 ms": round(quantile(times, 0.5), 0),
    "p95 ms": round(quantile(times, 0.95), 0),
    "max ms": round(Math.max(...times), 0),
  };
});
console.log(toTable(rows));
if (values.restart) console.log(`\n${toTable(phases())}`);
const peakMb = round(peakBytes / 1024 ** 2, 0);
console.log(`\n${errors.length} errors; ${peakMb} MB in the largest server process`);
for (const error of new Set(errors)) console.log(`- ${error}`);
const isSlow = rows.some((row) => row["p95 ms"] > LIMIT_MS);
process.exitCode = errors.length > 0 || isSlow || peakMb > LIMIT_MB ? 1 : 0;

/** The slow requests of each part of a restart: p95 in ms of the requests that began in it. */
function phases(): Record<string, string | number>[] {
  const starts = steps.filter(({ step }) => step === "drain");
  const end = steps.at(-1)!.at;
  const parts = [
    { part: "before the restart", from: 0, to: starts[0]!.at },
    ...starts.map(({ at, name }, n) => ({
      part: `${name} is replaced`,
      from: at,
      to: starts[n + 1]?.at ?? end,
    })),
    { part: "after it", from: end, to: Number.POSITIVE_INFINITY },
  ];
  return parts.map(({ part, from, to }) => {
    const inPart = samples.filter(({ at }) => at >= from && at < to);
    const p95 = (kind: string) =>
      quantile(
        inPart.filter((sample) => sample.kind === kind).map(({ ms }) => ms),
        0.95,
      );
    const figures = Object.keys(CLIENTS).map((kind) => [kind, round(p95(kind) ?? 0, 0)]);
    const seconds = round((Math.min(to, durationMs) - from) / 1_000);
    return { "p95 ms": part, seconds: Math.max(0, seconds), ...Object.fromEntries(figures) };
  });
}

async function runClient(kind: Kind, n: number): Promise<void> {
  for (let round = 0; performance.now() < until; round++) {
    const request = await requestOf(kind, n + round);
    const started = performance.now();
    try {
      const ms = kind === "stream" ? await timeToText(request, started) : null;
      if (ms === null) await whole(request);
      samples.push({ kind, at: started - begun, ms: ms ?? performance.now() - started });
    } catch (error) {
      errors.push(`${kind}: ${(error as Error).message.slice(0, 300)}`);
    }
    await Bun.sleep(PAUSE_MS);
  }
}

async function requestOf(kind: Kind, n: number): Promise<Request> {
  const query = questions[n % questions.length]!;
  if (kind === "upload") return nextDeck();
  if (kind === "search") return postJson("/api/retrieval/query", { course_id, query });
  if (kind === "read") {
    const path = `/api/documents/${ids[n % ids.length]}`;
    return get([path, `${path}/chunks`, `${path}/file`, "/api/courses"][n % 4]!);
  }
  return postJson("/api/chat/stream", {
    threadId: crypto.randomUUID(),
    runId: crypto.randomUUID(),
    messages: [{ id: crypto.randomUUID(), role: "user", content: query }],
    tools: [],
    context: [],
    state: {},
    forwardedProps: { course_id },
  });
}

/** A response with its whole body. */
async function whole(request: Request): Promise<Response> {
  const { response, done } = await fleet.send(request);
  const body = await response.bytes();
  done();
  if (!response.ok) throw new Error(`${response.status} ${new TextDecoder().decode(body)}`);
  return new Response(body);
}

/** Milliseconds to the first text of an answer, which is read to its end. */
async function timeToText(request: Request, started: number): Promise<number> {
  const { response, done } = await fleet.send(request);
  const decoder = new TextDecoder();
  let text = "";
  let ms: number | undefined;
  for await (const bytes of response.body!) {
    text += decoder.decode(bytes, { stream: true });
    if (text.includes("TEXT_MESSAGE_CONTENT")) ms ??= performance.now() - started;
  }
  done();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  if (ms === undefined || !text.includes("RUN_FINISHED")) throw new Error(text.slice(-300));
  return ms;
}

async function untilCompleted(id: string): Promise<void> {
  for (;;) {
    const { status } = await (await whole(get(`/api/documents/${id}`))).json();
    if (status === "completed") return;
    if (status === "failed") throw new Error(`document ${id} failed`);
    await Bun.sleep(200);
  }
}
