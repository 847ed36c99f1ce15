import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { type EmbeddedDatabase, startEmbeddedDatabase } from "../../../src/db/embedded/start";
import type { AppError } from "../../../src/errors";

setDefaultTimeout(30_000);

const folder = await mkdtemp(join(tmpdir(), "embedded-"));
afterAll(() => rm(folder, { recursive: true }));
const dataDir = join(folder, "made", "when-missing", "db");

async function query<T>(database: EmbeddedDatabase, text: string): Promise<T[]> {
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    return [...(await sql.unsafe<(T & object)[]>(text))];
  } finally {
    await sql.end();
  }
}

/** A process that writes into the data directory until it is killed. */
function startWriter() {
  const script = join(import.meta.dir, "writer.ts");
  const writer = Bun.spawn([process.execPath, script, dataDir], { stdout: "pipe" });
  const lines = writer.stdout.pipeThrough(new TextDecoderStream());
  return { writer, lines };
}

// The tests of this group follow one data directory through its life.
describe("a data directory", () => {
  test("keeps what a process had acknowledged when it was killed, and is locked until then", async () => {
    const { writer, lines } = startWriter();
    let printed = "";
    let refused: unknown;
    for await (const text of lines) {
      printed += text;
      refused ??= await startEmbeddedDatabase({ dataDir }).catch((error) => error);
      if (Number(printed.trim().split("\n").at(-1)) > 200) writer.kill("SIGKILL");
    }
    expect((refused as AppError).errorCode).toBe("database_locked");
    expect((refused as AppError).details).toMatchObject({
      pid: writer.pid,
      advice: expect.stringContaining(`Stop process ${writer.pid}`),
    });

    const acknowledged = Number(printed.slice(0, printed.lastIndexOf("\n")).split("\n").at(-1));
    const database = await startEmbeddedDatabase({ dataDir });
    const written = await query<{ n: number }>(database, "select n from written order by n");
    await database.close();

    expect(acknowledged).toBeGreaterThan(200);
    expect(written.length).toBeGreaterThanOrEqual(acknowledged);
    expect(written.at(-1)!.n).toBe(written.length);
  });

  test("keeps everything when it is closed, and can be opened again by its owner", async () => {
    const first = await startEmbeddedDatabase({ dataDir: `${dataDir}/` });
    await query(first, "create table kept as select 'here' as state");
    await first.close();
    await first.close();

    const second = await startEmbeddedDatabase({ dataDir });
    expect(await query<{ state: string }>(second, "select * from kept")).toEqual([
      { state: "here" },
    ]);
    await second.close();
  });

  test("is left unlocked when the database does not start", async () => {
    const broken = join(folder, "broken");
    await Bun.write(join(broken, "PG_VERSION"), "9");

    for (const _ of [1, 2]) {
      const error = await startEmbeddedDatabase({ dataDir: broken }).catch((error) => error);
      expect(error.errorCode).toBe("database_unavailable");
    }
  });
});

test("a snapshot starts a copy that lives its own life, without what was not committed", async () => {
  const original = await startEmbeddedDatabase({ dataDir: null });
  await query(original, "create table notes as select 'shared' as text");
  const copy = await startEmbeddedDatabase({ dataDir: null, from: await original.snapshot() });
  await query(copy, "insert into notes values ('only in the copy')");

  expect(await query<{ text: string }>(original, "select text from notes")).toHaveLength(1);
  expect(await query<{ text: string }>(copy, "select text from notes")).toHaveLength(2);
  expect(copy.boot_ms).toBeLessThan(original.boot_ms);
  await Promise.all([original.close(), copy.close()]);
});
