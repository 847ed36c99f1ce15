import { loadConfig } from "../config";
import { connect } from "../db/client";
import { summarize } from "../pipelines/backup/create";
import { assertSchema } from "../pipelines/backup/restore";
import { verifyDocuments } from "../pipelines/document/verify";
import { openStorage } from "../services";
import { readArchive } from "../storage/backup-archive";
import { DOCUMENT_FILES } from "../storage/files";
import { findArchive } from "./archive-address";
import { openInstalledDatabase } from "./installed-database";
import { runMain } from "./run-main";
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

async function main(args: string[]): Promise<number> {
  const [address, ...others] = args;
  if (others.length > 0 || address?.startsWith("-")) {
    console.error(USAGE);
    return 2;
  }
  const signal = openStopSignal();
  return address ? verifyArchive(address, signal) : verifyStorage(signal);
}

async function verifyArchive(address: string, signal: AbortSignal): Promise<number> {
  const archive = await findArchive(loadConfig(), address);
  const { header, manifest } = await readArchive(await archive.open(), {}, signal);
  await assertSchema(header.schema);
  const { rows, files, missing, changed } = summarize(manifest);
  const origin = `Lectern ${header.lectern}, ${header.engine}, ${header.created_at}`;
  console.log(`${archive.label} is intact: ${rows} rows, ${files} files (${origin})`);
  for (const { kind, name } of manifest.missing) console.log(`missing  ${kind}/${name}`);
  for (const name of manifest.changed) console.log(`changed  documents/${name}`);
  return missing + changed > 0 ? 1 : 0;
}

async function verifyStorage(signal: AbortSignal): Promise<number> {
  const config = loadConfig();
  const database = await openInstalledDatabase(config);
  const db = connect(database.directUrl, { max: 1 });
  const count = { intact: 0, changed: 0, missing: 0 };
  try {
    const storage = await openStorage(config, DOCUMENT_FILES);
    for await (const { id, filename, state } of verifyDocuments({ db, storage }, signal)) {
      count[state] += 1;
      if (state !== "intact") console.log(`${state.padEnd(8)} ${id} ${filename}`);
    }
  } finally {
    await db.end();
    await database.close();
  }
  console.log(`${count.intact} intact, ${count.changed} changed, ${count.missing} missing`);
  return count.changed + count.missing > 0 ? 1 : 0;
}

await runMain(async (args) => process.exit(await main(args)));
