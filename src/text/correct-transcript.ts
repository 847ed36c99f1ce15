import { endsUnspaced, type Segment, startsUnspaced, type Word } from "./transcript";

/** A correction of the words that start at `start_ms`, or of all places (`start_ms` null: a rule). */
export type TextCorrection = {
  id: string;
  start_ms: number | null;
  /** Its place among the words with the same start, from 0; null for a rule. */
  nth_at_start: number | null;
  /** One or more words. */
  expected: string;
  replacement: string;
  /** Only for rules: whether `Eigen value` is another text than `eigen value`. */
  match_case: boolean;
};

/** The part of a transcript that corrections change. */
export type CorrectableText = { segments: Segment[]; words: Word[] };

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

/** The places of a rule in a text. Words can be separated by any white space. */
export function findRule(
  text: string,
  { expected, match_case }: Pick<TextCorrection, "expected" | "match_case">,
): { from: number; to: number }[] {
  return [...text.matchAll(toPattern(expected, match_case))].map(({ index, 0: match }) => ({
    from: index,
    to: index + match.length,
  }));
}

/**
 * The words of a transcript with their times, as corrections count them. Without times of words these are
 * the words of the segments, separated by white space, with interpolated times.
 */
export function correctableWords({ segments, words }: CorrectableText): Word[] {
  return words.length > 0 ? words : segments.flatMap(interpolatedWords);
}

/**
 * Finds the words that a correction means.
 *
 * @param index  of the first word in `correctableWords`
 * @param expected  the text of these words; punctuation at its ends can be omitted
 * @returns the place as corrections store it; null when other words are there
 */
export function findWords(
  words: readonly Word[],
  index: number,
  expected: string,
): { start_ms: number; nth_at_start: number } | null {
  const first = words[index];
  if (!first || !matchAt(words, index, expected)) return null;
  return { start_ms: first.start_ms, nth_at_start: nthAtStart(words, index) };
}

function nthAtStart(words: readonly Word[], index: number): number {
  let nth = 0;
  while (words[index - nth - 1]?.start_ms === words[index]!.start_ms) nth++;
  return nth;
}

type TextRange = { from: number; to: number };
type Edit = TextRange & { text: string };
type DraftWord = Word & { range: TextRange | null };
type DraftSegment = TextRange & Omit<Segment, "text">;

/** The text of all segments, and where each segment and each word is in it. */
type Draft = { text: string; segments: DraftSegment[]; words: DraftWord[] };

/** Between segments of different speakers: no rule matches across it. */
const TURN = "\u0000";
/** A word further away in the text is another occurrence. */
const WINDOW_CHARS = 40;

function toDraft({ segments, words }: CorrectableText): Draft {
  const draft: Draft = { text: "", segments: [], words: [] };
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

function toSegments({ text, segments }: Draft): Segment[] {
  return segments.flatMap(({ from, to, ...segment }) => {
    const content = text.slice(from, to).trim();
    return content === "" ? [] : [{ ...segment, text: content }];
  });
}

const withoutRange = ({ range: _, ...word }: DraftWord): Word => word;

function interpolatedWords({ text, start_ms, end_ms, speaker }: Segment): Word[] {
  const at = (offset: number) =>
    Math.round(start_ms + ((end_ms - start_ms) * offset) / Math.max(1, text.length));
  return [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => ({
    start_ms: at(index),
    end_ms: at(index + word.length),
    text: word,
    ...(speaker !== undefined && { speaker }),
  }));
}

function editsOf(draft: Draft, correction: TextCorrection): Edit[] {
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
  { text, words }: Draft,
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

/** Variants of one mark: keyboards type the first, recognisers and slides often write another. */
const APOSTROPHES = "'’ʼ";
const HYPHENS = "-‐‑";

/** The same length as the text: only case and variants of marks differ. */
function fold(text: string): string {
  const lower = text.toLowerCase();
  return unifyMarks(lower.length === text.length ? lower : text);
}

const unifyMarks = (text: string): string => text.replace(/[’ʼ]/g, "'").replace(/[‐‑]/g, "-");

const MARKS_BEFORE = /^[^\p{L}\p{N}]+/u;
const MARKS_AFTER = /[^\p{L}\p{N}]+$/u;

/** The words from `index` whose text is `expected`, with the number of characters around it. */
function matchAt(words: readonly Word[], index: number, expected: string) {
  const count = expected.trim().split(/\s+/).length;
  const group = words.slice(index, index + count);
  if (group.length < count) return null;
  const text = unifyMarks(group.map((word) => word.text).join(" "));
  const wanted = unifyMarks(expected.trim().replace(/\s+/g, " "));
  if (text === wanted) return { count, skipped: 0, left: 0 };
  const skipped = MARKS_BEFORE.exec(text)?.[0].length ?? 0;
  const left = MARKS_AFTER.exec(text)?.[0].length ?? 0;
  return text.slice(skipped, text.length - left) === wanted ? { count, skipped, left } : null;
}

const WORD_CHARS = "[\\p{L}\\p{M}\\p{N}_]";

/** Whole words only, except in scripts without spaces between words. */
function toPattern(expected: string, match_case: boolean): RegExp {
  const trimmed = expected.trim();
  const words = trimmed.split(/\s+/).map((word) =>
    unifyMarks(word)
      .replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
      .replaceAll("'", `[${APOSTROPHES}]`)
      .replaceAll("\\-", `[\\${HYPHENS}]`),
  );
  const starts = new RegExp(`^${WORD_CHARS}`, "u").test(trimmed) && !startsUnspaced(trimmed);
  const ends = new RegExp(`${WORD_CHARS}$`, "u").test(trimmed) && !endsUnspaced(trimmed);
  const pattern = `${starts ? `(?<!${WORD_CHARS})` : ""}${words.join("\\s+")}${ends ? `(?!${WORD_CHARS})` : ""}`;
  return new RegExp(pattern, match_case ? "gu" : "giu");
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
function applyEdits(draft: Draft, edits: readonly Edit[]): void {
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
  { words, text }: Draft,
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
  draft: Draft,
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
