import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { syncFolder } from "./synced-fs";

const CHILD = join(import.meta.dir, "data-dir-child.ts");
/** It takes 3 s; a machine that is busy with other things has taken 30. */
const TIMEOUT_MS = 300_000;

/**
 * Creates an empty database in a folder, completely or not at all.
 *
 * In a process of its own: `initdb` in WebAssembly takes 1 GB for a moment, which a process that
 * runs for weeks would keep as its peak.
 *
 * @throws Error with the output of the process when it fails or takes longer than five minutes
 */
export async function makeDataDir(dataDir: string): Promise<void> {
  if (existsSync(join(dataDir, "PG_VERSION"))) return;
  const folder = resolve(dataDir); // without a trailing slash: the unfinished folder is beside it
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  const child = Bun.spawn([process.execPath, "--no-orphans", CHILD, unfinished], {
    env: {},
    stdio: ["ignore", "ignore", "pipe"],
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const [printed, exitCode] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (exitCode !== 0) throw new Error(`No database could be made in ${dataDir}: ${printed}`);
  await rename(unfinished, folder);
  syncFolder(dirname(folder));
}
