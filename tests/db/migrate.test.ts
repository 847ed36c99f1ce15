import { afterAll, describe, expect, test } from "bun:test";
import { connect } from "../../src/db/client";
import { migrate } from "../../src/db/migrate";
import { databaseUrl, engine } from "../support/database";

const database = await databaseUrl();
const sql = connect(database.url, { max: 1 });
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await database.close();
});

describe("migrate", () => {
  test("does nothing to a database that has everything", async () => {
    expect(await migrate(database.url)).toEqual([]);
  });

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
