/** The process that creates the folder of a new database and ends. Arguments: the folder, and a template if there is one. */
import { closeSync, fsyncSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { closePGlite, openPGlite } from "./pglite";
import { SyncedFS, syncFolder } from "./synced-fs";

const [folder = "", template] = process.argv.slice(2);
if (template) await new Bun.Archive(await Bun.file(template).bytes()).extract(folder);
else await closePGlite(await openPGlite(new SyncedFS(folder)));
syncTree(folder);

/** `initdb` does not sync here. Without this sync, a power failure soon after it leaves empty files. */
function syncTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) syncTree(child);
    if (!entry.isFile()) continue;
    const file = openSync(child, "r");
    fsyncSync(file);
    closeSync(file);
  }
  syncFolder(path);
}
