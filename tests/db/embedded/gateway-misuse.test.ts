import { afterAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { startEmbeddedDatabase } from "../../../src/db/embedded/start";
import { writeMessage, writeQuery } from "../../../src/db/embedded/wire";
import { RawClient } from "./raw-client";

const database = await startEmbeddedDatabase({ dataDir: null });
const sql = postgres(database.url, { max: 6, onnotice: () => {} });
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await database.close();
});

describe("a connection that breaks the protocol is ended alone", () => {
  test.each([
    ["an unknown type", writeMessage(0x7a, "?")],
    ["a message that is too long", Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff])],
    ["a negative length", Buffer.from([0x51, 0xff, 0xff, 0xff, 0xff])],
    ["text without an end", writeMessage(0x51, "select 1")],
    ["a bind without its fields", writeMessage(0x42, "\0")],
  ])("for %s", async (_, bytes) => {
    const [client, neighbour] = [
      await RawClient.open(database.url),
      await RawClient.open(database.url),
    ];
    client.send(bytes);
    const answer = await client.readUntil("never");
    neighbour.send(writeQuery("select 1"));

    expect(answer.at(-1)!.text).toContain("08P01");
    expect((await neighbour.readUntil("Z")).at(-1)!.type).toBe("Z");
    neighbour.close();
  });

  test("for a first message that is not Postgres", async () => {
    const client = await RawClient.connect(database.url);
    client.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    expect((await client.readUntil("never")).at(-1)!.text).toContain("08P01");
  });
});

test("an encrypted connection is declined, and goes on unencrypted", async () => {
  const optional = postgres(database.url, { max: 1, ssl: "prefer" });
  expect((await optional`select 1 as one`)[0]!.one).toBe(1);
  await optional.end();
});

test("a request to cancel does no harm", async () => {
  const client = await RawClient.connect(database.url);
  client.send(Buffer.from([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2]));
  expect(await client.readUntil("never")).toEqual([]);
  expect((await sql`select 1 as one`)[0]!.one).toBe(1);
});

test("a client that reads nothing gets no further answers, and delays no other client", async () => {
  await sql`create sequence answers`;
  const lazy = await RawClient.open(database.url);
  lazy.socket.pause();
  for (let n = 0; n < 5; n++)
    lazy.send(writeQuery("select nextval('answers'), repeat('x', 8000000)"));
  while (!(await sql`select is_called from answers`)[0]!.is_called) await Bun.sleep(5);

  expect((await sql`select last_value::int from answers`)[0]!.last_value).toBe(1);
  for (let n = 0; n < 5; n++) await lazy.readUntil("Z");
  expect((await sql`select last_value::int from answers`)[0]!.last_value).toBe(5);
  lazy.close();
});

test("a listener that reads nothing is cut off before its notifications fill the memory", async () => {
  const lazy = await RawClient.open(database.url);
  lazy.send(writeQuery("listen flood"));
  await lazy.readUntil("Z");
  lazy.socket.pause();
  await sql`select pg_notify('flood', n || repeat('x', 7900)) from generate_series(1, 4000) n`;

  expect((await lazy.readUntil("never")).length).toBeLessThan(4000);
  expect((await sql`select 1 as one`)[0]!.one).toBe(1);
});
