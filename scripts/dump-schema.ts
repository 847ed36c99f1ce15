/**
 * Writes `sql/schema.sql`: the schema after all migrations, so that a diff shows its changes.
 * With `--check` it writes nothing and exits 1 when the file is stale.
 */
import { join } from "node:path";
import { cloneNative } from "../tests/support/native-database";

const PROJECT = join(import.meta.dir, "..");
const SCHEMA = join(PROJECT, "sql/schema.sql");

/** The schema of a freshly migrated native database, the same text every time. */
async function dumpSchema(): Promise<string> {
  const database = await cloneNative();
  try {
    const dump = Bun.spawn(
      [
        ...[join(PROJECT, "scripts/postgres"), "exec", "pg_dump", "--schema-only"],
        // Without pgmq's own objects: it is an extension here and plain SQL on other servers.
        ...["--no-owner", "--no-privileges", "--exclude-schema=pgmq", database.url],
      ],
      { stderr: "inherit" },
    );
    const sql = await new Response(dump.stdout).text();
    if ((await dump.exited) !== 0) throw new Error("pg_dump failed, see above");
    return HEADER + withoutVolatileLines(sql);
  } finally {
    await database.close();
  }
}

const HEADER =
  "-- Generated from the migrations beside it by scripts/dump-schema.ts. Do not edit.\n\n";

/** Removes comments, versions and the random keys for psql, which differ between runs. */
function withoutVolatileLines(sql: string): string {
  const kept = sql.split("\n").filter((line) => !/^(--|\\restrict|\\unrestrict)/.test(line));
  return `${kept
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim()}\n`;
}

const schema = await dumpSchema();
if (!Bun.argv.includes("--check")) {
  await Bun.write(SCHEMA, schema);
} else if (
  schema !==
  (await Bun.file(SCHEMA)
    .text()
    .catch(() => ""))
) {
  console.error("sql/schema.sql is not what the migrations make. Run: bun scripts/dump-schema.ts");
  process.exitCode = 1;
}
