import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError } from "../../errors";
import type { Log } from "../../log";
import { makeDataDir } from "./data-dir";
import { lockDataDir } from "./lock";
import { assertEnoughOpenFiles } from "./open-files";
import type { Command, WorkerReport } from "./worker";

/** Maximum wait of `close()` for a running statement, which only the end of the process can stop. */
const CLOSE_LIMIT_MS = 10_000;

export type EmbeddedDatabaseOptions = {
  /** Folder of the data, made when missing; null keeps everything in memory. */
  dataDir: string | null;
  /** A result of `snapshot()`: the new database starts as that copy, in 0.5 s instead of 5. */
  from?: Blob;
  /** Longest time that a client can be idle in an open transaction; other clients wait for it. */
  idleLimitSeconds?: number;
};

export type EmbeddedDatabase = {
  /** For any PostgreSQL client in any thread or process of this machine. */
  url: string;
  boot_ms: number;
  /** The data as an uncompressed tar, taken between two transactions of the clients. */
  snapshot(): Promise<Blob>;
  /**
   * Starts a second database on a copy of the data, which nothing changes. Clients of this one wait only
   * for the copy, not for reads of it. One copy at a time.
   */
  openCopy(): Promise<{ url: string; close(): Promise<void> }>;
  /**
   * Ends every connection, writes a checkpoint and gives the data directory free.
   *
   * @throws AppError `database_unavailable` after 10 s with a statement that does not end; the
   *   directory stays locked, and exiting the process is as safe as any crash
   */
  close(): Promise<void>;
  /** Resolves with the reason when the database dies by itself, and never otherwise. */
  failed: Promise<Error>;
};

/**
 * Starts PostgreSQL (PGlite with pgvector and pgmq) on a thread of its own, behind a random
 * loopback port. `gateway.ts` describes its limits for clients.
 *
 * Acknowledged commits survive a killed process and a power failure: every commit is synced
 * to the disk first.
 *
 * @throws AppError `database_locked` while another process uses `dataDir`
 * @throws AppError `database_not_opened` when the folder or the machine does not let it start
 */
export async function startEmbeddedDatabase(
  { dataDir, from, idleLimitSeconds = 10 }: EmbeddedDatabaseOptions,
  log?: Log,
): Promise<EmbeddedDatabase> {
  const started = performance.now();
  if (dataDir) await assertEnoughOpenFiles(dataDir);
  const unlock = dataDir ? await lockDataDir(dataDir) : () => {};
  const thread = new DatabaseThread();

  try {
    if (dataDir) await removeCopy(dataDir); // of a process that was killed
    if (dataDir && !from) await makeDataDir(dataDir);
    const { port } = await thread.ask("ready", { type: "start", dataDir, from, idleLimitSeconds });
    const boot_ms = Math.round(performance.now() - started);
    log?.info({ port, boot_ms, data_dir: dataDir ?? "memory" }, "embedded database is ready");

    return {
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      boot_ms,
      failed: thread.failed,
      snapshot: async () => (await thread.ask("snapshot", { type: "snapshot" })).data,
      openCopy: async () => {
        if (!dataDir) {
          const { data } = await thread.ask("snapshot", { type: "snapshot" });
          return startEmbeddedDatabase({
            dataDir,
            from: data,
            idleLimitSeconds: COPY_IDLE_SECONDS,
          });
        }
        await removeCopy(dataDir);
        const folder = copyOf(dataDir);
        try {
          await thread.ask("copied", { type: "copy", folder });
        } catch (error) {
          await removeCopy(dataDir); // half a copy would keep a full disk full
          throw error;
        }
        return openFolderCopy(folder, () => removeCopy(dataDir));
      },
      close: async () => {
        await thread.stop();
        unlock();
      },
    };
  } catch (cause) {
    await thread.stop();
    unlock();
    if (cause instanceof AppError) throw cause;
    const advice = codeOf(cause) === "EADDRNOTAVAIL" ? NO_LOOPBACK : REPAIR;
    throw new AppError("database_not_opened", { data_dir: dataDir, advice }, { cause });
  }
}

/** A reader of a copy can be silent while a slow bucket takes its data. */
const COPY_IDLE_SECONDS = 3_600;

const copyOf = (dataDir: string) => `${resolve(dataDir)}.copy`;

async function removeCopy(dataDir: string): Promise<void> {
  await rm(copyOf(dataDir), { recursive: true, force: true });
  await rm(`${copyOf(dataDir)}.lock`, { force: true });
}

async function openFolderCopy(folder: string, remove: () => Promise<void>) {
  try {
    const copy = await startEmbeddedDatabase({
      dataDir: folder,
      idleLimitSeconds: COPY_IDLE_SECONDS,
    });
    const close = () => copy.close().finally(remove);
    return { url: copy.url, close };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** PGlite states no reason when it cannot open a folder. */
const REPAIR =
  "Free memory and disk if they are short; else the folder is damaged or no database: " +
  "put a backup in its place, or move it away to start with an empty one";

const NO_LOOPBACK =
  "This machine has no address 127.0.0.1, which the embedded database uses: ip addr add 127.0.0.1/8 dev lo";

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

type ReportOf<T extends WorkerReport["type"]> = Extract<WorkerReport, { type: T }>;

/** The worker as seen from the thread that started it. */
class DatabaseThread {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url));
  readonly #ended = Promise.withResolvers<Error>();
  readonly #failed = Promise.withResolvers<Error>();
  #stopping: Promise<void> | null = null;

  /** Resolves when the thread ends without a request to stop. */
  readonly failed = this.#failed.promise;

  constructor() {
    this.#worker.addEventListener("error", (event) => this.#end(event.message));
    this.#worker.addEventListener("close", () => this.#end("its thread ended"));
  }

  /** Sends a command and waits for the report that answers it, or for the thread's end. */
  async ask<T extends WorkerReport["type"]>(answer: T, command: Command): Promise<ReportOf<T>> {
    const answered = Promise.withResolvers<ReportOf<T>>();
    const receive = ({ data }: MessageEvent<WorkerReport>) => {
      if (data.type === answer) answered.resolve(data as ReportOf<T>);
      if (data.type === "failed") {
        answered.reject(Object.assign(new Error(data.reason), { code: data.code }));
      }
    };
    const died = this.#ended.promise.then((error) => Promise.reject(error));

    this.#worker.addEventListener("message", receive);
    this.#worker.postMessage(command);
    try {
      return await Promise.race([answered.promise, died]);
    } finally {
      this.#worker.removeEventListener("message", receive);
    }
  }

  /** Also for a thread that is dead already, and for the second caller. */
  stop(): Promise<void> {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }

  async #close(): Promise<void> {
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const busy = new AppError("database_unavailable", { reason: "a statement does not end" });
    const timer = setTimeout(() => reject(busy), CLOSE_LIMIT_MS);
    const closed = this.ask("closed", { type: "close" }).catch(() => {}); // dead is closed, too
    await Promise.race([closed, tooLate]).finally(() => clearTimeout(timer));
    this.#worker.terminate();
  }

  #end(reason: string): void {
    const error = new Error(`The embedded database died: ${reason}`);
    this.#ended.resolve(error);
    if (!this.#stopping) this.#failed.resolve(error);
  }
}
