import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNativeDatabase, PROJECT } from "../lib";

export type Peer = {
  name: string;
  /** The endpoint of a run. */
  url: string;
  course_id: string;
  pid: number;
  close(): Promise<void>;
};

const HERE = import.meta.dir;
/** Bun limits a process to 256 requests at once, and every stream to the model is one. */
export const ENVIRONMENT = {
  HOME: process.env.HOME,
  PATH: process.env.PATH,
  BUN_CONFIG_MAX_HTTP_REQUESTS: "16384",
};

/** Starts a script that prints its port. */
export async function startScript(name: string, script: string, ...args: string[]): Promise<Peer> {
  const child = Bun.spawn([process.execPath, "--no-orphans", join(HERE, script), ...args], {
    env: ENVIRONMENT,
    stdout: "pipe",
    stderr: "inherit",
  });
  const port = Number(await firstMatch(child.stdout, /^(\d+)\n/));
  const close = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return { name, url: `http://127.0.0.1:${port}/`, course_id: "", pid: child.pid, close };
}

/**
 * Lectern as its users start it, on a native PostgreSQL if there is one.
 *
 * @param preload a script of this folder that runs before the server
 */
export async function startLectern(
  name: string,
  modelUrl: string,
  preload?: string,
): Promise<Peer> {
  const database = await createNativeDatabase();
  const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
  const preloading = preload ? ["--preload", join(HERE, preload)] : [];
  const server = Bun.spawn([process.execPath, "--no-orphans", ...preloading, "src/main.ts"], {
    cwd: PROJECT,
    env: {
      ...ENVIRONMENT,
      PORT: "0",
      DATA_ROOT: folder,
      OPENAI_BASE_URL: modelUrl,
      CHAT_MODEL: "openai:bench",
      ...(database && { DATABASE_URL: database.url }),
    },
    stdout: "pipe",
    stderr: "inherit",
  });
  const url = await firstMatch(server.stdout, /"url":"([^"]+)".*"msg":"ready"/s);
  const course = await fetch(`${url}api/courses`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Bench" }),
  });
  const { id: course_id } = (await course.json()) as { id: string };
  const close = async () => {
    server.kill("SIGTERM");
    await server.exited;
    await database?.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { name, url: `${url}api/chat/stream`, course_id, pid: server.pid, close };
}

/** Null if its packages cannot be installed; the reason is on stderr. */
export async function startMastra(modelUrl: string): Promise<Peer | null> {
  const cwd = join(HERE, "mastra");
  const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], { cwd });
  if (install.exitCode === 0) return startScript("Mastra", "mastra/server.js", modelUrl);
  console.error(`Without Mastra: ${install.stderr}`);
  return null;
}

/** Waits for a match, then discards the rest of the output. */
async function firstMatch(output: ReadableStream<Uint8Array>, wanted: RegExp): Promise<string> {
  const found = Promise.withResolvers<string>();
  void (async () => {
    let written = "";
    const decoder = new TextDecoder();
    let isFound = false;
    for await (const bytes of output) {
      if (isFound) continue;
      written += decoder.decode(bytes, { stream: true });
      const match = wanted.exec(written)?.[1];
      if (match === undefined) continue;
      isFound = true;
      found.resolve(match);
    }
    found.reject(new Error(`A server ended at its start:\n${written}`));
  })();
  return found.promise;
}

/** CPU seconds of a process, including all its threads. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Bun.file(`/proc/${pid}/stat`).text();
  // The name can contain blanks, so count after it: fields 14 and 15 are user and system time in 1/100 s.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
