import { existsSync } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { AppError } from "../../errors";
import { syncFolder } from "./sync-folder";

/**
 * Creates an empty database in a folder, completely or not at all. Only the user of this process can read it.
 *
 * It is a copy of the archive that PGlite publishes: `initdb` in WebAssembly takes 3 s and 1 GB of memory
 * (docs/decisions/0067).
 *
 * @throws AppError `database_not_opened`
 */
export async function makeDataDir(dataDir: string): Promise<void> {
  if (existsSync(join(dataDir, "PG_VERSION"))) return;
  const folder = resolve(dataDir); // without a trailing slash: the unfinished folder is beside it
  const unfinished = `${folder}.new`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { mode: 0o700, recursive: true });
    const { dataDir: readEmptyDatabase } = await import("@electric-sql/pglite-prepopulatedfs");
    const archive = await readEmptyDatabase();
    await new Bun.Archive(await archive.bytes()).extract(unfinished);
    await syncTree(unfinished);
    await rename(unfinished, folder);
    syncFolder(dirname(folder));
  } catch (cause) {
    const advice = "Check that the folder is writable and that its disk has 100 MB of free space";
    throw new AppError("database_not_opened", { data_dir: dataDir, advice }, { cause });
  }
}

/** The disk joins syncs at the same time. Each has an open file, of which a process has a limit. */
const SYNCS_AT_ONCE = 64;

/** Without this sync, a power failure soon after the start leaves empty files. */
async function syncTree(folder: string): Promise<void> {
  const paths = [".", ...(await readdir(folder, { recursive: true }))];
  for (let start = 0; start < paths.length; start += SYNCS_AT_ONCE) {
    const batch = paths.slice(start, start + SYNCS_AT_ONCE);
    await Promise.all(batch.map((path) => syncPath(join(folder, path))));
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path);
  await handle.sync().finally(() => handle.close());
}
