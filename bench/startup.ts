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
import { createNativeDatabase, describeMachine, PROJECT, round, toTable } from "./lib";

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
  const rss_mb = round(residentBytes(server.pid) / 1e6, 0);
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

function residentBytes(pid: number): number {
  const { stdout } = Bun.spawnSync(["ps", "-o", "rss=", "-p", String(pid)]);
  return Number(stdout.toString()) * 1_024;
}

/** Twice on the same data: the first start makes the database, the second finds it. */
async function measureTwice(database: string, env: Record<string, string>) {
  const first = await measureStart(env);
  const second = await measureStart(env);
  return [
    { database, start: "first", ...first },
    { database, start: "second", ...second },
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
  console.log(`${describeMachine()}\n`);
  const embedded = await measureTwice("embedded", { DATA_ROOT: join(folder, "embedded") });
  const native = await createNativeDatabase();
  const env = { DATA_ROOT: join(folder, "native"), DATABASE_URL: native?.url ?? "" };
  const onNative = native ? await measureTwice("PostgreSQL 17", env) : [];
  await native?.close();
  console.log(toTable([...embedded, ...onNative]));

  const first = await measureDemo(join(folder, "demo"));
  const second = await measureDemo(join(folder, "demo"));
  console.log(`\n./lectern demo --once: ${first} s, again on the same data: ${second} s`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
