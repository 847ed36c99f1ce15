import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";
import type { Log } from "../log";
import { writePieces } from "./write-pieces";

/** Identifies an answer: the job that paid for it, and everything that decides its content. */
export type AnswerKey = { job_id: string; content: readonly (string | number | undefined)[] };

/** Increase it when the form of a stored answer changes: an earlier form is then not read. */
const FORMAT = 1;
const NAME = /^([0-9a-f-]{36})\.[0-9a-f]{64}\.json$/;

/**
 * Paid answers on the disk of this machine, from their arrival until the database has stored them. So an
 * answer outlives the process also while the database is away.
 *
 * A failure of the disk never fails a call: the answer is still in memory. It is logged.
 */
export class AnswerSpool {
  readonly #folder: string;
  readonly #log: Pick<Log, "warn">;

  /** @param dataRoot  folder of all files; the spool is a folder in it */
  constructor(dataRoot: string, log: Pick<Log, "warn">) {
    this.#folder = join(dataRoot, SPOOL_FOLDER);
    this.#log = log;
  }

  /** Writes an answer, as JSON. When it returns, the file is complete and survives a power failure. */
  async keep(key: AnswerKey, answer: object): Promise<void> {
    const path = this.#pathOf(key);
    const unfinished = `${path}.${crypto.randomUUID()}.part`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFlushed(unfinished, JSON.stringify(answer));
      await rename(unfinished, path);
      await flushFolder(this.#folder);
    } catch (err) {
      this.#log.warn({ err, job_id: key.job_id }, "a paid answer was not written to the disk");
      await rm(unfinished, { force: true }).catch(() => {});
    }
  }

  /** Reads an answer; null without one, and for a file that is not JSON. */
  async find(key: AnswerKey): Promise<object | null> {
    try {
      const answer: unknown = JSON.parse(await readFile(this.#pathOf(key), "utf8"));
      return typeof answer === "object" ? answer : null;
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== "ENOENT") {
        this.#log.warn({ err, job_id: key.job_id }, "a paid answer on the disk cannot be read");
      }
      return null;
    }
  }

  async remove(key: AnswerKey): Promise<void> {
    await this.#removeFile(this.#pathOf(key));
  }

  /** The files of all complete answers, for a backup. */
  async listFiles(): Promise<{ name: string; path: string }[]> {
    const names = (await this.#names()).filter((name) => NAME.test(name));
    return names.map((name) => ({ name, path: join(this.#folder, name) }));
  }

  /**
   * Stores a file that `listFiles` named.
   *
   * @throws AppError `backup_damaged` for another name
   */
  async restoreFile(name: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    if (!NAME.test(name))
      throw new AppError("backup_damaged", { reason: `unexpected file ${name}` });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const unfinished = join(this.#folder, `${name}.${crypto.randomUUID()}.part`);
    try {
      await writePieces(unfinished, bytes);
      await rename(unfinished, join(this.#folder, name));
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  /** The jobs that have answers here. */
  async listJobs(): Promise<string[]> {
    return [...new Set((await this.#names()).flatMap((name) => NAME.exec(name)?.[1] ?? []))];
  }

  /**
   * Removes answers that no attempt can use any more: those of other jobs, and those older than `maxAgeMs`.
   *
   * @param jobs  the jobs whose answers stay
   * @returns how many files were removed
   */
  async sweep(jobs: ReadonlySet<string>, maxAgeMs: number): Promise<number> {
    let removed = 0;
    for (const name of await this.#names()) {
      const path = join(this.#folder, name);
      const job_id = NAME.exec(name)?.[1];
      const changed = (await stat(path).catch(() => null))?.mtimeMs;
      if (changed === undefined) continue;
      const age = Date.now() - changed;
      if (age < FRESH_MS || (job_id && jobs.has(job_id) && age < maxAgeMs)) continue;
      await this.#removeFile(path);
      removed += 1;
    }
    return removed;
  }

  async #removeFile(path: string): Promise<void> {
    await rm(path, { force: true }).catch((err) =>
      this.#log.warn({ err, path }, "a paid answer was not removed from the disk"),
    );
  }

  async #names(): Promise<string[]> {
    return readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
  }

  #pathOf({ job_id, content }: AnswerKey): string {
    const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify([FORMAT, ...content]));
    return join(this.#folder, `${job_id}.${hash.digest("hex")}.json`);
  }
}

/** In DATA_ROOT. */
export const SPOOL_FOLDER = "paid-answers";

/** A file is being written, or its job's row is being read. */
const FRESH_MS = 60_000;

async function writeFlushed(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text); // a short write on a full disk leaves invalid JSON, which is never read
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the new names in a folder durable. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
