/**
 * How long a start takes and what an idle server holds: `bun bench/startup.ts`
 *
 * Time runs from the start of the process to the first answer of `/api/health` in which everything
 * is ok, workers included. Memory is the whole process after three quiet seconds.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Figure, isQuick, publish } from "./figures";
import { createNativeDatabase, PROJECT, residentBytes, round } from "./lib";

const IDLE_MS = 3_000;
const GIVE_UP_MS = 60_000;

type Start = { healthy_s: number; rss_mb: number; stop_s: number };

async function measureStart(env: Record<string, string>): Promise<Start> {
  const port = await freePort();
  const started = performance.now();
  const server = Bun.spawn([process.execPath, "--no-orphans", "src/main.ts"], {
    cwd: PROJECT,
    env: { HOME: process.env.HOME, PATH: process.env.PATH, ...env, PORT: String(port) },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
  });
  const ended = server.exited.then((code) => {
    throw new Error(`The server ended with ${code} at its start`);
  });
  await Promise.race([untilHealthy(`http://127.0.0.1:${port}/api/health`), ended]);
  ended.catch(() => {}); // from here on its end is wanted
  const healthyMs = performance.now() - started;

  await Bun.sleep(IDLE_MS);
  const rss_mb = round((await residentBytes(server.pid)) / 1e6, 0);
  const stopping = performance.now();
  server.kill("SIGTERM");
  if ((await server.exited) !== 0) throw new Error("The server did not stop cleanly");
  const stop_s = round((performance.now() - stopping) / 1_000, 2);
  return { healthy_s: round(healthyMs / 1_000, 2), rss_mb, stop_s };
}

async function untilHealthy(url: string): Promise<void> {
  const end = performance.now() + GIVE_UP_MS;
  while (performance.now() < end) {
    const answer = await fetch(url).catch(() => null);
    const health = (await answer?.json()) as { status: string } | undefined;
    if (health?.status === "ok") return;
    await Bun.sleep(10);
  }
  throw new Error(`Not healthy after ${GIVE_UP_MS / 1_000} s`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const ROUNDS = isQuick ? 2 : 3;

/** Starts of each kind: the first start on a folder makes the database, the next ones find it. */
async function measureStarts(
  database: "embedded" | "PostgreSQL 17",
  fresh: () => Promise<{ env: Record<string, string>; remove(): Promise<void> }>,
  limits: { first_s: number; later_s: number; idle_mb: number },
): Promise<Figure[]> {
  const first: Start[] = [];
  const later: Start[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { env, remove } = await fresh();
    first.push(await measureStart(env));
    later.push(await measureStart(env));
    await remove();
  }
  const id = database === "embedded" ? "embedded" : "native";
  const figure = (
    name: string,
    what: string,
    unit: string,
    samples: number[],
    at_most: number,
  ) => ({
    id: `startup.${name}.${id}`,
    what: `${what}, ${database}`,
    unit,
    samples,
    limit: { at_most },
  });
  const healthy = (starts: Start[]) => starts.map(({ healthy_s }) => healthy_s);
  const idle = later.map(({ rss_mb }) => rss_mb);
  const stops = [...first, ...later].map(({ stop_s }) => stop_s);
  return [
    figure("first", "first start to first healthy response", "s", healthy(first), limits.first_s),
    figure("later", "later start to first healthy response", "s", healthy(later), limits.later_s),
    figure("idle", "memory when idle after a later start", "MB", idle, limits.idle_mb),
    figure("stop", "SIGTERM to the end of the process", "s", stops, 5),
  ];
}

async function measureDemo(DATA_ROOT: string): Promise<number> {
  const started = performance.now();
  const demo = Bun.spawn(["./lectern", "demo", "--once"], {
    cwd: PROJECT,
    env: { HOME: process.env.HOME, PATH: process.env.PATH, DATA_ROOT, PORT: "0" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
  });
  if ((await demo.exited) !== 0) throw new Error("The demo failed");
  return round((performance.now() - started) / 1_000);
}

const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
try {
  const embedded = await measureStarts(
    "embedded",
    async () => ({
      env: { DATA_ROOT: await mkdtemp(join(folder, "embedded-")) },
      remove: async () => {},
    }),
    { first_s: 5, later_s: 2, idle_mb: 350 },
  );
  const probe = await createNativeDatabase();
  await probe?.close();
  const onNative = async () => {
    const database = (await createNativeDatabase())!;
    const env = { DATA_ROOT: await mkdtemp(join(folder, "native-")), DATABASE_URL: database.url };
    return { env, remove: () => database.close() };
  };
  const native = probe
    ? await measureStarts("PostgreSQL 17", onNative, { first_s: 3, later_s: 2, idle_mb: 200 })
    : [];
  const demo = {
    first: await measureDemo(join(folder, "demo")),
    later: await measureDemo(join(folder, "demo")),
  };
  await publish([
    ...embedded,
    ...native,
    {
      id: "startup.demo",
      what: "`./lectern demo --once`, new folder",
      unit: "s",
      samples: [demo.first],
      limit: { at_most: 60 },
    },
    {
      id: "startup.demo_again",
      what: "the same again",
      unit: "s",
      samples: [demo.later],
      limit: { at_most: 20 },
    },
  ]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
