import { afterAll, describe, expect, test } from "bun:test";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertRestorable } from "../../src/db/backup/load";
import { connect } from "../../src/db/client";
import {
  findPendingMigrations,
  listMigrations,
  listOwnTables,
  migrate,
} from "../../src/db/migrate";
import { databaseUrl, engine } from "../support/database";

const database = await databaseUrl();
const sql = connect(database.url, { max: 1 });
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await database.close();
});

/** The migrations of this version and one more. */
async function nextVersion(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-sql-"));
  await cp("sql", folder, { recursive: true });
  await Bun.write(join(folder, "9000_next.sql"), text);
  return folder;
}

describe("migrate", () => {
  test("does nothing to a database that has everything", async () => {
    expect(await migrate(database.url)).toEqual([]);
  });

  test("makes the tables that its files name, and no other", async () => {
    const tables = await sql<{ name: string }[]>`
      select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'schema_migrations'`;

    expect((await listOwnTables()).sort()).toEqual(tables.map(({ name }) => name).sort());
  });

  test.if(engine === "native")(
    "gives a copy of a database the settings of search, which a copy does not have",
    async () => {
      const [names] = await sql<{ name: string; role: string }[]>`
        select quote_ident(current_database()) as name, quote_ident(current_user) as role`;
      await sql.unsafe(`alter role ${names!.role} in database ${names!.name} reset all`);

      await Promise.all([migrate(database.url), migrate(database.url)]);

      const later = connect(database.url, { max: 1 });
      const [settings] = await later`
        select current_setting('jit') as jit, current_setting('plan_cache_mode') as plans`;
      await later.end();
      expect(settings).toEqual({ jit: "off", plans: "force_generic_plan" });
    },
  );

  test("names a file that has changed since it was applied, and what to do", async () => {
    const name = "0002_courses.sql";
    const [applied] = await sql`select sha256 from schema_migrations where name = ${name}`;
    await sql`update schema_migrations set sha256 = 'another' where name = ${name}`;

    await expect(migrate(database.url)).rejects.toMatchObject({
      errorCode: "migration_changed",
      details: { name, advice: expect.stringContaining(`If you changed sql/${name}: restore it`) },
    });
    await sql`update schema_migrations set sha256 = ${applied!.sha256} where name = ${name}`;
  });

  test("refuses a database that a newer version has migrated, and changes nothing", async () => {
    await sql`insert into schema_migrations (name, sha256) values ('9999_later.sql', 'x')`;
    const newer = { errorCode: "database_newer", details: { unknown: ["9999_later.sql"] } };

    await expect(migrate(database.url)).rejects.toMatchObject(newer);
    await expect(findPendingMigrations(database.url)).rejects.toMatchObject(newer);
    await sql`delete from schema_migrations where name = '9999_later.sql'`;
    expect(await findPendingMigrations(database.url)).toEqual([]);
  });

  test("lists what it would apply, and then applies that beside a running transaction", async () => {
    const folder = await nextVersion("alter table rolling add column note text");
    await sql`create table rolling (id int)`;
    await sql`insert into rolling values (1)`;
    expect(await findPendingMigrations(database.url, folder)).toEqual(["9000_next.sql"]);
    expect(await sql`select 1 from schema_migrations where name = '9000_next.sql'`).toHaveLength(0);

    expect(await migrate(database.url, { folder })).toEqual(["9000_next.sql"]);
    // A process of the previous version does not know the column.
    const [row] = await sql`insert into rolling (id) values (2) returning note`;
    expect(row!.note).toBeNull();
    await sql`drop table rolling`;
    await sql`delete from schema_migrations where name = '9000_next.sql'`;
    await rm(folder, { recursive: true });
  });

  // The embedded database runs one transaction at a time, so nothing can hold a lock there.
  test.if(engine === "native")(
    "waits for a lock in short tries, so that running processes can work, and then names the cause",
    async () => {
      const folder = await nextVersion("alter table held add column note text");
      await sql`create table held (id int)`;
      const other = connect(database.url, { max: 1 });
      const release = Promise.withResolvers<void>();
      const locked = Promise.withResolvers<void>();
      const holding = other.begin(async (transaction) => {
        await transaction`lock table held in access share mode`;
        locked.resolve();
        await release.promise;
      });
      await locked.promise;

      const options = { folder, lockMs: 20, tries: 2 };
      const failure = await migrate(database.url, options).catch((error) => error);
      const retried = migrate(database.url, { folder, lockMs: 20, tries: 1_000 });
      release.resolve();
      await holding;

      expect(failure).toMatchObject({
        errorCode: "database_unavailable",
        details: { advice: expect.stringContaining("blocks the migration 9000_next.sql") },
      });
      expect(await retried).toEqual(["9000_next.sql"]);
      await other.end({ timeout: 1 });
      await sql`drop table held`;
      await sql`delete from schema_migrations where name = '9000_next.sql'`;
      await rm(folder, { recursive: true });
    },
  );

  // The embedded database is never shared with another program.
  test.if(engine === "native")(
    "refuses a database with tables of another program, and changes nothing",
    async () => {
      const name = `lectern_test_${Math.floor(Date.now() / 1000)}_foreign_${process.pid}`;
      await sql`create database ${sql(name)}`;
      const url = Object.assign(new URL(database.url), { pathname: `/${name}` }).href;
      const other = connect(url, { max: 1 });
      const listTables = () => other`select tablename from pg_tables where schemaname = 'public'`;
      const failures: unknown[] = [];
      for (const tables of [
        "create table courses (id int); create table users (name text)",
        "create table schema_migrations (version text)", // as Rails and others make it
      ]) {
        await other.unsafe(`drop schema public cascade; create schema public; ${tables}`);
        const before = await listTables();
        failures.push(await findPendingMigrations(url).catch((error) => error));
        failures.push(await migrate(url).catch((error) => error));
        failures.push(await assertRestorable(url, await listMigrations()).catch((error) => error));
        expect(await listTables()).toEqual(before);
      }
      await other.end({ timeout: 1 });
      await sql`drop database ${sql(name)} with (force)`;

      const foreign = (tables: string[]) => ({
        errorCode: "database_foreign",
        details: { tables },
      });
      const refused = [foreign(["courses", "users"]), foreign(["schema_migrations"])];
      expect(failures).toMatchObject(refused.flatMap((one) => [one, one, one]));
    },
  );

  // The embedded database always gets our version.
  test.if(engine === "native")("refuses an older pgmq, with which no job would begin", async () => {
    const old = `lectern_test_${Math.floor(Date.now() / 1000)}_pgmq_${process.pid}`;
    await sql`create database ${sql(old)}`;
    const url = Object.assign(new URL(database.url), { pathname: `/${old}` }).href;
    const before = connect(url, { max: 1 });
    await before.unsafe("create schema pgmq; create table pgmq.meta (queue_name text)");
    await before.end({ timeout: 1 });

    const failure = await migrate(url).catch((error) => error);
    await sql`drop database ${sql(old)} with (force)`;

    expect(failure).toMatchObject({
      errorCode: "config_invalid",
      details: { problems: { DATABASE_URL: [expect.stringContaining("alter extension pgmq")] } },
    });
  });

  // The embedded database has one user, who may do anything.
  test.if(engine === "native")(
    "shows a user without rights what a superuser must run",
    async () => {
      const user = `lectern_nobody_${process.pid}`;
      const empty = `lectern_test_${Math.floor(Date.now() / 1000)}_rights_${process.pid}`;
      await sql`create role ${sql(user)} login`;
      await sql`create database ${sql(empty)} owner ${sql(user)}`;
      const url = Object.assign(new URL(database.url), { username: user, pathname: `/${empty}` });

      const failure = await migrate(url.href).catch((error) => error);
      await sql`drop database ${sql(empty)} with (force)`;
      await sql`drop role ${sql(user)}`;

      expect(failure).toMatchObject({
        errorCode: "config_invalid",
        details: {
          problems: {
            DATABASE_URL: [expect.stringContaining("create extension if not exists vector")],
          },
        },
      });
    },
  );
});
