import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdCompress, createZstdDecompress } from "node:zlib";
import { createTarDecoder, createTarPacker, type ParsedTarEntry } from "modern-tar";
import { z } from "zod";
import { version } from "../../package.json";
import { AppError } from "../errors";

/**
 * A backup is one tar file, compressed with zstd: `header.json`, then `rows/TABLE/N.jsonl`, then `files/KIND/NAME`, and last
 * `manifest.json`. An archive without its manifest is incomplete.
 */

/** Increase it when an older Lectern cannot read the archive. */
export const ARCHIVE_FORMAT = 1;

const Header = z.object({
  format: z.int(),
  lectern: z.string(),
  created_at: z.string(),
  engine: z.enum(["embedded", "postgresql"]),
  schema: z.array(z.object({ name: z.string(), sha256: z.string() })).min(1),
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()).min(1) })),
  sequences: z.record(z.string(), z.string().regex(/^-?\d+$/)),
});
export type ArchiveHeader = z.infer<typeof Header>;

export const ARCHIVE_FILE_KINDS = ["documents", "uploaded-audio", "paid-answers"] as const;
export type ArchiveFileKind = (typeof ARCHIVE_FILE_KINDS)[number];

const FileEntry = z.object({
  kind: z.enum(ARCHIVE_FILE_KINDS),
  name: z.string(),
  size_bytes: z.int(),
  sha256: z.string(),
});
const Manifest = z.object({
  header_sha256: z.string(),
  tables: z.record(z.string(), z.object({ rows: z.int(), sha256: z.string() })),
  files: z.array(FileEntry),
  /** Files that rows name and the storage did not have. */
  missing: z.array(z.object({ kind: z.enum(ARCHIVE_FILE_KINDS), name: z.string() })),
  /** PDFs with other bytes than those of their upload. */
  changed: z.array(z.string()),
});
export type ArchiveManifest = z.infer<typeof Manifest>;

/** Adds the parts of an archive in their order. */
export interface ArchiveWriter {
  header(header: ArchiveHeader): Promise<void>;
  /** @param rows  JSON objects, one for each row */
  rows(table: string, rows: string[]): Promise<void>;
  file(
    kind: ArchiveFileKind,
    name: string,
    size_bytes: number,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<{ sha256: string }>;
  manifest(found: Pick<ArchiveManifest, "missing" | "changed">): Promise<ArchiveManifest>;
}

/**
 * Makes an archive: `fill` adds its parts while `store` takes the compressed bytes. When one of them fails, the other ends
 * with the same error. Memory stays bounded, because `fill` waits for `store`.
 */
export async function writeArchive<T>(
  fill: (writer: ArchiveWriter) => Promise<T>,
  store: (bytes: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<number>,
  signal: AbortSignal,
): Promise<{ filled: T; size_bytes: number }> {
  const { readable, controller } = createTarPacker();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const failure = rejectionOf(stop);
  const fail = (error: unknown) => {
    failed.abort(error);
    controller.error(error);
    throw error;
  };
  const filling = Promise.race([fill(new TarWriter(controller, failure)), failure]).then(
    (filled) => {
      controller.finalize();
      return filled;
    },
    fail,
  );
  let size_bytes = 0;
  const storing = pipeline(
    Readable.fromWeb(readable as never),
    // Without zstd's own checksum: Bun 1.4.5 accepts an archive that ends before it.
    createZstdCompress(),
    async (bytes: AsyncIterable<Uint8Array>) => {
      // Here, because the end of the stream reaches fill() before this promise is rejected.
      size_bytes = await store(bytes, stop).catch(fail);
    },
    { signal: stop },
  ).catch(fail);
  const [result] = await Promise.allSettled([filling, storing]);
  // The reason is that of the first failure; pipeline() reports others as an AbortError.
  if (stop.aborted) throw stop.reason;
  return { filled: (result as PromiseFulfilledResult<T>).value, size_bytes };
}

/** Rejects when the signal aborts. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  const rejection = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
  rejection.catch(() => {}); // it can abort when nothing waits
  return rejection;
}

class TarWriter implements ArchiveWriter {
  readonly #tables = new Map<string, { rows: number; parts: number; hash: Bun.CryptoHasher }>();
  readonly #files: ArchiveManifest["files"] = [];
  #headerHash = "";

  constructor(
    private readonly tar: ReturnType<typeof createTarPacker>["controller"],
    private readonly failure: Promise<never>,
  ) {}

  async header(header: ArchiveHeader): Promise<void> {
    for (const { name } of header.tables) this.#table(name);
    const text = JSON.stringify(header, null, 1);
    this.#headerHash = sha256Of(text);
    await this.#add("header.json", text);
  }

  async rows(name: string, rows: string[]): Promise<void> {
    const table = this.#table(name);
    const text = `${rows.join("\n")}\n`;
    table.rows += rows.length;
    table.parts += 1;
    table.hash.update(text);
    await this.#add(`rows/${name}/${String(table.parts).padStart(6, "0")}.jsonl`, text);
  }

  async file(
    kind: ArchiveFileKind,
    name: string,
    size_bytes: number,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<{ sha256: string }> {
    const hash = new Bun.CryptoHasher("sha256");
    await this.#stream(`files/${kind}/${name}`, size_bytes, bytes, hash);
    const sha256 = hash.digest("hex");
    this.#files.push({ kind, name, size_bytes, sha256 });
    return { sha256 };
  }

  async manifest(found: Pick<ArchiveManifest, "missing" | "changed">): Promise<ArchiveManifest> {
    const tables = Object.fromEntries(
      [...this.#tables].map(([name, { rows, hash }]) => [
        name,
        { rows, sha256: hash.digest("hex") },
      ]),
    );
    const manifest = { header_sha256: this.#headerHash, tables, files: this.#files, ...found };
    await this.#add("manifest.json", JSON.stringify(manifest, null, 1));
    return manifest;
  }

  #table(name: string) {
    const known = this.#tables.get(name) ?? {
      rows: 0,
      parts: 0,
      hash: new Bun.CryptoHasher("sha256"),
    };
    this.#tables.set(name, known);
    return known;
  }

  #add(name: string, text: string): Promise<void> {
    const bytes = Buffer.from(text);
    return this.#stream(name, bytes.length, piecesOf(bytes));
  }

  async #stream(
    name: string,
    size: number,
    bytes: AsyncIterable<Uint8Array>,
    hash?: Bun.CryptoHasher,
  ): Promise<void> {
    const entry = this.tar.add({ name, size, mode: 0o600 }).getWriter();
    // A write that waits for a failed store would never end.
    const orFailure = <T>(work: Promise<T>) => Promise.race([work, this.failure]);
    for await (const piece of bytes) {
      hash?.update(piece);
      await orFailure(entry.ready);
      await orFailure(entry.write(piece));
    }
    await orFailure(entry.close());
  }
}

const sha256Of = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("hex");

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 65_536) yield bytes.subarray(from, from + 65_536);
}

/** Receives the parts of an archive in their order. */
export type ArchiveVisitor = {
  header?(header: ArchiveHeader): Promise<void>;
  rows?(table: string, rows: string[]): Promise<void>;
  /** Reads all bytes. */
  file?(kind: ArchiveFileKind, name: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
};

/**
 * Reads an archive to its end and compares every table and file with the manifest.
 *
 * @returns header and manifest, when all of it is intact
 * @throws AppError `backup_damaged` with the fault, `backup_incompatible` for another format; the errors of the visitor
 */
export async function readArchive(
  bytes: ReadableStream<Uint8Array>,
  visitor: ArchiveVisitor,
  signal: AbortSignal,
): Promise<{ header: ArchiveHeader; manifest: ArchiveManifest }> {
  const reading = new ArchiveReading(visitor);
  const source = Readable.fromWeb(bytes as never);
  const unpacked = createZstdDecompress();
  source.on("error", (error) => unpacked.destroy(error));
  const abort = () => source.destroy(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const tar = Readable.toWeb(source.pipe(unpacked)) as unknown as ReadableStream<Uint8Array>;
    for await (const entry of tar.pipeThrough(createTarDecoder({ strict: true }))) {
      signal.throwIfAborted();
      await reading.entry(entry);
    }
    return reading.end();
  } catch (error) {
    signal.throwIfAborted();
    throw reading.failure ?? toDamage(error);
  } finally {
    signal.removeEventListener("abort", abort);
    source.destroy();
    unpacked.destroy();
  }
}

const damaged = (reason: string, cause?: unknown) =>
  new AppError("backup_damaged", { reason }, { cause });

/** Errors of the decoders are damage; others belong to the disk or the bucket. */
function toDamage(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (/^E[A-Z]+$/.test(code) || /^(S3|Unknown|ERR_S3)/.test(code)) return error;
  return damaged(`it cannot be unpacked: ${message}`, error);
}

/** Header and manifest, and a few MB of rows with one long row. */
const MAX_TEXT_BYTES = 512 * 1024 * 1024;

class ArchiveReading {
  /** The error of the visitor: the archive did not cause it. */
  failure: unknown;
  #header: ArchiveHeader | null = null;
  #headerHash = "";
  #manifest: ArchiveManifest | null = null;
  readonly #tables = new Map<string, { rows: number; hash: Bun.CryptoHasher }>();
  readonly #files = new Map<string, { size_bytes: number; sha256: string }>();

  constructor(private readonly visitor: ArchiveVisitor) {}

  async entry({ header: { name, size, type }, body }: ParsedTarEntry): Promise<void> {
    if (type !== "file" || this.#manifest) throw damaged(`unexpected entry ${name}`);
    if (!this.#header) {
      if (name !== "header.json") throw damaged("it does not begin with its header");
      const text = await readText(body, size);
      this.#header = readHeader(text);
      this.#headerHash = sha256Of(text);
      for (const table of this.#header.tables) {
        this.#tables.set(table.name, { rows: 0, hash: new Bun.CryptoHasher("sha256") });
      }
      await this.#visit(this.visitor.header?.(this.#header));
      return;
    }
    if (name === "manifest.json") {
      this.#manifest = parse(Manifest, await readText(body, size), "its manifest");
      return;
    }
    const [, table] = /^rows\/([\w.]+)\/\d+\.jsonl$/.exec(name) ?? [];
    if (table) return this.#rows(table, await readText(body, size));
    const [, kind, file] = /^files\/([\w-]+)\/([\w.-]+)$/.exec(name) ?? [];
    if (!file || !isFileKind(kind)) throw damaged(`unexpected entry ${name}`);
    await this.#file(kind, file, size, body);
  }

  end(): { header: ArchiveHeader; manifest: ArchiveManifest } {
    if (!this.#header || !this.#manifest) throw damaged("its end is missing");
    const { header_sha256, tables, files } = this.#manifest;
    if (header_sha256 !== this.#headerHash) throw damaged("its header differs from the manifest");
    for (const [name, { rows, hash }] of this.#tables) {
      if (tables[name]?.rows !== rows || tables[name].sha256 !== hash.digest("hex")) {
        throw damaged(`the rows of ${name} differ from the manifest`);
      }
    }
    for (const { kind, name, size_bytes, sha256 } of files) {
      const found = this.#files.get(`${kind}/${name}`);
      if (found?.sha256 !== sha256 || found.size_bytes !== size_bytes) {
        throw damaged(`the file ${kind}/${name} differs from the manifest`);
      }
    }
    if (files.length !== this.#files.size || Object.keys(tables).length !== this.#tables.size) {
      throw damaged("it has parts that are not in the manifest");
    }
    return { header: this.#header, manifest: this.#manifest };
  }

  async #rows(name: string, text: string): Promise<void> {
    const table = this.#tables.get(name);
    if (!table) throw damaged(`rows of the unknown table ${name}`);
    const rows = text.split("\n").slice(0, -1);
    table.rows += rows.length;
    table.hash.update(text);
    await this.#visit(this.visitor.rows?.(name, rows));
  }

  async #file(
    kind: ArchiveFileKind,
    name: string,
    size_bytes: number,
    body: ReadableStream<Uint8Array>,
  ): Promise<void> {
    const hash = new Bun.CryptoHasher("sha256");
    async function* hashed() {
      try {
        for await (const piece of body) {
          hash.update(piece);
          yield piece;
        }
      } catch (error) {
        throw toDamage(error);
      }
    }
    if (this.visitor.file) await this.#visit(this.visitor.file(kind, name, hashed()));
    else for await (const _ of hashed());
    this.#files.set(`${kind}/${name}`, { size_bytes, sha256: hash.digest("hex") });
  }

  async #visit(work: Promise<void> | undefined): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}

const isFileKind = (kind: string | undefined): kind is ArchiveFileKind =>
  (ARCHIVE_FILE_KINDS as readonly (string | undefined)[]).includes(kind);

function readHeader(text: string): ArchiveHeader {
  const Version = z.object({ format: z.int(), lectern: z.string().catch("unknown") });
  const { format, lectern } = parse(Version, text, "its header");
  if (format > ARCHIVE_FORMAT) {
    const reason = `Lectern ${lectern} made it, and this is ${version}, which cannot read its format ${format}: restore it with ${lectern} or a later version`;
    throw new AppError("backup_incompatible", { reason });
  }
  return parse(Header, text, "its header");
}

function parse<T>(schema: z.ZodType<T>, text: string, part: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw damaged(`${part} cannot be read`, error);
  }
}

async function readText(body: ReadableStream<Uint8Array>, size: number): Promise<string> {
  if (size > MAX_TEXT_BYTES) throw damaged(`a part has ${size} bytes`);
  return new Response(body).text();
}
