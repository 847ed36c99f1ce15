import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { type EmbeddedDatabase, startEmbeddedDatabase } from "../../../src/db/embedded/start";
import type { AppError } from "../../../src/errors";
import { toStorageFailure } from "../../../src/storage/failure";
import { canMountSmallDisks, mountSmallDisk } from "../../support/small-disk";
import { eventually } from "../../support/waiting";

setDefaultTimeout(120_000);

const folder = await mkdtemp(join(tmpdir(), "embedded-"));
afterAll(() => rm(folder, { recursive: true }));
const dataDir = join(folder, "made", "when-missing", "db");

async function query<T>(database: EmbeddedDatabase, text: string): Promise<T[]> {
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    return [...(await sql.unsafe<(T & object)[]>(text))];
  } finally {
    await sql.end({ timeout: 1 }); // without a limit it waits for ever on a server that is gone
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

  test("is whole or does not exist: the rest of an interrupted start is replaced", async () => {
    const interrupted = join(folder, "interrupted");
    await mkdir(`${interrupted}.new/base`, { recursive: true });
    await Bun.write(`${interrupted}.new/PG_VERSION`, "");

    const database = await startEmbeddedDatabase({ dataDir: interrupted });

    expect(await query(database, "select 1 as one")).toEqual([{ one: 1 }]);
    await database.close();
    expect(await readdir(folder)).not.toContain("interrupted.new");
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

  test.skipIf(!canMountSmallDisks)(
    "leaves nothing of a copy that the disk has no space for",
    async () => {
      const { stdout } = Bun.spawnSync(["du", "--summarize", "--block-size=1", dataDir]);
      await using disk = await mountSmallDisk(Math.round(Number.parseInt(`${stdout}`, 10) * 1.6));
      const place = join(disk.folder, "db");
      await cp(dataDir, place, { recursive: true });
      const database = await startEmbeddedDatabase({ dataDir: place });
      const failure = await database.openCopy().catch((error) => error);
      const left = await readdir(disk.folder);
      const kept = await query(database, "select * from kept");
      await database.close();

      expect(toStorageFailure(failure)?.errorCode).toBe("storage_full");
      expect(left.sort()).toEqual(["db", "db.lock"]);
      expect(kept).toHaveLength(1);
    },
  );

  test("keeps its write-ahead log short while it runs", async () => {
    const database = await startEmbeddedDatabase({ dataDir });
    const wal = async () =>
      (
        await query<{ bytes: number }>(
          database,
          `select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 as bytes
           from pg_control_checkpoint()`,
        )
      )[0]!.bytes;
    await query(
      database,
      `create table large as
       select repeat(md5(n::text), 60) as text from generate_series(1, 40000) n`,
    );

    expect(await wal()).toBeGreaterThan(64_000_000);
    await eventually(wal, (bytes) => bytes < 64_000_000);
    await database.close();
  });

  test("is left unlocked when the database does not start", async () => {
    const broken = join(folder, "broken");
    await Bun.write(join(broken, "PG_VERSION"), "9");

    for (const _ of [1, 2]) {
      const error = await startEmbeddedDatabase({ dataDir: broken }).catch((error) => error);
      expect(error.errorCode).toBe("database_not_opened");
      expect(error.details.advice).toContain("move it away");
    }
  });

  test("whose lock cannot be taken says which file stands in the way", async () => {
    const place = join(folder, "unlockable");
    await mkdir(`${place}.lock`);

    await expect(startEmbeddedDatabase({ dataDir: place })).rejects.toMatchObject({
      errorCode: "config_invalid",
      details: { problems: { DATA_ROOT: [expect.stringContaining(`${place}.lock`)] } },
    });
  });
});

describe("a database in memory", async () => {
  const original = await startEmbeddedDatabase({ dataDir: null });
  const from = await original.snapshot();
  afterAll(() => original.close());

  test("is copied by a snapshot, without what is not committed, and the copy lives alone", async () => {
    await query(original, "create table notes as select 'shared' as text");
    const client = postgres(original.url, { max: 1 });
    const open = await client.reserve();
    await open`begin`;
    await open`insert into notes values ('not committed')`;
    const snapshot = original.snapshot();
    await open`rollback`;
    const copy = await startEmbeddedDatabase({ dataDir: null, from: await snapshot });
    await query(copy, "insert into notes values ('only in the copy')");

    const notes = (database: EmbeddedDatabase) => query(database, "select text from notes");
    expect(await notes(original)).toEqual([{ text: "shared" }]);
    expect(await notes(copy)).toEqual([{ text: "shared" }, { text: "only in the copy" }]);
    await client.end({ timeout: 0 });
    await copy.close();
  });

  test("that breaks down reports it to its owner and ends its clients, instead of wrong answers", async () => {
    const doomed = await startEmbeddedDatabase({ dataDir: null, from });
    const endless =
      "create function f(int) returns int language sql as 'select f($1)'; select f(1)";
    const answer = query(doomed, endless).catch((error) => error.code);

    expect((await doomed.failed).message).toContain("PGlite broke down");
    expect(await answer).toBe("CONNECTION_CLOSED");
    expect(await doomed.snapshot().catch((error) => error.message)).toContain("died");
    await doomed.close();
  });

  test("that is closed has not failed", async () => {
    const database = await startEmbeddedDatabase({ dataDir: null, from });
    await database.close();

    expect(await Promise.race([database.failed, Bun.sleep(50)])).toBeUndefined();
  });
});
