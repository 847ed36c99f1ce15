/**
 * An embedded database in a process of its own: `bun database.ts FOLDER synced|unsynced`. It prints its URL, and
 * its number of syncs for each line on stdin.
 */
import { Backend } from "../../src/db/embedded/backend";
import { makeDataDir } from "../../src/db/embedded/data-dir";
import { Gateway } from "../../src/db/embedded/gateway";
import { openPGlite } from "../../src/db/embedded/pglite";
import { SyncedFS } from "../../src/db/embedded/synced-fs";

const [folder, mode] = process.argv.slice(2) as [string, "synced" | "unsynced"];
let syncs = 0;

class CountingFS extends SyncedFS {
  protected override syncFile(descriptor: number): void {
    syncs += 1;
    if (mode === "synced") super.syncFile(descriptor);
  }

  protected override syncFolder(path: string): void {
    syncs += 1;
    if (mode === "synced") super.syncFolder(path);
  }
}

await makeDataDir(folder);
const gateway = await Gateway.open(new Backend(await openPGlite(new CountingFS(folder))), 10);
console.log(`postgres://postgres@127.0.0.1:${gateway.port}/postgres`);
for await (const _ of console) console.log(syncs);
process.exit(0);
