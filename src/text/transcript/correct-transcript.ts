import type { TextRange } from "../carry-chunks";
import {
  type CorrectableText,
  correctableWords,
  findRule,
  fold,
  matchAt,
  nthAtStart,
  type TextCorrection,
} from "./correction-places";
import type { Segment, Word } from "./transcript";

export type CorrectedText = CorrectableText & {
  /** The number of corrected places, by correction; corrections without effect are not included. */
  changes: Record<string, number>;
};

/**
 * Applies corrections in their order. Times stay: a merged word spans the start of the first to the end of
 * the last, and additional words share that time by their length. Segments keep their times, except where
 * words of two segments are merged: the merged word belongs to the first. A correction that would make the
 * text too long has no effect.
 *
 * @param transcript  as normalized by `normalizeSegments` and `normalizeWords`; not changed
 */
export function correctTranscript(
  transcript: CorrectableText,
  corrections: readonly TextCorrection[],
): CorrectedText {
  if (corrections.length === 0) return { ...transcript, changes: {} };
  const draft = toDraft(transcript);
  const maxLength = MAX_GROWTH * draft.text.length + MAX_ADDED_CHARS;
  const changes: Record<string, number> = {};
  for (const correction of corrections) {
    const edits = editsOf(draft, correction);
    if (edits.length === 0 || draft.text.length + addedChars(edits) > maxLength) continue;
    changes[correction.id] = edits.length;
    applyEdits(draft, edits);
  }
  if (Object.keys(changes).length === 0) return { ...transcript, changes };
  const words = transcript.words.length === 0 ? [] : draft.words.map(withoutRange);
  return { segments: toSegments(draft), words, changes };
}

/** Rules that repeat a word multiply each other's words: three of them make a gigabyte of one lecture. */
const MAX_GROWTH = 3;
/** A short text can grow by this much more. */
const MAX_ADDED_CHARS = 10_000;

const addedChars = (edits: readonly Edit[]): number =>
  edits.reduce((sum, { from, to, text }) => sum + text.length - (to - from), 0);

type Edit = TextRange & { text: string };
type DraftWord = Word & { range: TextRange | null };
type DraftSegment = TextRange & Omit<Segment, "text">;

/** The text of all segments, and where each segment and each word is in it. */
type TranscriptDraft = { text: string; segments: DraftSegment[]; words: DraftWord[] };

/** Between segments of different speakers: no rule matches across it. */
const TURN = "\u0000";
/** A word further away in the text is another occurrence. */
const WINDOW_CHARS = 40;

function toDraft({ segments, words }: CorrectableText): TranscriptDraft {
  const draft: TranscriptDraft = { text: "", segments: [], words: [] };
  const timed = correctableWords({ segments, words });
  const texts: string[] = [];
  let length = 0;
  let next = 0;
  segments.forEach(({ text, ...segment }, i) => {
    const separator = i === 0 ? "" : segments[i - 1]!.speaker === segment.speaker ? "\n" : TURN;
    const from = length + separator.length;
    texts.push(separator, text);
    length = from + text.length;
    draft.segments.push({ ...segment, from, to: length });
    const isLast = i === segments.length - 1;
    const spelled = fold(text);
    let cursor = 0;
    for (; next < timed.length && (isLast || timed[next]!.start_ms < segment.end_ms); next++) {
      const word = timed[next]!;
      const at = spelled.indexOf(fold(word.text), cursor);
      const isFound = at !== -1 && at - cursor <= WINDOW_CHARS;
      const range = isFound ? { from: from + at, to: from + at + word.text.length } : null;
      if (isFound) cursor = at + word.text.length;
      draft.words.push({ ...word, range });
    }
  });
  draft.text = texts.join("");
  return draft;
}

function toSegments({ text, segments }: TranscriptDraft): Segment[] {
  return segments.flatMap(({ from, to, ...segment }) => {
    const content = text.slice(from, to).trim();
    return content === "" ? [] : [{ ...segment, text: content }];
  });
}

const withoutRange = ({ range: _, ...word }: DraftWord): Word => word;

function editsOf(draft: TranscriptDraft, correction: TextCorrection): Edit[] {
  if (correction.start_ms !== null) return wordEdit(draft, correction, correction.start_ms);
  return findRule(draft.text, correction)
    .map((range) => ({
      ...range,
      text: inCaseOf(draft.text.slice(range.from, range.to), correction),
    }))
    .filter(({ from, to, text }) => draft.text.slice(from, to) !== text);
}

/** Another transcript of the same recording has slightly other times. */
const ANCHOR_MS = 500;

/**
 * While a word starts exactly at the place, only the words there are corrected: after an undo, the expected
 * text can be that of a neighbour.
 */
function wordEdit(
  { text, words }: TranscriptDraft,
  { expected, replacement, nth_at_start }: TextCorrection,
  start_ms: number,
): Edit[] {
  const range = words.some((word) => word.start_ms === start_ms) ? 0 : ANCHOR_MS;
  let best: { range: TextRange; distance: number } | null = null;
  words.forEach((word, i) => {
    const away = Math.abs(word.start_ms - start_ms);
    if (away > range) return;
    const distance = away > 0 ? away : Math.abs(nthAtStart(words, i) - (nth_at_start ?? 0));
    if (best && best.distance <= distance) return;
    const match = matchAt(words, i, expected);
    const first = word.range;
    const last = match && words[i + match.count - 1]!.range;
    if (!match || !first || !last) return;
    best = { range: { from: first.from + match.skipped, to: last.to - match.left }, distance };
  });
  const found = best as { range: TextRange; distance: number } | null;
  if (!found || text.slice(found.range.from, found.range.to) === replacement) return [];
  return [{ ...found.range, text: replacement }];
}

/** The replacement with the capital letters of the place: `Eigen value` becomes `Eigenvalue`. */
function inCaseOf(place: string, { expected, replacement, match_case }: TextCorrection): string {
  const isLower = expected === expected.toLowerCase();
  if (match_case || !isLower || place === place.toLowerCase()) return replacement;
  if (place.length > 1 && place === place.toUpperCase()) return replacement.toUpperCase();
  const [first = ""] = place;
  if (first !== first.toUpperCase() || first === first.toLowerCase()) return replacement;
  const [start = ""] = replacement;
  return start.toUpperCase() + replacement.slice(start.length);
}

/** @param edits  in order, without overlaps */
function applyEdits(draft: TranscriptDraft, edits: readonly Edit[]): void {
  const pieces: string[] = [];
  const shifts: { edit: Edit; delta: number }[] = [];
  let from = 0;
  let delta = 0;
  for (const edit of edits) {
    pieces.push(draft.text.slice(from, edit.from), edit.text);
    from = edit.to;
    shifts.push({ edit, delta });
    delta += edit.text.length - (edit.to - edit.from);
  }
  pieces.push(draft.text.slice(from));

  const words = replaceWords(draft, shifts, delta);
  const moved = mover(shifts, delta);
  draft.segments = draft.segments.map((segment) => {
    const { from, to } = segment;
    return { ...segment, from: moved(from), to: moved(to) };
  });
  draft.text = pieces.join("");
  draft.words = words;
  keepWordsInside(draft, edits, shifts);
}

/** The new position of a position in the text; one inside an edit moves to the edit's end. */
function mover(shifts: readonly { edit: Edit; delta: number }[], total: number) {
  return (offset: number): number => {
    let low = 0;
    let high = shifts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (shifts[middle]!.edit.to > offset) high = middle;
      else low = middle + 1;
    }
    const next = shifts[low];
    if (!next) return offset + total;
    const { edit, delta } = next;
    return offset <= edit.from ? offset + delta : edit.from + delta + edit.text.length;
  };
}

/** The words after the edits, moved in place; those of an edited range are replaced by the words of its text. */
function replaceWords(
  { words, text }: TranscriptDraft,
  shifts: readonly { edit: Edit; delta: number }[],
  total: number,
): DraftWord[] {
  const moved = mover(shifts, total);
  const result: DraftWord[] = [];
  let at = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    while (word.range && shifts[at] && shifts[at]!.edit.to <= word.range.from) at++;
    const shift = shifts[at];
    if (!word.range || !shift || word.range.to <= shift.edit.from) {
      if (word.range) {
        // In place: copies of all words for each correction take most of the time.
        word.range.from = moved(word.range.from);
        word.range.to = moved(word.range.to);
      }
      result.push(word);
      continue;
    }
    // The edit can end inside a later word; one word can contain several edits.
    const group = [word];
    let last = at;
    for (;;) {
      const end = group.at(-1)!.range!.to;
      while (shifts[last + 1] && shifts[last + 1]!.edit.from < end) last++;
      const next = words[i + 1];
      if (!next?.range || next.range.from >= shifts[last]!.edit.to) break;
      group.push(next);
      i++;
    }
    const old = { from: group[0]!.range!.from, to: group.at(-1)!.range!.to };
    const parts = shifts.slice(at, last + 1);
    result.push(...newWords(text, group, old, parts));
    at = last;
  }
  return result;
}

/** One or more words in the place of a group; as many words keep their times one by one. */
function newWords(
  text: string,
  group: readonly DraftWord[],
  old: TextRange,
  parts: readonly { edit: Edit; delta: number }[],
): DraftWord[] {
  const pieces: string[] = [];
  let from = old.from;
  for (const { edit } of parts) {
    pieces.push(text.slice(from, Math.max(from, edit.from)), edit.text);
    from = edit.to;
  }
  pieces.push(text.slice(from, Math.max(from, old.to)));
  const content = pieces.join("").replaceAll(TURN, " ");
  const [first, last] = [group[0]!, group.at(-1)!];
  const { delta } = parts[0]!;
  const start = Math.min(old.from, parts[0]!.edit.from) + delta;
  const found = [...content.matchAll(/\S+/g)];
  const end_ms = Math.max(first.end_ms, last.end_ms);
  const share = (offset: number) =>
    Math.round(first.start_ms + ((end_ms - first.start_ms) * offset) / content.length);
  return found.map(({ 0: word, index }, i) => {
    const range = { from: start + index, to: start + index + word.length };
    const { kind: _, ...same } = found.length === group.length ? group[i]! : first;
    const times =
      found.length === group.length
        ? { start_ms: same.start_ms, end_ms: same.end_ms }
        : {
            start_ms: i === 0 ? first.start_ms : share(index),
            end_ms: i === found.length - 1 ? end_ms : share(index + word.length),
          };
    return { ...same, ...times, text: word, range };
  });
}

/** A word that was merged from two segments ends in the first, so the first lasts until its end. */
function keepWordsInside(
  draft: TranscriptDraft,
  edits: readonly Edit[],
  shifts: readonly { edit: Edit; delta: number }[],
): void {
  if (edits.length === 0) return;
  const ends = new Map(shifts.map(({ edit, delta }) => [edit.from + delta, edit]));
  for (const word of draft.words) {
    if (!word.range || !ends.has(word.range.from)) continue;
    const at = segmentAt(draft.segments, word.range.from);
    const segment = draft.segments[at];
    if (!segment || word.end_ms <= segment.end_ms || word.range.to < segment.to) continue;
    segment.end_ms = word.end_ms;
    const next = draft.segments[at + 1];
    if (next && next.start_ms < word.end_ms) {
      next.start_ms = word.end_ms;
      next.end_ms = Math.max(next.end_ms, word.end_ms + 1);
    }
  }
}

/** Index of the last segment that starts at or before an offset and contains text. */
function segmentAt(segments: readonly DraftSegment[], offset: number): number {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle]!.to > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}
