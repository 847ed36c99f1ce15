// One engine: PgBouncer needs PostgreSQL.
import { afterAll, describe, expect, test } from "bun:test";
import { openDatabase } from "../../src/db/client";
import { deliversNotifications, openDatabaseServer } from "../../src/db/server";
import { databaseUrl, engine } from "../support/database";
import { silentLog } from "../support/factories";
import { hasPgBouncer, PGBOUNCER, startPgBouncer } from "../support/pgbouncer";

describe(`behind ${PGBOUNCER}`, async () => {
  if (engine !== "native" || !hasPgBouncer) {
    test.skip("needs PostgreSQL and PgBouncer", () => {});
    return;
  }
  const database = await databaseUrl();
  const byTransaction = await startPgBouncer(database.url, { mode: "transaction" });
  const bySession = await startPgBouncer(database.url, { mode: "session" });
  afterAll(async () => {
    await byTransaction[Symbol.asyncDispose]();
    await bySession[Symbol.asyncDispose]();
    await database.close();
  });
  const DATA_ROOT = "unused";

  test("in transaction mode, the address of PostgreSQL itself is required", async () => {
    const problem = expect.stringMatching(
      /transaction mode.*set DATABASE_DIRECT_URL to the address of PostgreSQL itself/,
    );
    const alone = openDatabaseServer({ DATABASE_URL: byTransaction.url, DATA_ROOT });
    await expect(alone).rejects.toMatchObject({
      errorCode: "config_invalid",
      details: { problems: { DATABASE_URL: [problem] } },
    });

    const twice = openDatabaseServer({
      DATABASE_URL: byTransaction.url,
      DATABASE_DIRECT_URL: byTransaction.url,
      DATA_ROOT,
    });
    await expect(twice).rejects.toMatchObject({
      details: { problems: { DATABASE_DIRECT_URL: [expect.stringContaining("set it to")] } },
    });
  });

  test("with that address, and in session mode, the server starts", async () => {
    const server = await openDatabaseServer({
      DATABASE_URL: byTransaction.url,
      DATABASE_DIRECT_URL: database.url,
      DATA_ROOT,
    });
    expect(server).toMatchObject({ url: byTransaction.url, directUrl: database.url });
    const session = await openDatabaseServer({ DATABASE_URL: bySession.url, DATA_ROOT });
    expect(session.directUrl).toBe(bySession.url);
    expect(await deliversNotifications(database.url)).toBe(true);
  });

  test("statements of many clients all get their results", async () => {
    const options = { max: 4, isPooled: true };
    const { sql, close } = openDatabase(byTransaction.url, options, silentLog);
    // A statement without parameters after one with parameters hung with pipelining.
    const results = await Promise.all(
      Array.from({ length: 120 }, async (_, n) => {
        const [row] =
          n % 2
            ? await sql<{ sum: number }[]>`select pg_sleep(0.002), 1 as sum`
            : await sql<{ sum: number }[]>`
                select ${n}::int + cardinality(${["a", "b"]}::text[]) as sum`;
        return row!.sum;
      }),
    );
    expect(results).toEqual(Array.from({ length: 120 }, (_, n) => (n % 2 ? 1 : n + 2)));
    await close();
  });
});
