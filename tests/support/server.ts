import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { databaseUrl } from "./database";

const ROOT = join(import.meta.dir, "../..");
const READY_MS = 60_000;

export type Server = {
  url: string;
  pid: number;
  dataRoot: string;
  /** What it wrote so far, a JSON object a line. */
  log(): string;
  /** Ends the process; the data stays until `close`. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

export type ServerHost = {
  /** Starts the product as its users do; again after `stop`, on the same data. */
  start(env?: Record<string, string>): Promise<Server>;
  close(): Promise<void>;
};

/**
 * A place to run whole servers in: a folder and, on the native engine, a database of its own. On the
 * embedded engine the server brings its database itself, as it does for people.
 */
export async function openServerHost(): Promise<ServerHost> {
  const dataRoot = await mkdtemp(join(tmpdir(), "lectern-server-"));
  const database = process.env.TEST_ENGINE === "native" ? await databaseUrl() : null;
  const running = new Set<Server>();
  return {
    start: async (env = {}) => {
      const server = await startServer({
        DATA_ROOT: dataRoot,
        ...(database && { DATABASE_URL: database.url }),
        ...env,
      });
      running.add(server);
      return { ...server, dataRoot };
    },
    close: async () => {
      for (const server of running) await server.stop("SIGKILL");
      await database?.close();
      await rm(dataRoot, { recursive: true, force: true });
    },
  };
}

async function startServer(env: Record<string, string>): Promise<Server> {
  const { HOME = "/", PATH = "" } = process.env;
  const child = Bun.spawn([process.execPath, "--no-orphans", "src/main.ts"], {
    cwd: ROOT,
    // Nothing of the developer's own settings: a test means the same on every machine.
    env: { HOME, PATH, PORT: "0", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let written = "";
  const listening = Promise.withResolvers<string>();
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const text = decoder.decode(bytes, { stream: true });
      written += text;
      const url = /"url":"(http[^"]+)\/","ag_ui"/.exec(written)?.[1];
      if (url) listening.resolve(url);
    }
  };
  const ended = Promise.all([read(child.stdout), read(child.stderr), child.exited]);
  void ended.then(() => listening.reject(new Error(`The server ended at its start:\n${written}`)));
  const timer = setTimeout(
    () => listening.reject(new Error(`Not listening:\n${written}`)),
    READY_MS,
  );
  const url = await listening.promise.finally(() => clearTimeout(timer));

  return {
    url,
    pid: child.pid,
    dataRoot: env.DATA_ROOT ?? "",
    log: () => written,
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
}
