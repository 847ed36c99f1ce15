import { Database, SQLiteError } from "bun:sqlite";
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { AppError } from "../../errors";

type LockHolder = { pid: number; since: string };

/**
 * Claims a data directory for this process: two writers would destroy it, and PGlite does not look.
 *
 * The lock is the operating system's, held on `<dataDir>.lock` through SQLite. It ends with the
 * process however that dies, so nothing is ever stale, and a process id that a restarted container
 * uses again is not mistaken for a living owner. The row in the file only names the owner.
 *
 * @returns gives the directory free
 * @throws AppError `database_locked`, with the owner and the next step; `config_invalid` when there
 *   can be no lock in this place
 */
export async function lockDataDir(dataDir: string): Promise<() => void> {
  const folder = resolve(dataDir); // without a trailing slash: the lock file is beside the folder
  await mkdir(dirname(folder), { recursive: true });
  const file = openFile(`${folder}.lock`);
  try {
    // Do not wait for the lock: its process holds it until it ends.
    file.run("pragma busy_timeout = 0");
    file.run("create table if not exists owner (pid integer, since text)");
    file.run("delete from owner");
    file.run("insert into owner values (?, ?)", [process.pid, new Date().toISOString()]);
    file.run("begin immediate");
  } catch (error) {
    const owner = error instanceof SQLiteError ? readOwner(file) : null;
    file.close();
    if (!(error instanceof SQLiteError) || error.code !== "SQLITE_BUSY") {
      throw notLockable(`${folder}.lock`, error);
    }
    throw lockedBy(owner, dataDir);
  }
  return () => file.close();
}

function openFile(path: string): Database {
  try {
    return new Database(path);
  } catch (error) {
    throw notLockable(path, error);
  }
}

function notLockable(path: string, error: unknown): AppError {
  const problem = `${path} cannot be locked (${(error as Error).message}): make it a file this user may write, or remove it`;
  return new AppError("config_invalid", { problems: { DATA_ROOT: [problem] } });
}

/** Readers are not kept out by the lock. */
function readOwner(file: Database): LockHolder | null {
  try {
    return file.query<LockHolder, []>("select pid, since from owner").get();
  } catch {
    return null;
  }
}

function lockedBy(owner: LockHolder | null, dataDir: string): AppError {
  const advice = `Stop ${owner ? `process ${owner.pid}` : "the other process"}, or give this one another DATA_ROOT, or let both use one server through DATABASE_URL.`;
  return new AppError("database_locked", { data_dir: dataDir, ...owner, advice });
}
