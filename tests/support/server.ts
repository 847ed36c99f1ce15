import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/db/client";
import { databaseUrl, embeddedSnapshot, engine } from "./database";
import { CLEAN_ENVIRONMENT } from "./environment";
import { eventually } from "./waiting";

const ROOT = join(import.meta.dir, "../..");
const READY_MS = 100_000;

export type Server = {
  url: string;
  /** For a look into the tables, on either engine. */
  databaseUrl: string;
  pid: number;
  dataRoot: string;
  /** Sends what `postJson` and its kin make, or asks for a path. */
  send(request: Request | string): Promise<Response>;
  /** The body of an answer that must be a good one. */
  // biome-ignore lint/suspicious/noExplicitAny: our own API's answers, looked into as they come
  json(request: Request | string): Promise<any>;
  /** What it wrote so far, a JSON object a line. */
  log(): string;
  /** Ends the process and answers its exit code; the data stays until the host closes. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

/** Leaving its `await using` block ends its servers and removes what they kept. */
export type ServerHost = AsyncDisposable & {
  dataRoot: string;
  /** Starts the product as its users do; again after `stop`, on the same data. */
  start(env?: Record<string, string>): Promise<Server>;
  /** Ends whatever still runs; the data stays. */
  stop(): Promise<void>;
};

/**
 * A place to run whole servers in: a folder and, on the native engine, a database of its own. On the
 * embedded engine the folder has a migrated database, which the server opens; a server that is started with
 * another `DATA_ROOT` creates its own.
 */
export async function openServerHost(): Promise<ServerHost> {
  const dataRoot = await mkdtemp(join(tmpdir(), "lectern-server-"));
  const database = engine === "native" ? await databaseUrl() : null;
  if (!database) await addMigratedDatabase(dataRoot);
  const running = new Set<Server>();
  const stop = async () => {
    for (const server of running) await server.stop("SIGKILL");
    running.clear();
  };
  return {
    dataRoot,
    start: async (env = {}) => {
      const server = await startServer({
        DATA_ROOT: dataRoot,
        ...(database && { DATABASE_URL: database.url }),
        ...env,
      });
      running.add(server);
      return server;
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await database?.close();
      await rm(dataRoot, { recursive: true, force: true });
    },
  };
}

/** A first start without it takes 3 s more of processor time, for `initdb` and all migrations. */
async function addMigratedDatabase(dataRoot: string): Promise<void> {
  const folder = join(dataRoot, "db");
  await mkdir(folder);
  const tar = Bun.spawn(["tar", "-xf", await embeddedSnapshot(), "-C", folder], {
    stderr: "pipe",
  });
  const printed = await new Response(tar.stderr).text();
  if ((await tar.exited) !== 0) throw new Error(`tar: ${printed}`);
}

async function startServer(env: Record<string, string>): Promise<Server> {
  const child = Bun.spawn([process.execPath, "--no-orphans", "src/main.ts"], {
    cwd: ROOT,
    env: { ...CLEAN_ENVIRONMENT, PORT: "0", WORKER_PORT: "0", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let written = "";
  const ready = Promise.withResolvers<void>();
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      written += decoder.decode(bytes, { stream: true });
      if (written.includes('"msg":"ready"')) ready.resolve();
    }
  };
  const ended = Promise.all([read(child.stdout), read(child.stderr), child.exited]);
  void ended.then(() => ready.reject(new Error(written)));
  const timer = setTimeout(() => ready.reject(new Error(`Not ready:\n${written}`)), READY_MS);
  await ready.promise.finally(() => clearTimeout(timer));

  const url = /"url":"(http[^"]+)\/","(?:ag_ui|metrics)"/.exec(written)?.[1] ?? "";
  const embedded = /"port":(\d+),"boot_ms"/.exec(written)?.[1];
  const send = (request: Request | string) => {
    if (typeof request === "string") return fetch(url + request);
    const { pathname, search } = new URL(request.url);
    return fetch(url + pathname + search, request);
  };
  return {
    url,
    databaseUrl: env.DATABASE_URL ?? `postgres://postgres@127.0.0.1:${embedded}/postgres`,
    pid: child.pid,
    dataRoot: env.DATA_ROOT!,
    send,
    json: async (request) => {
      const response = await send(request);
      if (response.ok) return response.json();
      throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
    },
    log: () => written,
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
}

/**
 * Lets the claims of a killed server expire at once instead of after 45 s, so that a test does not wait. The next
 * start of the embedded database does that anyway; `tests/e2e/fleet.test.ts` waits for the real time.
 */
export async function expireClaims({ databaseUrl: url }: Server): Promise<void> {
  if (engine === "embedded") return;
  const db = connect(url, { max: 1 });
  await db`
    update pgmq.q_ingest set vt = clock_timestamp()
    where msg_id in (select message_id from jobs
                     where job_state not in ('completed', 'failed') and next_attempt_at is null)`;
  await db.end({ timeout: 1 });
}

/** Waits for a document's end, good or bad, and answers the document. */
export const settled = (server: Server, document_id: string, timeoutMs = 90_000) =>
  eventually(
    () => server.json(`/api/documents/${document_id}`),
    ({ status }) => ["completed", "failed"].includes(status),
    timeoutMs,
  );

/** The living processes that a process started. */
export async function childrenOf(pid: number, program = ""): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const parents = pids.map(async (child) => {
    const read = (file: string) => readFile(`/proc/${child}/${file}`, "utf8").catch(() => "");
    const status = await read("status");
    if (!(await read("cmdline")).includes(program)) return [];
    const isChild = new RegExp(`^PPid:\\s*${pid}$`, "m").test(status);
    return isChild && !/^State:\s*Z/m.test(status) ? [Number(child)] : [];
  });
  return (await Promise.all(parents)).flat();
}
