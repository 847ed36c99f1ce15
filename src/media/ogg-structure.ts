import { open } from "node:fs/promises";

const BLOCK_BYTES = 1024 ** 2;
const HEADER_BYTES = 27;
const MAX_SEGMENTS = 255;

/**
 * Whether an Ogg file consists of whole pages only, without bytes between them. Files that were joined
 * with `cat` do: ffmpeg takes the headers of the second one for damage.
 */
export async function isCleanOgg(path: string): Promise<boolean> {
  await using file = await open(path);
  const { size } = await file.stat();
  let block = Buffer.alloc(0);
  let blockStart = 0;
  for (let position = 0; position < size; ) {
    let at = position - blockStart;
    if (at + HEADER_BYTES + MAX_SEGMENTS > block.length) {
      block = Buffer.alloc(Math.min(BLOCK_BYTES, size - position));
      await file.read(block, 0, block.length, position);
      blockStart = position;
      at = 0;
    }
    const segments = block[at + HEADER_BYTES - 1];
    if (segments === undefined || block.toString("latin1", at, at + 4) !== "OggS") return false;
    const lengths = block.subarray(at + HEADER_BYTES, at + HEADER_BYTES + segments);
    position += HEADER_BYTES + segments + lengths.reduce((sum, length) => sum + length, 0);
    if (position > size) return false;
  }
  return true;
}
