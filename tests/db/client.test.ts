import { afterAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { connect, isDatabaseOutage, openDatabase, type Sql } from "../../src/db/client";
import { openConnections } from "../../src/db/connections";
import { AppError } from "../../src/errors";
import { databaseUrl, engine, type TestDatabase } from "../support/database";
import { silentLog } from "../support/factories";
import { type LineFault, openFaultyLine } from "../support/faulty-line";
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

test("an IPv6 address is not looked up as a name", async () => {
  const sql = connect("postgres://postgres@[::1]:1/none", { max: 1 });
  const error = await sql`select 1`.catch((error: unknown) => error);
  await sql.end({ timeout: 1 });

  expect(error).toMatchObject({ syscall: "connect", port: 1 });
});

test("a process that was blocked for longer than the limit of a connection still connects", async () => {
  // One of these moments is between the beginning of the connection and the answer of the server.
  for (const ms of [1, 2, 3, 4]) {
    const options = { max: 1, connect_timeout: 0.1, fetch_types: false };
    const sql = postgres(database.url, options);
    const answered = sql`select 1 as n`.then(([row]) => row!.n);
    setTimeout(() => Bun.sleepSync(200), ms);

    expect(await answered).toBe(1);
    await sql.end();
  }
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
describe.if(engine === "native")("a pool whose backends are terminated", () => {
  test("answers again within 5 s after ten times under load", async () => {
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

  test("ends a transaction that goes on afterwards, and answers again", async () => {
    const sql = connect(database.url, { max: 1 });
    const admin = connect(database.url, { max: 1 });
    const later = Promise.withResolvers<unknown[]>();
    const transaction = sql.begin(async (tx) => {
      const [session] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await admin`select pg_terminate_backend(${session!.pid})`;
      // The connection is closed before the next statement.
      await transaction.catch(() => {});
      const statements = [tx`select 1`, tx.unsafe(`select 2 /* ${"long ".repeat(1_000)} */`)];
      later.resolve(await Promise.all(statements.map(outageOf)));
    });

    expect(await outageOf(transaction)).toBe(true);
    expect(await later.promise).toEqual([true, true]);
    expect([...(await sql`select 3 as n`)]).toEqual([{ n: 3 }]);
    await sql.end();
    await admin.end();
  });
});

// The faults are those of the network and the same for both engines.
describe.if(engine === "native")("on a faulty line", () => {
  const open = async (max: number, probeEveryMs = 60_000) => {
    const line = await openFaultyLine(database.url);
    const { sql, close } = openDatabase(line.url, { max, probeEveryMs }, silentLog);
    await Promise.all(Array.from({ length: max }, () => sql`select pg_sleep(0.01)`));
    return {
      line,
      sql,
      async [Symbol.asyncDispose]() {
        await line[Symbol.asyncDispose]();
        await close();
      },
    };
  };

  test("rows of half an answer are not part of the next answer", async () => {
    await using on = await open(1);
    on.line.break("cut_answers");
    const half = on.sql`select n, repeat('x', 100) as text from generate_series(1, 20) as n`;

    expect(await outageOf(half)).toBe(true);
    on.line.mend();

    expect([...(await on.sql`select 7 as n`)]).toEqual([{ n: 7 }]);
  });

  test("every connection works again after each fault, although statements were lost", async () => {
    await using on = await open(8);
    for (const fault of ["reset", "cut_answers", "reset", "cut_answers"] satisfies LineFault[]) {
      on.line.break(fault);
      const lost = Array.from({ length: 30 }, (_, n) => outageOf(on.sql`select ${n}::int as n`));
      await Bun.sleep(20);
      on.line.mend();
      await Promise.all(lost);

      const numbers = Array.from({ length: 30 }, (_, n) => n);
      const rows = await Promise.all(
        numbers.map((n) => askAgain(() => on.sql`select ${n}::int as n`)),
      );
      expect(rows.map((row) => [...row])).toEqual(numbers.map((n) => [{ n }]));
    }
  });

  test("the connections of a read-only server are not kept after a failover", async () => {
    await using own = {
      ...(await databaseUrl()),
      async [Symbol.asyncDispose]() {
        await this.close();
      },
    };
    const admin = connect(own.url, { max: 1 });
    const name = new URL(own.url).pathname.slice(1);
    await admin`alter database ${admin(name)} set default_transaction_read_only = on`;
    const { sql, close } = openDatabase(own.url, { max: 4 }, silentLog);
    const write = () => sql`create table if not exists written ()`;
    await Promise.all(Array.from({ length: 4 }, () => sql`select pg_sleep(0.01)`));

    expect(await outageOf(write())).toBe(true);
    await admin`set default_transaction_read_only = off`;
    await admin`alter database ${admin(name)} reset default_transaction_read_only`;

    expect(await outageOf(write())).toBe("answered");
    await close();
    await admin.end();
  });
});

/** "answered", or whether the failure is an outage. */
const outageOf = (statement: PromiseLike<unknown>) =>
  statement.then(() => "answered", isDatabaseOutage);

/** Asks again while the driver says that the connection is lost. A statement without an answer until its deadline fails. */
async function askAgain<T>(ask: () => PromiseLike<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof AppError || !isDatabaseOutage(error)) throw error;
    }
  }
}

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
