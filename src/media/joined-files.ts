import type { FileHandle } from "node:fs/promises";

const MAX_ELEMENTS = 100_000;

/**
 * Whether a second file follows the first one, as after `cat a.wav b.wav`. ffmpeg reads only the first
 * file in these containers, because their headers state where it ends, and reports no error.
 *
 * @param format  ffmpeg's name of the container, such as `wav`
 */
export async function isFollowedByFile(file: FileHandle, format: string): Promise<boolean> {
  const end = await END_OF_FIRST[format]?.(file);
  if (end === undefined || end === null) return false;
  const [start, next] = [await read(file, 0, 4), await read(file, end, 4)];
  if (format === "mov") return (await read(file, end + 4, 4)).toString("latin1") === "ftyp";
  return next.length === 4 && next.equals(start);
}

/** Where the first file ends, in bytes; null where its header does not say so. */
const END_OF_FIRST: Record<string, (file: FileHandle) => Promise<number | null>> = {
  wav: async (file) => chunkEnd((await read(file, 0, 8)).readUInt32LE(4)),
  aiff: async (file) => chunkEnd((await read(file, 0, 8)).readUInt32BE(4)),
  caf: endOfCoreAudio,
  mov: endOfMp4,
  matroska: endOfMatroska,
  asf: endOfAsf,
};

/** A chunk has an even number of bytes. */
const chunkEnd = (length: number) => 8 + length + (length % 2);

async function endOfCoreAudio(file: FileHandle): Promise<number | null> {
  for (let at = 8, n = 0; n < MAX_ELEMENTS; n++) {
    const chunk = await read(file, at, 12);
    if (chunk.length < 12) return null;
    if (chunk.toString("latin1", 0, 4) === "caff") return at;
    const length = Number(chunk.readBigInt64BE(4));
    if (length < 0) return null;
    at += 12 + length;
  }
  return null;
}

/** Fragments are read to the end of the file, also behind a second header. */
async function endOfMp4(file: FileHandle): Promise<number | null> {
  for (let at = 0, n = 0; n < MAX_ELEMENTS; n++) {
    const box = await read(file, at, 16);
    if (box.length < 8) return null;
    const name = box.toString("latin1", 4, 8);
    if (name === "moof") return null;
    if (name === "ftyp" && at > 0) return at;
    const short = box.readUInt32BE(0);
    const length = short === 1 && box.length === 16 ? Number(box.readBigUInt64BE(8)) : short;
    if (length < 8) return null;
    at += length;
  }
  return null;
}

/** The file is a header and a segment; each has an identifier of 4 bytes and a size. */
async function endOfMatroska(file: FileHandle): Promise<number | null> {
  let at = 0;
  for (let n = 0; n < 2; n++) {
    const element = await read(file, at, 12);
    const first = element[4];
    if (first === undefined || first === 0 || element.length < 12) return null;
    const bytes = Math.clz32(first) - 23;
    let size = BigInt(first & (0xff >> bytes));
    for (const byte of element.subarray(5, 4 + bytes)) size = (size << 8n) | BigInt(byte);
    const isUnknown = size === (1n << BigInt(7 * bytes)) - 1n;
    if (isUnknown) return null;
    at += 4 + bytes + Number(size);
  }
  return at;
}

const ASF_FILE_PROPERTIES = Buffer.from("a1dcab8c47a9cf118ee400c00c205365", "hex");

async function endOfAsf(file: FileHandle): Promise<number | null> {
  const head = await read(file, 0, 64 * 1_024);
  const at = head.indexOf(ASF_FILE_PROPERTIES);
  return at === -1 || at + 48 > head.length ? null : Number(head.readBigUInt64LE(at + 40));
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  if (!Number.isSafeInteger(position)) return Buffer.alloc(0);
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
