import { afterAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { startEmbeddedDatabase } from "../../../src/db/embedded/start";
import { SYNC, writeMessage, writeQuery } from "../../../src/db/embedded/wire";
import { RawClient } from "./raw-client";

const database = await startEmbeddedDatabase({ dataDir: null });
const sql = postgres(database.url, { max: 6, onnotice: () => {} });
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await database.close();
});

const parse = (name: string, query: string) => writeMessage(0x50, `${name}\0${query}\0\0\0`);
const bind = (name: string) => writeMessage(0x42, `\0${name}\0\0\0\0\0\0\0`);
const execute = writeMessage(0x45, "\0\0\0\0\0");
/** A database that waits no longer than this for a client in a transaction. */
async function openImpatient(idleLimitSeconds: number) {
  const from = await database.snapshot();
  const impatient = await startEmbeddedDatabase({ dataDir: null, from, idleLimitSeconds });
  const sql = postgres(impatient.url, { max: 2, onnotice: () => {} });
  return {
    url: impatient.url,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 1 });
      await impatient.close();
    },
  };
}
/** The error's SQLSTATE, or what came instead of an error. */
const refusal = (query: Promise<unknown>) => query.catch((error) => error.code);

describe("clients that share the backend", () => {
  test("a statement that comes in two packets gets its answer although another client asks between", async () => {
    const slow = await RawClient.open(database.url);
    const statement = Buffer.concat([parse("", "select 'mine'"), bind(""), execute, SYNC]);
    await slow.sendAndLinger(statement.subarray(0, 7));
    expect((await sql`select 'other' as who`)[0]!.who).toBe("other");

    await slow.sendAndLinger(statement.subarray(7, 40));
    const waiting = sql`select 'other' as who`.execute();
    await slow.sendAndLinger(statement.subarray(40));

    const answer = await slow.readUntil("Z");
    expect(answer.find(({ type }) => type === "D")!.text).toContain("mine");
    expect((await waiting)[0]!.who).toBe("other");
    slow.close();
  });

  test("every one of many mixed queries gets its own answer", async () => {
    expect.assertions(600);
    const client = async (who: number) => {
      for (let n = 0; n < 100; n++) {
        const token = `${who}/${n}`;
        if (n % 7 === 3) {
          expect(await refusal(sql`select ${token}::int`)).toBe("22P02");
        } else if (n % 7 === 5) {
          const result = await sql.begin(async (own) => {
            await own`select set_config('test.token', ${token}, true)`;
            return own`select current_setting('test.token') as token`;
          });
          expect(result[0]!.token).toBe(token);
        } else {
          const rows = await sql.unsafe(`select $1::text as token, ${n} as n`, [token], {
            prepare: n % 2 === 0,
          });
          expect({ ...rows[0] }).toEqual({ token, n });
        }
      }
    };
    await Promise.all([1, 2, 3, 4, 5, 6].map(client));
  });

  test("two transactions run one after the other", async () => {
    await sql`create table counter as select 0 as value`;
    const increment = () =>
      sql.begin(async (own) => {
        const [{ value }] = (await own`select value from counter`) as [{ value: number }];
        await Bun.sleep(10);
        await own`update counter set value = ${value + 1}`;
      });
    await Promise.all([increment(), increment(), increment(), increment()]);

    expect((await sql`select value from counter`)[0]!.value).toBe(4);
  });

  test("the same name for two clients' prepared statements means two statements", async () => {
    const [one, two] = [await RawClient.open(database.url), await RawClient.open(database.url)];
    for (const [client, value] of [
      [one, "first"],
      [two, "second"],
    ] as const) {
      client.send(Buffer.concat([parse("same", `select '${value}'`), SYNC]));
      await client.readUntil("Z");
    }
    for (const [client, value] of [
      [one, "first"],
      [two, "second"],
    ] as const) {
      client.send(Buffer.concat([bind("same"), execute, SYNC]));
      const answer = await client.readUntil("Z");
      expect(answer.find(({ type }) => type === "D")!.text).toContain(value);
      client.close();
    }
  });

  test("prepared statements go with the connection that made them", async () => {
    const client = await RawClient.open(database.url);
    client.send(Buffer.concat([parse("mine", "select 'left behind'"), SYNC]));
    await client.readUntil("Z");
    const left = () =>
      sql`select 1 from pg_prepared_statements where statement like '%left behind''' `;
    expect(await left()).toHaveLength(1);

    client.close();
    while ((await left()).length > 0) await Bun.sleep(5);
  });

  test("cursors, COPY TO and a parameter of 130 KB work as on a server", async () => {
    const batches: number[] = [];
    await sql`select generate_series(1, 25) as n`.cursor(10, (rows) => {
      batches.push(rows.length);
    });
    const copied = await new Response(
      (await sql`copy (values (1, 'a'), (2, 'b')) to stdout`.readable()) as unknown as ReadableStream,
    ).text();
    const big = "x".repeat(130_000);
    const [row] = await sql`select ${big} as echo`;

    expect(batches).toEqual([10, 10, 5]);
    expect(copied).toBe("1\ta\n2\tb\n");
    expect(row!.echo).toBe(big);
  });

  test("vector and pgmq are there", async () => {
    await sql`select pgmq.create('jobs')`;
    await sql`select pgmq.send('jobs', '{"id": 7}'::jsonb)`;

    expect((await sql`select message from pgmq.read('jobs', 30, 1)`)[0]!.message).toEqual({
      id: 7,
    });
    expect((await sql`select '[3,4]'::vector <-> '[0,0]'::vector as d`)[0]!.d).toBe(5);
  });
});

describe("LISTEN", () => {
  test("what one client notifies reaches those who listen, and only them", async () => {
    const heard: string[] = [];
    const done = Promise.withResolvers<void>();
    const listener = postgres(database.url, { max: 1 });
    await listener.listen("Work to do", (payload) => {
      heard.push(payload);
      if (payload === "last") done.resolve();
    });
    await listener.listen("elsewhere", (payload) => heard.push(payload));
    const bystander = await RawClient.open(database.url);

    await sql.notify("Work to do", "first");
    await sql.begin((own) => own`select pg_notify('Work to do', 'last')`);
    await done.promise;
    bystander.send(writeQuery("select 1"));

    expect(heard).toEqual(["first", "last"]);
    expect((await bystander.readUntil("Z")).map(({ type }) => type)).not.toContain("A");
    bystander.close();
    await listener.end();
  });

  test("UNLISTEN of one client leaves the others listening", async () => {
    const [stays, leaves] = [
      await RawClient.open(database.url),
      await RawClient.open(database.url),
    ];
    for (const client of [stays, leaves]) {
      client.send(writeQuery("listen news"));
      await client.readUntil("Z");
    }
    leaves.send(writeQuery("select 1; unlisten *"));
    await leaves.readUntil("Z");
    await sql.notify("news", "extra");
    leaves.send(writeQuery("select 1"));

    expect((await stays.readUntil("A")).at(-1)!.text).toContain("extra");
    expect((await leaves.readUntil("Z")).map(({ type }) => type)).not.toContain("A");
    stays.close();
    leaves.close();
  });
});

describe("COPY FROM STDIN", () => {
  test("is refused as a simple and as a prepared statement, and the server lives on", async () => {
    await sql`create table target (a text)`;
    const prepared = await RawClient.open(database.url);
    prepared.send(Buffer.concat([parse("", "copy target from stdin"), bind(""), execute, SYNC]));

    expect((await prepared.readUntil("Z")).find(({ type }) => type === "E")!.text).toContain(
      "0A000",
    );
    expect(
      await refusal(sql.unsafe("insert into target values ('x'); copy target from stdin")),
    ).toBe("0A000");
    expect(await refusal(sql`copy target from stdin`.writable())).toBe("0A000");
    expect(await sql`select * from target`).toHaveLength(0);
    prepared.close();
  });

  test("as a text value is only text", async () => {
    const words = "; copy target from stdin";

    expect((await sql`select ${words} as echo`)[0]!.echo).toBe(words);
    expect((await sql.unsafe(`select '${words}' as echo`))[0]!.echo).toBe(words);
  });
});

describe("a client in a transaction", () => {
  test("is rolled back when it dies", async () => {
    await sql`create table half_done ()`;
    const client = await RawClient.open(database.url);
    client.send(writeQuery("begin; insert into half_done default values"));
    await client.readUntil("Z");
    client.close();

    expect(await sql`select * from half_done`).toHaveLength(0);
  });

  test("is rolled back when it dies in the middle of an extended query that failed", async () => {
    const client = await RawClient.open(database.url);
    client.send(Buffer.concat([parse("", "select broken"), writeMessage(0x48)]));
    await client.readUntil("E");
    client.close();

    expect((await sql`select 1 as one`)[0]!.one).toBe(1);
  });

  test("that falls silent is ended, so that others go on", async () => {
    await using impatient = await openImpatient(0.5);
    await impatient.sql`create table silent ()`;
    const client = await RawClient.open(impatient.url);
    client.send(writeQuery("begin; insert into silent default values"));
    await client.readUntil("Z");

    expect(await impatient.sql`select * from silent`).toHaveLength(0);
    const last = await client.readUntil("never");
    expect(last.map(({ type }) => type)).toEqual(["E"]);
    expect(last[0]!.text).toContain("25P03");
  });

  test("may take longer than the limit while it keeps working", async () => {
    const limitSeconds = 4;
    const pauseSeconds = 0.25; // far below the limit, as a busy machine adds to it
    await using impatient = await openImpatient(limitSeconds);
    const result = await impatient.sql.begin(async (own) => {
      for (let seconds = 0; seconds <= limitSeconds; seconds += pauseSeconds) {
        await Bun.sleep(pauseSeconds * 1000);
        await own`select 1`;
      }
      return own`select 'done' as state`;
    });
    expect(result[0]!.state).toBe("done");
  });
});
