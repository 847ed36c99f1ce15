import { readFileSync } from "node:fs";

/** A byte-pair encoding whose tokens are numbered by their rank: of two pairs, the lower rank is merged first. */
export type BytePairEncoding = {
  /** Number of tokens of `text`. A piece without a split takes quadratic time. */
  count(text: string): number;
  /** The bytes of a token; undefined when it is not in the vocabulary. */
  bytesOf(token: number): Uint8Array | undefined;
};

/**
 * Opens the encoding of a vocabulary in OpenAI's `.tiktoken` format: one token per line, in base64, in the order
 * of the ranks.
 *
 * The vocabulary is kept in typed arrays of 3 MB. The encoders of the npm packages keep each token as a string
 * in a map: 35 MB in each thread, and 55 MB while they load.
 *
 * @param file   path of the vocabulary
 * @param split  a global expression; tokens never cross the borders of its matches
 * @throws Error when the file cannot be read
 */
export function openBytePairEncoding(file: string, split: RegExp): BytePairEncoding {
  const vocabulary = readVocabulary(readFileSync(file));
  const encoder = new TextEncoder();
  let bytes = new Uint8Array(1_024);
  return {
    count(text) {
      let tokens = 0;
      for (const [piece] of text.matchAll(split)) {
        if (bytes.length < 3 * piece.length) bytes = new Uint8Array(3 * piece.length);
        const { written } = encoder.encodeInto(piece, bytes);
        tokens += countMerged(vocabulary, bytes, written);
      }
      return tokens;
    },
    bytesOf(token) {
      if (!Number.isInteger(token) || token < 0 || token >= vocabulary.size) return undefined;
      return vocabulary.bytes.subarray(vocabulary.starts[token], vocabulary.starts[token + 1]);
    },
  };
}

type Vocabulary = {
  size: number;
  /** All tokens, one after the other. */
  bytes: Uint8Array;
  /** Where each token starts in `bytes`, and the end of the last one. */
  starts: Uint32Array;
  /** Hash table with open addressing: the token + 1, or 0 for a free place. */
  table: Uint32Array;
};

const NEWLINE = 10;

function readVocabulary(file: Buffer): Vocabulary {
  const lines = file.reduce((sum, byte) => (byte === NEWLINE ? sum + 1 : sum), 1);
  const bytes = new Uint8Array(file.length);
  const starts = new Uint32Array(lines + 1);
  const table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * lines)));
  const vocabulary: Vocabulary = { size: 0, bytes, starts, table };

  for (let line = 0; line < file.length; ) {
    const lineEnd = indexOrEnd(file, NEWLINE, line);
    const start = starts[vocabulary.size]!;
    const end = decodeBase64(file, line, lineEnd, bytes, start);
    if (end > start) {
      table[findPlace(vocabulary, bytes, start, end)] = vocabulary.size + 1;
      vocabulary.size += 1;
      starts[vocabulary.size] = end;
    }
    line = lineEnd + 1;
  }
  vocabulary.bytes = bytes.slice(0, starts[vocabulary.size]);
  return vocabulary;
}

function indexOrEnd(file: Buffer, byte: number, from: number): number {
  const index = file.indexOf(byte, from);
  return index === -1 ? file.length : index;
}

const BASE64 = new Map(
  [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].map(
    (character, value) => [character.charCodeAt(0), value] as const,
  ),
);

/** Decodes in place: a string for each of 100 000 tokens would be 10 MB of garbage. Returns the end in `to`. */
function decodeBase64(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): number {
  let bits = 0;
  let count = 0;
  for (let index = start; index < end; index += 1) {
    const value = BASE64.get(from[index]!);
    if (value === undefined) break; // the padding, or the space before the rank
    bits = ((bits << 6) | value) & 0xfff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    to[at] = bits >> count;
    at += 1;
  }
  return at;
}

/** The place of a token in the table, or the free place where it belongs. */
function findPlace(
  { table, bytes, starts }: Vocabulary,
  from: Uint8Array,
  start: number,
  end: number,
): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (let index = start; index < end; index += 1) {
    hash = Math.imul(hash ^ from[index]!, 0x01000193);
  }
  const last = table.length - 1;
  let place = (hash ^ (hash >>> 15)) & last;
  for (let entry = table[place]!; entry !== 0; entry = table[place]!) {
    const first = starts[entry - 1]!;
    let same = starts[entry]! - first === end - start;
    for (let index = 0; same && index < end - start; index += 1) {
      same = bytes[first + index] === from[start + index];
    }
    if (same) break;
    place = (place + 1) & last;
  }
  return place;
}

const NONE = 0xffffffff;

/** The rank of the token of these bytes; `NONE` when no token has them. */
function rankOf(vocabulary: Vocabulary, from: Uint8Array, start: number, end: number): number {
  const entry = vocabulary.table[findPlace(vocabulary, from, start, end)]!;
  return entry === 0 ? NONE : entry - 1;
}

/** Number of tokens of one piece: merges the pair of the lowest rank until no pair is a token. */
function countMerged(vocabulary: Vocabulary, piece: Uint8Array, length: number): number {
  if (length < 2 || rankOf(vocabulary, piece, 0, length) !== NONE) return Math.min(length, 1);
  const starts = Array.from({ length: length + 1 }, (_, index) => index);
  const rankAt = (index: number) =>
    index + 2 < starts.length
      ? rankOf(vocabulary, piece, starts[index]!, starts[index + 2]!)
      : NONE;
  const ranks = Array.from({ length: length - 1 }, (_, index) => rankAt(index));

  for (;;) {
    let lowest = NONE;
    let at = -1;
    for (let index = 0; index < ranks.length; index += 1) {
      if (ranks[index]! < lowest) {
        lowest = ranks[index]!;
        at = index;
      }
    }
    if (at === -1) return starts.length - 1;
    starts.splice(at + 1, 1);
    ranks.splice(at, 1);
    if (at < ranks.length) ranks[at] = rankAt(at);
    if (at > 0) ranks[at - 1] = rankAt(at - 1);
  }
}
