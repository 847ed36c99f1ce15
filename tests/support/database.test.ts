import { expect, test } from "bun:test";
import { connect } from "../../src/db/client";
import { databaseUrl, migratedDatabase } from "./database";

test("every caller gets a migrated database of its own", async () => {
  const [mine, theirs] = await Promise.all([migratedDatabase(), migratedDatabase()]);
  await mine`insert into courses (name) values ('Thermodynamics')`;

  expect(await mine`select name from courses`).toHaveLength(1);
  expect(await theirs`select name from courses`).toHaveLength(0);
  await Promise.all([mine.end(), theirs.end()]);
});

test("a database is gone when it is closed, even under an open connection", async () => {
  const { url, close } = await databaseUrl();
  const sql = connect(url, { max: 1 });
  await sql`select 1`;
  await close();

  expect(async () => await sql`select 1`).toThrow();
  await sql.end({ timeout: 0 });
});
