import { open } from "node:fs/promises";

/**
 * Writes a new file piece by piece; only its owner can read it. `writeFile` of Bun 1.4.5 appends zeros to the file when the
 * first piece of an iterable is shorter than 4 KB and the next ones follow at once, which damaged restored PDFs.
 *
 * @throws the signal's reason when it aborts, errors of the disk and of the pieces; the incomplete file stays
 */
export async function writePieces(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    for await (const piece of pieces) {
      signal?.throwIfAborted();
      await file.writeFile(piece);
    }
  } finally {
    await file.close();
  }
}
