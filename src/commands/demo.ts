import { join } from "node:path";
import { loadSessions, panoptoSite } from "../../examples/panopto-site";
import { inheritedEnvironment, loadConfig } from "../config";

/**
 * `./lectern demo`: the main job on real input, with nothing to configure. Starts the server, ingests
 * the sample course through its API, asks a question and prints the answer as it comes; then keeps
 * serving, or with `--once` ends.
 */
const COURSE = "Introduction to information theory (sample)";
const QUESTION = "What is entropy and how is it measured?";
const SAMPLE = join(import.meta.dir, "../../examples/course");
/** Citations of a lecture lead to its viewer, so the sample site stays at one address if it can. */
const SITE_PORT = 8791;
const START_MS = 60_000;
const INGEST_MS = 300_000;

const started = performance.now();
const seconds = () => `${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s`;
const say = (text: string) => console.log(`${seconds()}  ${text}`);

type Server = { url: string; exited: Promise<number>; stop(): Promise<void> };

async function main(once: boolean): Promise<number> {
  const sessions = await loadSessions(SAMPLE);
  const site = serveOn(SITE_PORT, panoptoSite(sessions));
  say("starting the server");
  const server = await startServer(`127.0.0.1:${site.port}`);
  try {
    const course_id = await findOrCreateCourse(server.url);
    const lectures = sessions.map(({ session_id }) =>
      addLecture(server.url, course_id, `${site.url}Panopto/Pages/Viewer.aspx?id=${session_id}`),
    );
    await Promise.all([addSlides(server.url, course_id), ...lectures]);
    const complete = await watch(server.url, course_id);
    const cited = await ask(server.url, course_id, QUESTION);
    if (once) return complete && cited > 0 ? 0 : 1;

    console.log(`\nGo on at ${server.url}/ag-ui, or explore the API at ${server.url}/swagger.`);
    console.log("Ctrl-C ends the demo; what it ingested stays for the next time.");
    return await server.exited;
  } finally {
    await server.stop();
    await site.stop(true);
  }
}

/** The wanted port if it is free, else any. */
function serveOn(port: number, fetch: (request: Request) => Promise<Response>) {
  const hostname = "127.0.0.1";
  try {
    return Bun.serve({ hostname, port, fetch });
  } catch {
    return Bun.serve({ hostname, port: 0, fetch });
  }
}

/** The product itself, as `./lectern up` starts it, with the sample site allowed. */
async function startServer(siteHost: string): Promise<Server> {
  const config = loadConfig();
  const probe = serveOn(config.PORT, async () => new Response());
  const { port } = probe;
  await probe.stop(true);

  const child = Bun.spawn([process.execPath, "--no-orphans", join(import.meta.dir, "../main.ts")], {
    env: {
      ...inheritedEnvironment(),
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
    if (child.exitCode !== null) throw new Error("the server ended; it said why above");
    if (performance.now() > end) throw new Error("the server does not answer");
    await Bun.sleep(50);
  }
  say(`the server answers at ${url}`);
  return { url, exited: child.exited, stop };
}

const isHealthy = (url: string) =>
  fetch(`${url}/api/health`).then(
    ({ ok }) => ok,
    () => false,
  );

async function findOrCreateCourse(url: string): Promise<string> {
  const { items } = await json(fetch(`${url}/api/courses?limit=200`));
  const known = (items as { id: string; name: string }[]).find(({ name }) => name === COURSE);
  return known?.id ?? (await post(`${url}/api/courses`, { name: COURSE })).id;
}

async function addSlides(url: string, course_id: string): Promise<void> {
  const form = new FormData();
  form.set("course_id", course_id);
  form.set("file", Bun.file(join(SAMPLE, "slides.pdf")), "slides.pdf");
  await json(fetch(`${url}/api/documents/upload`, { method: "POST", body: form }));
}

const addLecture = (url: string, course_id: string, panopto_url: string) =>
  post(`${url}/api/lectures/download`, { course_id, panopto_url });

type Asset = {
  id: string;
  kind: string;
  title: string;
  status: string;
  status_reason: string | null;
  progress_percent: number;
};

/** Tells what happens to each asset until all are done; answers whether all went well. */
async function watch(url: string, course_id: string): Promise<boolean> {
  const told = new Map<string, string>();
  const end = performance.now() + INGEST_MS;
  while (performance.now() < end) {
    const { items } = await json(fetch(`${url}/api/courses/${course_id}/assets`));
    for (const { id, kind, title, status, status_reason, progress_percent } of items as Asset[]) {
      const news = `${kind}: ${status} ${progress_percent} %${status_reason ? `, ${status_reason}` : ""}`;
      if (told.get(id) !== news) say(`${news}  (${title ?? "untitled"})`);
      told.set(id, news);
    }
    const states = (items as Asset[]).map(({ status }) => status);
    if (states.every((status) => status === "completed")) return true;
    if (states.every((status) => ["completed", "failed"].includes(status))) return false;
    await Bun.sleep(200);
  }
  throw new Error("the sample course is still not ingested");
}

type Reference = {
  number: number;
  title: string | null;
  page_number?: number;
  start_ms?: number;
  url: string | null;
};

/** Asks as a chat client does, over AG-UI; answers how many citations there were. */
async function ask(url: string, course_id: string, question: string): Promise<number> {
  console.log(`\n> ${question}\n`);
  const response = await fetch(`${url}/api/chat/stream`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({
      threadId: crypto.randomUUID(),
      runId: crypto.randomUUID(),
      messages: [{ id: crypto.randomUUID(), role: "user", content: question }],
      forwardedProps: { course_id },
    }),
  });
  if (!response.ok) throw new Error(`the question was refused: ${await response.text()}`);
  const references = new Map<number, Reference>();
  let answer = "";
  for await (const event of events(response)) {
    if (event.type === "TEXT_MESSAGE_CONTENT") {
      answer += event.delta;
      process.stdout.write(event.delta as string);
    }
    if (event.type === "CUSTOM" && event.name === "knowledge_references") {
      const { references: found } = event.value as { references: Reference[] };
      for (const reference of found) references.set(reference.number, reference);
    }
    if (event.type === "RUN_ERROR") throw new Error(String(event.message));
  }
  const cited = [...references.values()].filter(({ number }) => answer.includes(`[${number}]`));
  console.log("\n");
  for (const reference of cited) console.log(describe(reference, url));
  return cited.length;
}

function describe({ number, title, page_number, start_ms, url }: Reference, base: string): string {
  const place =
    page_number === undefined
      ? `second ${Math.floor((start_ms ?? 0) / 1000)}`
      : `page ${page_number}`;
  return `[${number}] ${title}, ${place}: ${url ? new URL(url, base).href : "nowhere online"}`;
}

/** The events of a server-sent stream, one JSON object each. */
async function* events(response: Response): AsyncGenerator<Record<string, unknown>> {
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + text).split("\n\n");
    rest = frames.pop()!;
    for (const frame of frames) if (frame.startsWith("data:")) yield JSON.parse(frame.slice(5));
  }
}

const post = (url: string, body: unknown) =>
  json(
    fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );

// biome-ignore lint/suspicious/noExplicitAny: our own API's answers, shown as they come
async function json(answer: Promise<Response>): Promise<any> {
  const response = await answer;
  const body = await response.json();
  if (!response.ok)
    throw new Error(`${response.status} ${body.title}: ${JSON.stringify(body.details)}`);
  return body;
}

try {
  process.exit(await main(Bun.argv.includes("--once")));
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
