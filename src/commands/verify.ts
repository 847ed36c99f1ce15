import { loadConfig } from "../config";
import { connect } from "../db/client";
import { migrate } from "../db/migrate";
import { openDatabaseServer } from "../db/server";
import { AppError, explain } from "../errors";
import { verifyDocuments } from "../pipelines/document/verify";
import { openStorage } from "../services";
import { DOCUMENT_FILES } from "../storage/files";

/**
 * `./lectern verify`: reads every stored PDF again and compares it with the checksum of its upload.
 * Lists changed and missing files; if there are any, the exit code is 1.
 *
 * Stop a server with the embedded database first: only one process can use it.
 */
async function main(): Promise<number> {
  const config = loadConfig();
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new AppError("cancelled")));
  const database = await openDatabaseServer(config);
  await migrate(database.url);
  const db = connect(database.url, { max: 1 });
  const count = { intact: 0, changed: 0, missing: 0 };
  try {
    const storage = await openStorage(config, DOCUMENT_FILES);
    for await (const { id, filename, state } of verifyDocuments({ db, storage }, stop.signal)) {
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

try {
  process.exit(await main());
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
