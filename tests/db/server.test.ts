import { afterAll, describe, expect, test } from "bun:test";
import { connect } from "../../src/db/client";
import { checkServer } from "../../src/db/server";
import { databaseUrl, engine } from "../support/database";

const database = await databaseUrl();
afterAll(() => database.close());

describe("checkServer", () => {
  test("returns the properties of a usable server", async () => {
    expect(await checkServer(database.url)).toMatchObject({
      release: expect.any(Number),
      vector: expect.stringMatching(/^\d+\.\d+/),
      encoding: "UTF8",
    });
  });

  test("lists what to check when no server answers", async () => {
    const DATABASE_URL = [expect.stringContaining("check host, port, user, password and database")];

    await expect(checkServer("postgres://127.0.0.1:1/x")).rejects.toMatchObject({
      errorCode: "config_invalid",
      details: { problems: { DATABASE_URL } },
    });
  });

  test.if(engine === "native")("refuses a standby", async () => {
    const standby = await databaseUrl();
    // PostgreSQL's function as a standby has it.
    const admin = connect(standby.url, { max: 1 });
    await admin.unsafe(`
      create function pg_is_in_recovery() returns boolean language sql as 'select true';
      do $$ begin execute format('alter database %I set search_path = public, pg_catalog',
        current_database()); end $$`);
    await admin.end();
    const failure = await checkServer(standby.url).catch((error) => error);
    await standby.close();

    const DATABASE_URL = [expect.stringContaining("name the primary")];
    expect(failure).toMatchObject({ details: { problems: { DATABASE_URL } } });
  });

  // The embedded database is always in UTF-8.
  test.if(engine === "native")("refuses a database that cannot hold every letter", async () => {
    const sql = connect(database.url, { max: 1 });
    const name = `lectern_test_${Math.floor(Date.now() / 1000)}_latin_${process.pid}`;
    await sql`
      create database ${sql(name)} encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`;
    const url = Object.assign(new URL(database.url), { pathname: `/${name}` });

    const failure = await checkServer(url.href).catch((error) => error);
    await sql`drop database ${sql(name)} with (force)`;
    await sql.end();

    const DATABASE_URL = [expect.stringMatching(/is in LATIN1.*encoding 'UTF8'/)];
    expect(failure).toMatchObject({ details: { problems: { DATABASE_URL } } });
  });
});
