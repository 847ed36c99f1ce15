import { afterAll, describe, expect, test } from "bun:test";
import { isDatabaseOutage, openDatabase, type Sql } from "../../src/db/client";
import { openConnections } from "../../src/db/connections";
import { databaseUrl, engine, type TestDatabase } from "../support/database";
import { silentLog } from "../support/factories";
import { awakeMs } from "../support/waiting";

const database: TestDatabase = await databaseUrl();
afterAll(() => database.close());

test.skipIf(engine !== "native")("all connections of a pool can be opened at once", async () => {
  const { sql, close } = openDatabase(database.url, { max: 4, name: "pool" }, silentLog);
  await openConnections(sql, 4);
  const [row] = await sql`
    select count(*)::int as opened from pg_stat_activity
    where application_name = 'lectern pool' and datname = current_database()`;

  expect(row).toEqual({ opened: 4 });
  await close();
});

test("a pool whose database cannot be reached has no connections to open, which is no failure", async () => {
  const { sql, close } = openDatabase("postgres://127.0.0.1:1/none", { max: 2 }, silentLog);
  await openConnections(sql, 2);
  await close();
});

describe("a statement", () => {
  test("fails as an outage when it has no answer in time", async () => {
    const holder = openDatabase(database.url, { max: 1 }, silentLog);
    const blocked = openDatabase(database.url, { max: 1, queryTimeoutMs: 200 }, silentLog);

    const error = await holder.sql.begin(async (transaction) => {
      await transaction`select pg_advisory_xact_lock(1)`;
      return blocked.sql`select pg_advisory_xact_lock(1)`.catch((error: unknown) => error);
    });

    expect(isDatabaseOutage(error)).toBe(true);
    await blocked.close();
    await holder.close();
  });

  test("gives times as ISO 8601 in UTC", async () => {
    const { sql, close } = openDatabase(database.url, { max: 1 }, silentLog);

    const [row] = await sql`select timestamptz '2026-02-03 04:05:06.789+02' as at`;

    expect(row).toEqual({ at: "2026-02-03T02:05:06.789Z" });
    await close();
  });

  test("takes and gives lists of text and of ids", async () => {
    const { sql, close } = openDatabase(database.url, { max: 1 }, silentLog);
    const texts = [
      "plain",
      "",
      "a, b",
      '"quoted"',
      "back\\slash",
      "{braces}",
      "NULL",
      "two\nlines",
    ];
    const ids = [crypto.randomUUID(), crypto.randomUUID()];

    const [row] = await sql`
      select ${texts}::text[] as texts, ${ids}::uuid[] as ids, ${[]}::text[] as none,
             array_length(${texts}::text[], 1) as count`;

    expect(row).toEqual({ texts, ids, none: [], count: texts.length });
    await close();
  });
});

test("the statements of a pool with a long queue all get their results", async () => {
  const { sql, close } = openDatabase(database.url, { max: 1, probeEveryMs: 20 }, silentLog);
  // More than a probe waits for.
  const crowd = Array.from({ length: 35 }, () => sql`select pg_sleep(0.1)`);

  expect(await Promise.all(crowd)).toHaveLength(35);
  await close();
}, 120_000);

test("statements that all wait in the database get their results", async () => {
  const { sql, close } = openDatabase(database.url, { max: 2, probeEveryMs: 20 }, silentLog);
  // More than two probes wait for.
  const slow = Array.from({ length: 2 }, () => sql`select pg_sleep(5)`);

  expect(await Promise.all(slow)).toHaveLength(2);
  await close();
}, 120_000);

// The embedded engine has one backend, so a slow statement delays all others.
test.if(engine === "native")(
  "a pool that does not answer is replaced for new statements, and its own still get their results",
  async () => {
    const { sql, close } = openDatabase(database.url, { max: 1, probeEveryMs: 20 }, silentLog);
    const started = performance.now();
    const slow = sql`select pg_sleep(8), 'slow' as name`.then(([row]) => row!.name);

    await answerWithin(sql, 1_000);

    expect(performance.now() - started).toBeLessThan(7_000);
    expect(await slow).toBe("slow");
    await close();
  },
  120_000,
);

// The embedded engine has one backend: when that ends, the process does.
describe.if(engine === "native")(
  "a pool whose backends are terminated ten times under load",
  () => {
    test("answers again within 5 s", async () => {
      const { sql, close } = openDatabase(database.url, { max: 8 }, silentLog);
      const admin = openDatabase(database.url, { max: 1 }, silentLog);
      let stop = false;
      let answered = 0;
      const load = Array.from({ length: 12 }, async () => {
        while (!stop) {
          await sql`select pg_sleep(0.002)`.then(
            () => answered++,
            () => Bun.sleep(5),
          );
        }
      });

      for (let n = 0; n < 10; n++) {
        await Bun.sleep(100);
        await admin.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`.catch(() => {});
      }
      const probes = Promise.all(Array.from({ length: 8 }, () => answer(sql)));
      const tookMs = await awakeMs(probes, () => answer(admin.sql));
      stop = true;

      expect(answered).toBeGreaterThan(0);
      expect(tookMs).toBeLessThan(5_000);
      await Promise.race([Promise.all(load), Bun.sleep(1_000)]);
      await close();
      await admin.close();
    }, 120_000);
  },
);

/** Asks until there is an answer, however often that must be. */
async function answer(sql: Sql): Promise<void> {
  const ask = () =>
    sql`select 1`.then(
      () => true,
      () => false,
    );
  while (!(await ask())) await Bun.sleep(20);
}

/** Sends statements until one is answered within `ms`. */
async function answerWithin(sql: Sql, ms: number): Promise<void> {
  const isAnswered = () =>
    Promise.race([answer(sql).then(() => true), Bun.sleep(ms).then(() => false)]);
  while (!(await isAnswered()));
}
