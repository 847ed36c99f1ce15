import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { AppError } from "../../errors";
import { syncFolder } from "./synced-fs";

const CHILD = join(import.meta.dir, "data-dir-child.ts");
/**
 * An empty database that the build of the container image adds. Copying it needs little memory, so the image
 * starts on a machine with 768 MB.
 */
const EMPTY_DATABASE = join(import.meta.dir, "../../../empty-database.tar.gz");
/** It takes 3 s; a machine that is busy with other things has taken 30. */
const TIMEOUT_MS = 300_000;

/**
 * Creates an empty database in a folder, completely or not at all.
 *
 * In a process of its own: `initdb` in WebAssembly takes 1 GB for a moment, which a process that
 * runs for weeks would keep as its peak.
 *
 * @param template an archive of an empty database, which is used instead of `initdb` if it exists
 * @throws AppError `database_not_opened` with the reason when the process fails, is killed or takes longer
 *   than five minutes
 */
export async function makeDataDir(dataDir: string, template = EMPTY_DATABASE): Promise<void> {
  if (existsSync(join(dataDir, "PG_VERSION"))) return;
  const folder = resolve(dataDir); // without a trailing slash: the unfinished folder is beside it
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  const source = existsSync(template) ? [template] : [];
  const child = Bun.spawn([process.execPath, "--no-orphans", CHILD, unfinished, ...source], {
    // The optimizing compiler needs more time than it saves in a process that runs for seconds.
    env: { BUN_JSC_useOMGJIT: "0" },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const [printed, exitCode] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (exitCode !== 0) throw notMade(dataDir, child.signalCode, printed);
  await rename(unfinished, folder);
  syncFolder(dirname(folder));
}

/** The system kills a process with SIGKILL when memory is short; so do our limit of time and an operator. */
function notMade(data_dir: string, signal: string | number | null, printed: string): AppError {
  const reason = printed.trim() || `its process was ended by ${signal ?? "itself"}`;
  const advice =
    signal === "SIGKILL"
      ? "The machine is too small or too slow to create a database: give it 1.5 GB of memory, start the " +
        "container image, which needs 768 MB, or set DATABASE_URL"
      : "Check that the folder is writable and that its disk has 100 MB of free space";
  return new AppError("database_not_opened", { data_dir, advice }, { cause: new Error(reason) });
}
