import { loadConfig } from "../config";
import { summarize } from "../pipelines/backup/create";
import { assertSchema } from "../pipelines/backup/restore";
import { verifyDocuments } from "../pipelines/document/verify";
import { openStorage } from "../services";
import { readArchive } from "../storage/backup-archive";
import { DOCUMENT_FILES } from "../storage/files";
import { findArchive } from "./archive-address";
import { useInstalledDatabase } from "./installation";
import { exitWithUsage, runMain } from "./run-main";
import { openStopSignal } from "./stop-signal";

/**
 * `./lectern verify`: reads every stored PDF again and compares it with the checksum of its upload.
 * Lists changed and missing files; if there are any, the exit code is 1. Stop a server with the embedded database
 * first: only one process can use it.
 *
 * `./lectern verify ARCHIVE`: reads a whole backup, compares its rows and files with its checksums, and reports whether
 * this version can restore it. It needs no database.
 */
const USAGE = "Usage: ./lectern verify [ARCHIVE|latest]";

async function main(args: string[]): Promise<void> {
  const [address, ...others] = args;
  if (others.length > 0) exitWithUsage("verify takes one archive at most", USAGE);
  if (address?.startsWith("-")) exitWithUsage(`verify has no option ${address}`, USAGE);
  const signal = openStopSignal();
  const isIntact = await (address ? verifyArchive(address, signal) : verifyStorage(signal));
  process.exit(isIntact ? 0 : 1);
}

async function verifyArchive(address: string, signal: AbortSignal): Promise<boolean> {
  const archive = await findArchive(loadConfig(), address);
  const { header, manifest } = await readArchive(
    await archive.open(),
    { header: assertSchema }, // first, because another version can have other parts
    signal,
  );
  const { rows, files, missing, changed } = summarize(manifest);
  const origin = `Lectern ${header.lectern}, ${header.engine}, ${header.created_at}`;
  console.log(`${archive.label} is intact: ${rows} rows, ${files} files (${origin})`);
  for (const { kind, name } of manifest.missing) console.log(`missing  ${kind}/${name}`);
  for (const name of manifest.changed) console.log(`changed  documents/${name}`);
  return missing + changed === 0;
}

async function verifyStorage(signal: AbortSignal): Promise<boolean> {
  const config = loadConfig();
  const count = { intact: 0, changed: 0, missing: 0 };
  await useInstalledDatabase(config, 1, async (db) => {
    const storage = await openStorage(config, DOCUMENT_FILES);
    for await (const { id, filename, state } of verifyDocuments({ db, storage }, signal)) {
      count[state] += 1;
      if (state !== "intact") console.log(`${state.padEnd(8)} ${id} ${filename}`);
    }
  });
  console.log(`${count.intact} intact, ${count.changed} changed, ${count.missing} missing`);
  return count.changed + count.missing === 0;
}

await runMain(main);
