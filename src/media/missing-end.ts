import { type FileHandle, open } from "node:fs/promises";
import { isFollowedByFile } from "./joined-files";
import { readMp3Structure } from "./mp3-structure";
import type { Media } from "./probe-audio";

/** Encoders add up to a tenth of a second, and a stated length can be rounded to a second. */
const TOLERANCE_MS = 1_000;
/** With a picture the stated length is often that of the picture. */
const VIDEO_TOLERANCE_MS = 2_000;

export type DecodedAudio = {
  /** Length of the audio that ffmpeg decoded. */
  duration_ms: number;
  /** Whether ffmpeg reported damage; an earlier check made sure that it lies at the end. */
  damagedEnd: boolean;
  /** Whether ffmpeg reported that the file ends inside an element. */
  endsPrematurely: boolean;
};

/**
 * Whether a file was cut off at its end, as by a full disk or a closed browser tab, or only its first
 * part was read because several files were joined into one.
 *
 * A stated length decides where the container has one. Otherwise the container's structure does: an
 * Ogg stream marks its last page, a box or chunk has a size. Unknown sizes (a WAV written to a pipe)
 * do not indicate a cut; neither does a short last packet in a file of the right length.
 */
export async function hasMissingEnd(
  path: string,
  media: Media,
  decoded: DecodedAudio,
): Promise<boolean> {
  await using file = await open(path);
  const { size } = await file.stat();
  const isShort = (expected_ms: number | null) =>
    expected_ms !== null && isShorter(decoded.duration_ms, expected_ms, media);
  const expected_ms = media.audio?.duration_ms ?? media.duration_ms;
  const format = media.format.split(",")[0]!;
  if (await isFollowedByFile(file, format)) return true;

  switch (format) {
    case "wav":
      return isShort(await statedWavDuration(file, size));
    case "caf":
      return isShort(expected_ms) || (await cafDataIsCut(file, size));
    case "ogg":
      return !(await hasLastOggPage(file, size));
    case "asf":
      return await asfIsCut(file, size);
    case "mov":
      return isShort(expected_ms) || (await fragmentIsCut(file, size));
    case "matroska":
      return expected_ms === null ? decoded.endsPrematurely : isShort(expected_ms);
    case "aiff":
      return isShort(expected_ms);
    case "mp3":
      return expected_ms === null
        ? (await readMp3Structure(path)).endsInFrame
        : isShort(expected_ms);
    case "flac":
      return expected_ms === null ? decoded.damagedEnd : isShort(expected_ms);
    default:
      return decoded.damagedEnd;
  }
}

/** Whether audio is shorter than stated by more than encoders and rounding explain. */
function isShorter(found_ms: number, expected_ms: number, { video_codecs }: Media): boolean {
  const [least_ms, share] =
    video_codecs.length > 0 ? [VIDEO_TOLERANCE_MS, 0.01] : [TOLERANCE_MS, 0.002];
  return found_ms + Math.max(least_ms, expected_ms * share) < expected_ms;
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** A damaged file must not keep a worker busy. */
const MAX_ELEMENTS = 100_000;

/** Programs that write to a pipe leave 0 or a value near 2^31 or 2^32 in the size of the data. */
const UNKNOWN_FROM = 0x7fff_0000;

/** Length by the sizes in a WAV header, in milliseconds; null when the size is unknown. */
async function statedWavDuration(file: FileHandle, size: number): Promise<number | null> {
  let bytesPerSecond = 0;
  let longSize: number | null = null;
  for (let at = 12, n = 0; at + 8 <= size && n < MAX_ELEMENTS; n++) {
    const chunk = await read(file, at, 40);
    const name = chunk.toString("latin1", 0, 4);
    const length = chunk.readUInt32LE(4);
    if (name === "fmt " && chunk.length >= 20) bytesPerSecond = chunk.readUInt32LE(16);
    if (name === "ds64" && chunk.length >= 24) longSize = Number(chunk.readBigUInt64LE(16));
    if (name === "data") {
      const stated = length === 0xffff_ffff && longSize ? longSize : length;
      const isUnknown = stated === 0 || (stated >= UNKNOWN_FROM && stated !== longSize);
      const available = size - at - 8;
      if (bytesPerSecond === 0 || (isUnknown && stated > available)) return null;
      return isUnknown ? null : (stated / bytesPerSecond) * 1_000;
    }
    at += 8 + length + (length % 2);
  }
  return null;
}

/** Core Audio: the data chunk has a size, -1 while it is being recorded. */
async function cafDataIsCut(file: FileHandle, size: number): Promise<boolean> {
  for (let at = 8, n = 0; at + 12 <= size && n < MAX_ELEMENTS; n++) {
    const chunk = await read(file, at, 12);
    const length = Number(chunk.readBigInt64BE(4));
    if (length < 0) return false;
    // A few bytes less are a short last packet.
    if (chunk.toString("latin1", 0, 4) === "data") return at + 12 + length > size + 1_024;
    at += 12 + length;
  }
  return false;
}

/** Fragmented MP4 states no length: it is cut when the file ends inside a fragment. */
async function fragmentIsCut(file: FileHandle, size: number): Promise<boolean> {
  let isFragmented = false;
  for (let at = 0, n = 0; at + 8 <= size && n < MAX_ELEMENTS; n++) {
    const box = await read(file, at, 16);
    const name = box.toString("latin1", 4, 8);
    const short = box.readUInt32BE(0);
    const length = short === 1 && box.length === 16 ? Number(box.readBigUInt64BE(8)) : short;
    if (name === "moof") isFragmented = true;
    if (length < 8) return false; // 0: to the end of the file
    if (at + length > size) return isFragmented && (name === "moof" || name === "mdat");
    at += length;
  }
  return false;
}

/** The largest page of Ogg, header included. */
const OGG_PAGE_BYTES = 65_307;
const OGG_LAST_PAGE = 4;

/** The last page of a stream has a flag. In a file that was cut off, that page is missing or incomplete. */
async function hasLastOggPage(file: FileHandle, size: number): Promise<boolean> {
  const start = Math.max(0, size - 2 * OGG_PAGE_BYTES);
  const tail = await read(file, start, size - start);
  const at = tail.lastIndexOf("OggS");
  const segments = tail[at + 26];
  if (at === -1 || segments === undefined) return false;
  const lengths = tail.subarray(at + 27, at + 27 + segments);
  const end = at + 27 + segments + lengths.reduce((sum, length) => sum + length, 0);
  return (tail[at + 5]! & OGG_LAST_PAGE) !== 0 && end <= tail.length;
}

/** GUID of the File Properties Object, which holds the size of the file and of its packets. */
const ASF_FILE_PROPERTIES = Buffer.from("a1dcab8c47a9cf118ee400c00c205365", "hex");
const ASF_LIVE = 1;

async function asfIsCut(file: FileHandle, size: number): Promise<boolean> {
  const head = await read(file, 0, Math.min(size, 64 * 1_024));
  const at = head.indexOf(ASF_FILE_PROPERTIES);
  if (at === -1 || at + 100 > head.length) return false;
  const statedSize = Number(head.readBigUInt64LE(at + 40));
  const isLive = (head.readUInt32LE(at + 88) & ASF_LIVE) !== 0;
  const packetBytes = head.readUInt32LE(at + 96);
  return !isLive && statedSize > size + packetBytes;
}
