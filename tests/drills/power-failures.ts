import { existsSync, statfsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Sql } from "../../src/db/client";
import { Backend } from "../../src/db/embedded/backend";
import { Gateway } from "../../src/db/embedded/gateway";
import { openPGlite } from "../../src/db/embedded/pglite";
import { startEmbeddedDatabase } from "../../src/db/embedded/start";
import { embeddedSnapshot } from "../support/database";
import { createCourse, createDocument } from "../support/factories";
import { type Random, seededRandom } from "../support/random";
import { VolatileDisk, type VolatileFS } from "../support/volatile-disk";

/** Chunks that are written in one statement. */
const CHUNKS = 20;
/** A failure happens within so many writes, renames and syncs after the previous one. */
const MOST_CHANGES = 600;
/** Images that are checked at the same time, each on a thread of its own. */
const AT_ONCE = 2;
/** The database, the durable bytes of the disk, and the images. */
const ROOM_BYTES = 1_000_000_000;

type Acknowledged = {
  /** Number of chunks by document; null: it was deleted. */
  documents: Map<string, number | null>;
  /** The document of the statement that is running: its old and its new state are right. */
  underWay: string | null;
};

/** The folder of the database as a power failure left it, and what clients knew then. */
type Image = Acknowledged & { folder: string; at: string };

export type PowerFailures = {
  failures: number;
  /** Acknowledged documents and deletions in all images. */
  acknowledged: number;
  /** Images that do not open, and rows that they lack. */
  faults: string[];
  syncs: number;
};

/**
 * Runs the embedded database on a disk that forgets what was not synced, ends the power at random changes,
 * also within a checkpoint or a commit, and opens each image as the product does.
 *
 * @param FileSystem  the file system of the database
 * @param most  stops earlier when an image has a fault
 */
export async function failPower(
  FileSystem: new (disk: VolatileDisk) => VolatileFS,
  { failures: most, seed }: { failures: number; seed: number },
): Promise<PowerFailures> {
  const place = await mkdtemp(join(roomyFolder(), "lectern-power-"));
  try {
    const random = seededRandom(seed);
    const disk = await makeVolatileDisk(place);
    await using database = await openOnDisk(new FileSystem(disk));
    const client = new Client(database.sql, random);
    const result: PowerFailures = { failures: 0, acknowledged: 0, faults: [], syncs: 0 };
    const checks = new Set<Promise<void>>();

    while (result.failures < most && result.faults.length === 0) {
      const image = await nextImage(disk, client, random, join(place, `image-${result.failures}`));
      result.failures += 1;
      result.acknowledged += image.documents.size;
      const check: Promise<void> = findFaults(image)
        .then((faults) => void result.faults.push(...faults))
        .finally(() => checks.delete(check));
      checks.add(check);
      if (checks.size >= AT_ONCE) await Promise.race(checks);
    }
    await Promise.all(checks);
    return { ...result, syncs: disk.syncs };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** Memory if there is enough: a database syncs its 1 200 files when it opens an image. */
function roomyFolder(): string {
  const memory = "/dev/shm";
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > ROOM_BYTES ? memory : tmpdir();
}

/** A migrated database, completely on the disk. */
async function makeVolatileDisk(place: string): Promise<VolatileDisk> {
  const folder = join(place, "db");
  const store = join(place, "store");
  await mkdir(folder);
  await mkdir(store);
  const tar = Bun.spawnSync(["tar", "-xf", await embeddedSnapshot(), "-C", folder]);
  if (tar.exitCode !== 0) throw new Error(`tar: ${tar.stderr}`);
  return new VolatileDisk(folder, store);
}

/** On this thread, so that each write and each acknowledgement has its order. */
async function openOnDisk(fileSystem: VolatileFS): Promise<AsyncDisposable & { sql: Sql }> {
  const pglite = await openPGlite(fileSystem);
  const gateway = await Gateway.open(new Backend(pglite), 10);
  const sql = connect(`postgres://postgres@127.0.0.1:${gateway.port}/postgres`, { max: 1 });
  return {
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 1 });
      await gateway.close();
      await pglite.close();
    },
  };
}

/** A client that changes documents at random and notes what the database acknowledged. */
class Client {
  readonly acknowledged: Acknowledged = { documents: new Map(), underWay: null };
  #course_id = "";

  constructor(
    readonly sql: Sql,
    readonly random: Random,
  ) {}

  async step(): Promise<void> {
    const { sql, random } = this;
    this.#course_id ||= await createCourse(sql);
    const existing = [...this.acknowledged.documents].filter(([, chunks]) => chunks !== null);
    const kind = random.integer(0, 11);
    if (kind < 5 || existing.length === 0) {
      const { document_id } = await createDocument(sql, this.#course_id);
      this.acknowledged.documents.set(document_id, 0);
    } else if (kind < 9) {
      const [id, chunks] = random.pick(existing);
      await this.#change(id, chunks! + CHUNKS, () => this.#insertChunks(id, chunks!));
    } else if (kind < 10) {
      const [id] = random.pick(existing);
      await this.#change(id, null, () => sql`delete from documents where id = ${id}`);
    } else if (kind < 11) await sql`checkpoint`;
    else await sql`reindex table slide_chunks`; // creates files, and removes the old ones
  }

  async #change(id: string, after: number | null, run: () => PromiseLike<unknown>): Promise<void> {
    this.acknowledged.underWay = id;
    await run();
    this.acknowledged.documents.set(id, after);
    this.acknowledged.underWay = null;
  }

  #insertChunks(document_id: string, from: number): PromiseLike<unknown> {
    return this.sql`
      insert into slide_chunks (document_id, course_id, chunk_index, page_number, page_end, content,
                                embedding, embedding_model)
      select ${document_id}, ${this.#course_id}, n, n + 1, n + 1, 'Entropy of source ' || n,
             (select array_agg(sin(n * i)) from generate_series(1, 1536) i)::halfvec, 'test:model'
      from generate_series(${from}::int, ${from + CHUNKS - 1}::int) n`;
  }
}

/** Lets the client work until the power fails at one of the next changes of the disk. */
async function nextImage(
  disk: VolatileDisk,
  client: Client,
  random: Random,
  folder: string,
): Promise<Image> {
  let left = random.integer(1, MOST_CHANGES);
  let image: Image | null = null;
  disk.onChange = () => {
    left -= 1;
    if (left !== 0) return;
    disk.failPower(folder, random);
    const { documents, underWay } = client.acknowledged;
    const at = `change ${disk.changes}`;
    image = { folder, at, documents: new Map(documents), underWay };
  };
  while (!image) await client.step();
  disk.onChange = () => {};
  return image;
}

type Row = { id: string; chunks: number; chunks_by_index: number; jobs: number; messages: number };

/** Opens an image as the product does, and returns what it lacks. */
async function findFaults({ folder, at, documents, underWay }: Image): Promise<string[]> {
  try {
    const database = await startEmbeddedDatabase({ dataDir: folder });
    const sql = connect(database.url, { max: 1 });
    const rows = new Map((await readRows(sql)).map((row) => [row.id, row]));
    await createDocument(sql, await createCourse(sql)); // it takes new work, too
    await sql.end({ timeout: 1 });
    await database.close();
    return [...documents]
      .filter(([id]) => id !== underWay)
      .map(([id, chunks]) => faultOf(rows.get(id), chunks))
      .filter((fault) => fault !== null)
      .map((fault) => `${at}: ${fault}`);
  } catch (error) {
    return [`${at}: ${error}`];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function faultOf(row: Row | undefined, chunks: number | null): string | null {
  if (chunks === null) return row ? "a deleted document is back" : null;
  if (!row) return "a document is missing";
  const { id: _, ...found } = row;
  const wanted = { chunks, chunks_by_index: chunks, jobs: 1, messages: 1 };
  return Bun.deepEquals(found, wanted) ? null : `${Bun.inspect(found)} and not ${chunks} chunks`;
}

/** The chunks are counted in the table and in its index. */
async function readRows(sql: Sql): Promise<Row[]> {
  const countChunks = () => sql<{ document_id: string; chunks: number }[]>`
    select document_id, count(*)::int as chunks from slide_chunks
    where document_id >= '00000000-0000-0000-0000-000000000000' group by document_id`;
  await sql`set enable_indexscan = off`;
  await sql`set enable_indexonlyscan = off`;
  await sql`set enable_bitmapscan = off`;
  const inTable = new Map((await countChunks()).map((row) => [row.document_id, row.chunks]));
  await sql`reset all`;
  await sql`set enable_seqscan = off`;
  const inIndex = new Map((await countChunks()).map((row) => [row.document_id, row.chunks]));
  await sql`reset all`;
  const rows = await sql<Omit<Row, "chunks" | "chunks_by_index">[]>`
    select d.id, (select count(*)::int from jobs j where j.asset_id = d.id) as jobs,
           (select count(*)::int from jobs j join pgmq.q_ingest q on q.msg_id = j.message_id
            where j.asset_id = d.id) as messages
    from documents d`;
  return rows.map((row) => ({
    ...row,
    chunks: inTable.get(row.id) ?? 0,
    chunks_by_index: inIndex.get(row.id) ?? 0,
  }));
}
