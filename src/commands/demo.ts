import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  type Citation,
  createLecternClient,
  dataOf,
  itemsOf,
  type LecternClient,
  referencesOf,
  streamAnswer,
} from "@lectern/client";
import { loadSessions, panoptoSite } from "../../examples/panopto-site";
import {
  bypassProxyForLoopback,
  environmentWithoutSettings,
  inheritedEnvironment,
  loadConfig,
} from "../config";
import { toPagePlace } from "../text/page-place";

/**
 * `./lectern demo`: ingestion and chat with real input and without settings. Starts the server, ingests
 * the sample course through the API, asks a question and prints the answer while it streams. Then the
 * server keeps running; with `--once` the demo ends.
 *
 * It uses no setting except PORT and DATA_ROOT, so it cannot write to a real database or spend money;
 * with `--env` it uses all settings.
 */
const COURSE = "Introduction to information theory (sample)";
const QUESTION = "What is entropy and how is it measured?";
const SAMPLE = join(import.meta.dir, "../../examples/course");
/** Citations link to the viewer of the sample site, so its address should not change. */
const SITE_PORT = 8791;
const HEALTH_MS = 5_000;
const START_MS = 60_000;
const INGEST_MS = 300_000;

const started = performance.now();
const seconds = () => `${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s`;
const say = (text: string) => console.log(`${seconds()}  ${text}`);

type DemoOptions = { once: boolean; useSettings: boolean };
type DemoServer = { url: string; exited: Promise<number>; stop(): Promise<void> };

async function main({ once, useSettings }: DemoOptions): Promise<number> {
  bypassProxyForLoopback();
  const sessions = await loadSessions(SAMPLE);
  const site = serveOn(SITE_PORT, panoptoSite(sessions));
  say("starting the server");
  const server = await startServer(`127.0.0.1:${site.port}`, useSettings);
  try {
    const lectern = createLecternClient({ baseUrl: server.url });
    const course_id = await findOrCreateCourse(lectern);
    const readable = Bun.which("ffmpeg") ? sessions : [];
    if (readable.length === 0) say("ffmpeg is missing, so the demo has slides only");
    const lectures = readable.map(({ session_id }) =>
      addLecture(lectern, course_id, `${site.url}Panopto/Pages/Viewer.aspx?id=${session_id}`),
    );
    await Promise.all([addSlides(lectern, course_id), ...lectures]);
    const complete = await watch(lectern, course_id);
    const cited = await ask(lectern, course_id, server.url);
    if (once) return complete && cited > 0 ? 0 : 1;

    console.log(`\nContinue at ${server.url}/ag-ui, or explore the API at ${server.url}/swagger.`);
    console.log("Ctrl-C ends the demo. The ingested course is kept for the next start.");
    return await server.exited;
  } finally {
    await server.stop();
    await site.stop(true);
  }
}

function ownSettings() {
  const { PORT, DATA_ROOT } = inheritedEnvironment();
  return { PORT, DATA_ROOT };
}

/** Serves on the port if it is free, else on any other. */
function serveOn(port: number, fetch: (request: Request) => Promise<Response>) {
  const hostname = "127.0.0.1";
  try {
    return Bun.serve({ hostname, port, fetch });
  } catch {
    return Bun.serve({ hostname, port: 0, fetch });
  }
}

/** Starts the server like `./lectern up`, with the sample site as an allowed host. */
async function startServer(siteHost: string, useSettings: boolean): Promise<DemoServer> {
  const config = loadConfig(useSettings ? undefined : ownSettings());
  const probe = serveOn(config.PORT, async () => new Response());
  const { port } = probe;
  await probe.stop(true);

  // Without this flag Bun reads the settings of `.env` again.
  const flags = ["--no-orphans", ...(useSettings ? [] : ["--no-env-file"])];
  const child = Bun.spawn([process.execPath, ...flags, join(import.meta.dir, "../main.ts")], {
    env: {
      ...(useSettings ? inheritedEnvironment() : environmentWithoutSettings()),
      // The demo needs no key, so only this machine can reach it.
      HOST: "127.0.0.1",
      AUTH: "off",
      PORT: String(port),
      DATA_ROOT: join(config.DATA_ROOT, "demo"),
      PANOPTO_ALLOWED_HOSTS: siteHost,
      LOG_LEVEL: "warn",
    },
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await child.exited;
  };
  const url = `http://127.0.0.1:${port}`;
  const end = performance.now() + START_MS;
  while (!(await isHealthy(url))) {
    if (child.exitCode !== null) throw new Error("the server stopped: its message is above");
    if (performance.now() > end)
      throw new Error("the server does not respond: try again, or run ./lectern doctor");
    await Bun.sleep(50);
  }
  say(`the server is ready at ${url}`);
  return { url, exited: child.exited, stop };
}

const isHealthy = (url: string) =>
  fetch(`${url}/api/health`, { signal: AbortSignal.timeout(HEALTH_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );

async function findOrCreateCourse(lectern: LecternClient): Promise<string> {
  const read = (cursor: string | undefined) =>
    lectern.GET("/api/courses", { params: { query: { limit: 200, ...(cursor && { cursor }) } } });
  for await (const { id, name } of itemsOf(read)) if (name === COURSE) return id;
  return (await dataOf(lectern.POST("/api/courses", { body: { name: COURSE } }))).id;
}

async function addSlides(lectern: LecternClient, course_id: string): Promise<void> {
  const bytes = await Bun.file(join(SAMPLE, "slides.pdf")).bytes();
  const file = new File([bytes], "slides.pdf", { type: "application/pdf" });
  await dataOf(lectern.POST("/api/documents/upload", { body: { course_id, file } }));
}

async function addLecture(
  lectern: LecternClient,
  course_id: string,
  panopto_url: string,
): Promise<void> {
  await dataOf(lectern.POST("/api/lectures/download", { body: { course_id, panopto_url } }));
}

/** Prints each status until all assets have ended; returns whether all are completed. */
async function watch(lectern: LecternClient, course_id: string): Promise<boolean> {
  const printed = new Map<string, string>();
  const end = performance.now() + INGEST_MS;
  const params = { path: { id: course_id } };
  while (performance.now() < end) {
    const { items } = await dataOf(lectern.GET("/api/courses/{id}/assets", { params }));
    for (const { id, kind, title, status, status_reason, progress_percent } of items) {
      const news = `${kind}: ${status} ${progress_percent} %${status_reason ? `, ${status_reason}` : ""}`;
      if (printed.get(id) !== news) say(`${news}  (${title ?? "untitled"})`);
      printed.set(id, news);
    }
    const states = items.map(({ status }) => status);
    if (states.every((status) => status === "completed")) return true;
    if (states.every((status) => ["completed", "failed"].includes(status))) return false;
    await Bun.sleep(200);
  }
  throw new Error("the sample course was not ingested in time: run ./lectern demo again");
}

/** Asks like a chat client, over AG-UI; returns the number of citations. */
async function ask(lectern: LecternClient, course_id: string, url: string): Promise<number> {
  console.log(`\n> ${QUESTION}\n`);
  const references = new Map<number, Citation>();
  let answer = "";
  const input = {
    threadId: crypto.randomUUID(),
    runId: crypto.randomUUID(),
    messages: [{ id: crypto.randomUUID(), role: "user" as const, content: QUESTION }],
    forwardedProps: { course_id },
  };
  for await (const event of streamAnswer(lectern, input)) {
    if (event.type === "TEXT_MESSAGE_CONTENT") {
      answer += event.delta;
      process.stdout.write(event.delta);
    }
    for (const reference of referencesOf(event) ?? []) references.set(reference.number, reference);
    if (event.type === "RUN_ERROR") throw new Error(event.message);
  }
  const cited = [...references.values()].filter(({ number }) => answer.includes(`[${number}]`));
  console.log("\n");
  for (const reference of cited) console.log(describe(reference, url));
  return cited.length;
}

function describe(
  { number, title, page_number, page_label, start_ms, url }: Citation,
  base: string,
): string {
  const place =
    page_number === undefined
      ? `second ${Math.floor((start_ms ?? 0) / 1000)}`
      : toPagePlace(page_number, page_label);
  return `[${number}] ${title}, ${place}: ${url ? new URL(url, base).href : "not online"}`;
}

function readOptions(): DemoOptions {
  const options = { once: { type: "boolean" }, env: { type: "boolean" } } as const;
  const { once = false, env = false } = parseArgs({ options }).values;
  return { once, useSettings: env };
}

try {
  process.exit(await main(readOptions()));
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
