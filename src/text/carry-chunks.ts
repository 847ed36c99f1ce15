import { diffArrays } from "diff";
import { spanAfter, type Timeline, timesOf } from "./timeline";
import { UNSPACED_CHAR } from "./transcript/transcript";

/** A chunk of a transcript, as far as a correction can change it. */
export type CarriedChunk = { start_ms: number; end_ms: number; content: string };

/**
 * Moves the chunks of a transcript to its corrected text: each chunk contains the same speech as before, so
 * a chunk changes only if its words do.
 *
 * @param chunks  in order; their content is part of `former.text`
 * @returns null when the texts differ too much, or a chunk is not found
 */
export function carryChunks<C extends CarriedChunk>(
  chunks: readonly C[],
  former: Timeline,
  corrected: Timeline,
): C[] | null {
  const ranges = findChunks(chunks, former);
  const move = ranges && mapPositions(former.text, corrected.text);
  if (!move) return null;
  const moved: C[] = [];
  for (const [i, range] of ranges.entries()) {
    const from = move.start(range.from);
    const to = move.end(range.to);
    if (from >= to) return null;
    const content = corrected.text.slice(from, to);
    moved.push({ ...chunks[i]!, ...timesOf(corrected, from, to), content });
  }
  return moved;
}

/** A part of a text, by the positions of its UTF-16 units; `to` is not part of it. */
export type TextRange = { from: number; to: number };

/** Equal texts, such as a repeated sentence, are told apart by their time. */
function findChunks(chunks: readonly CarriedChunk[], former: Timeline): TextRange[] | null {
  const ranges: TextRange[] = [];
  let after = 0;
  for (const { content, start_ms } of chunks) {
    let from = former.text.indexOf(content, after);
    while (from !== -1 && startOf(former, from) < start_ms) {
      from = former.text.indexOf(content, from + 1);
    }
    if (from === -1) return null;
    ranges.push({ from, to: from + content.length });
    after = from + 1;
  }
  return ranges;
}

function startOf(timeline: Timeline, from: number): number {
  const span = timeline.spans[spanAfter(timeline.spans, from)];
  return span ? timesOf(timeline, from, from + 1).start_ms : 0;
}

/** A rule that changes more places than this is treated as a new transcript. */
const MAX_EDITS = 6_000;
const TOKENS = new RegExp(`${UNSPACED_CHAR}|(?:(?!${UNSPACED_CHAR})\\S)+`, "gu");

/**
 * Positions of words in one text, in another text with few other words. Words that are inserted or replaced
 * belong to the chunk of the first word that they replace.
 */
function mapPositions(former: string, corrected: string) {
  const old = [...former.matchAll(TOKENS)];
  const now = [...corrected.matchAll(TOKENS)];
  const changes = diffArrays(
    old.map(([word]) => word),
    now.map(([word]) => word),
    { maxEditLength: MAX_EDITS },
  );
  if (!changes) return null;

  /** For each former word, the first and the end of its words in the corrected text. */
  const starts = new Int32Array(old.length);
  const ends = new Int32Array(old.length);
  let [i, j] = [0, 0];
  for (let n = 0; n < changes.length; ) {
    const { added, removed, count } = changes[n]!;
    if (!added && !removed) {
      for (let k = 0; k < count; k++, i++, j++) {
        starts[i] = j;
        ends[i] = j + 1;
      }
      n++;
      continue;
    }
    let [gone, come] = [0, 0];
    for (; n < changes.length && (changes[n]!.added || changes[n]!.removed); n++) {
      if (changes[n]!.removed) gone += changes[n]!.count;
      else come += changes[n]!.count;
    }
    for (let k = 0; k < gone; k++, i++) {
      starts[i] = k === 0 ? j : j + come;
      ends[i] = j + come;
    }
    j += come;
  }

  const indexAt = (offset: number) => {
    let [low, high] = [0, old.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (old[middle]!.index >= offset) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return {
    /** @param offset  where a word starts */
    start: (offset: number): number => {
      const word = now[starts[indexAt(offset)] ?? now.length];
      return word?.index ?? corrected.length;
    },
    /** @param offset  where a word ends */
    end: (offset: number): number => {
      const last = now[(ends[indexAt(offset) - 1] ?? 0) - 1];
      return last ? last.index + last[0].length : 0;
    },
  };
}
