import { open } from "node:fs/promises";

/** Kilobits a second of Layer III by index, for MPEG 1 and for MPEG 2 and 2.5. */
const BITRATES = {
  1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};
const SAMPLE_RATES = [44_100, 48_000, 32_000];

/** The largest frame of Layer III: more than this between two frames is damage, not a join. */
const MAX_FRAME_BYTES = 1_441;
const BLOCK_BYTES = 1024 ** 2;
/** Enough for the header of any frame or tag. */
const HEADER_BYTES = 32;

export type Mp3Structure = {
  /**
   * Whether the file consists of frames and tags only. Files that were joined with `cat` do: a second
   * tag or a cut last frame lies between the frames, and ffmpeg takes it for damage.
   */
  isClean: boolean;
  /** Whether the file ends inside a frame. */
  endsInFrame: boolean;
};

/** Follows the frames of an MP3 from its first to its last byte, without decoding them. */
export async function readMp3Structure(path: string): Promise<Mp3Structure> {
  await using file = await open(path);
  const { size } = await file.stat();
  let block = Buffer.alloc(0);
  let blockStart = 0;
  /** The bytes at a position, from a block that is read ahead. */
  const bytesAt = async (position: number): Promise<Buffer> => {
    const isInside = position >= blockStart && position + HEADER_BYTES <= blockStart + block.length;
    if (!isInside && position < size) {
      block = Buffer.alloc(Math.min(BLOCK_BYTES, size - position));
      await file.read(block, 0, block.length, position);
      blockStart = position;
    }
    return block.subarray(position - blockStart, position - blockStart + HEADER_BYTES);
  };

  let junk = 0;
  let position = 0;
  while (position < size) {
    const bytes = await bytesAt(position);
    const known = tagBytes(bytes) || frameBytes(bytes);
    const next = position + known;
    const isJoined = junk > 0 && known > 0 && next < size && !isElement(await bytesAt(next));
    if (known === 0 || isJoined) {
      // Looks for the next frame that another one follows.
      junk++;
      position++;
      if (junk > MAX_FRAME_BYTES) return { isClean: false, endsInFrame: false };
    } else {
      junk = 0;
      position = next;
    }
  }
  return { isClean: true, endsInFrame: position > size || junk > 0 };
}

const isElement = (bytes: Buffer) => tagBytes(bytes) > 0 || frameBytes(bytes) > 0;

/** Length of a tag or of padding at the start of some bytes; 0 without one. */
function tagBytes(bytes: Buffer): number {
  const name = bytes.toString("latin1", 0, 11);
  if (name.startsWith("ID3") && bytes.length >= 10) {
    const [a, b, c, d] = bytes.subarray(6, 10);
    return 10 + ((a! & 127) << 21) + ((b! & 127) << 14) + ((c! & 127) << 7) + (d! & 127);
  }
  if (name.startsWith("TAG")) return 128;
  if (name.startsWith("APETAGEX") && bytes.length >= 24) {
    const isHeader = (bytes.readUInt32LE(20) & 0x2000_0000) !== 0;
    return isHeader ? 32 + bytes.readUInt32LE(12) : 32;
  }
  return bytes.length > 0 && bytes[0] === 0 ? 1 : 0;
}

/** Length of the Layer III frame that starts with these bytes; 0 when none does. */
function frameBytes(bytes: Buffer): number {
  if (bytes.length < 4 || bytes[0] !== 0xff || (bytes[1]! & 0xe6) !== 0xe2) return 0;
  const version = (bytes[1]! >> 3) & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
  const rateIndex = (bytes[2]! >> 2) & 3;
  if (version === 1 || rateIndex === 3) return 0;
  const kilobits = BITRATES[version === 3 ? 1 : 2][bytes[2]! >> 4];
  if (!kilobits) return 0;
  const sampleRate = SAMPLE_RATES[rateIndex]! / (version === 3 ? 1 : version === 2 ? 2 : 4);
  const padding = (bytes[2]! >> 1) & 1;
  return Math.floor(((version === 3 ? 144 : 72) * kilobits * 1_000) / sampleRate) + padding;
}
