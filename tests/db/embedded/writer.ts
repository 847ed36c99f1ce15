import postgres from "postgres";
import { startEmbeddedDatabase } from "../../../src/db/embedded/start";

/** Writes rows for ever, and prints the number of each once it is acknowledged. */
const database = await startEmbeddedDatabase({ dataDir: process.argv[2]! });
const sql = postgres(database.url, { max: 1, onnotice: () => {} });
await sql`create table if not exists written (n int primary key)`;

for (let n = 1; ; n++) {
  await sql`insert into written values (${n})`;
  console.log(n);
}
