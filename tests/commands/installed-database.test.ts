// One engine: the embedded database is opened in the same way, after a look at its folder.
import { afterAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openInstalledDatabase } from "../../src/commands/installed-database";
import { loadConfig } from "../../src/config";
import { connect } from "../../src/db/client";
import { listAppliedMigrations } from "../../src/db/migrate";
import { databaseUrl, engine } from "../support/database";

const database = await databaseUrl();
const sql = connect(database.url, { max: 1 });
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await database.close();
});

const DATA_ROOT = join(tmpdir(), `lectern-none-${crypto.randomUUID()}`);
const settings = (DATABASE_URL: string) => loadConfig({ DATABASE_URL, DATA_ROOT });

test.skipIf(engine === "embedded")("a database of this version is opened", async () => {
  const opened = await openInstalledDatabase(settings(database.url));

  expect(opened.directUrl).toBe(database.url);
});

test.skipIf(engine === "embedded")(
  "a database of an earlier version is not migrated, and opened only by commands that read every version",
  async () => {
    await sql`delete from schema_migrations where name = (select max(name) from schema_migrations)`;
    const before = await listAppliedMigrations(sql);
    const config = settings(database.url);
    const refused = openInstalledDatabase(config);

    await expect(refused).rejects.toMatchObject({
      errorCode: "database_older",
      details: { pending: [expect.stringMatching(/\.sql$/)] },
    });
    await openInstalledDatabase(config, { ofEarlierVersion: true });
    expect(await listAppliedMigrations(sql)).toEqual(before);
  },
);

test.skipIf(engine === "embedded")("an empty database is refused and stays empty", async () => {
  const name = `lectern_test_${Math.floor(Date.now() / 1000)}_empty_${process.pid}`;
  await sql`create database ${sql(name)}`;
  const url = Object.assign(new URL(database.url), { pathname: `/${name}` }).href;
  const refused = await openInstalledDatabase(settings(url)).catch((error) => error);
  const empty = connect(url, { max: 1 });
  const tables = await empty`select tablename from pg_tables where schemaname = 'public'`;
  await empty.end({ timeout: 1 });
  await sql`drop database ${sql(name)} with (force)`;

  expect(refused).toMatchObject({
    errorCode: "config_invalid",
    details: { problems: { DATABASE_URL: [expect.stringContaining("the database is empty")] } },
  });
  expect(tables).toHaveLength(0);
});
