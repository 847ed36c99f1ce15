// One engine: the embedded database is opened in the same way, after a look at its folder.
import { afterAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openInstalledDatabase } from "../../src/commands/installed-database";
import { loadConfig } from "../../src/config";
import { connect } from "../../src/db/client";
import { listAppliedMigrations } from "../../src/db/migrate";
import { ERRORS } from "../../src/errors";
import { databaseUrl, engine } from "../support/database";
import { CLEAN_ENVIRONMENT } from "../support/environment";

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

/** Runs a command of `src/commands` with this database. */
async function run(url: string, [script, ...args]: string[]) {
  const child = Bun.spawn([process.execPath, join("src", "commands", script!), ...args], {
    env: { ...CLEAN_ENVIRONMENT, DATABASE_URL: url, DATA_ROOT },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { out, err, code: await child.exited };
}

const COMMANDS = [
  ["keys.ts", "create", "--name", "a", "--scopes", "admin"],
  ["reembed.ts"],
  ["eval.ts", "--course", crypto.randomUUID()],
  ["eval.ts", "tests/fixtures/beir"],
];

test.skipIf(engine === "embedded")(
  "an empty database, and one of another program, are refused by each command and stay as they are",
  async () => {
    const name = `lectern_test_${Math.floor(Date.now() / 1000)}_empty_${process.pid}`;
    await sql`create database ${sql(name)}`;
    const url = Object.assign(new URL(database.url), { pathname: `/${name}` }).href;
    const other = connect(url, { max: 1 });
    const listTables = () =>
      other`select tablename as name from pg_tables where schemaname = 'public'`.values();
    try {
      const refused = await openInstalledDatabase(settings(url)).catch((error) => error);
      const ofEmpty = await Promise.all(COMMANDS.map((command) => run(url, command)));
      const tables = await listTables();
      await other`create table courses (id int)`;
      const ofOther = await Promise.all(COMMANDS.map((command) => run(url, command)));
      const doctor = await run(url, ["doctor.ts"]);

      expect(refused).toMatchObject({
        errorCode: "config_invalid",
        details: { problems: { DATABASE_URL: [expect.stringContaining("./lectern migrate")] } },
      });
      expect(ofEmpty.map(({ code }) => code)).toEqual([1, 1, 1, 1]);
      for (const { err } of ofEmpty) expect(err).toContain("the database is empty");
      expect(tables).toHaveLength(0);
      for (const { err } of ofOther) expect(err).toContain(ERRORS.database_foreign.title);
      expect([...(await listTables())]).toEqual([["courses"]]);
      expect(doctor).toMatchObject({
        code: 1,
        out: expect.stringMatching(/^!! {2}schema .*courses/m),
      });
    } finally {
      await other.end({ timeout: 1 });
      await sql`drop database ${sql(name)} with (force)`;
    }
  },
  60_000,
);

test.skipIf(engine === "embedded")("a newer database is refused by each command", async () => {
  await sql`insert into schema_migrations (name, sha256) values ('9999_later.sql', 'x')`;
  const refused = await Promise.all(COMMANDS.map((command) => run(database.url, command)));

  for (const { err, code } of refused) {
    expect(code).toBe(1);
    expect(err).toContain(ERRORS.database_newer.title);
  }
});
