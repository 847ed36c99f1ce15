/** Finds the parts of a transcript and its timeline that a teacher should check. */
import type { CorrectionSuggestion } from "../text/transcript/suggest-corrections";
import type { Segment, Word } from "../text/transcript/transcript";
import { toStem, wordsOf } from "../text/words";

/** Milliseconds from the start of the recording; `end_ms` is exclusive. */
export type Stretch = { start_ms: number; end_ms: number };

/** A text that the slides do not have. */
export type UnknownTerm = {
  term: string;
  /** Places in the transcript; of a suggestion at most 20. */
  count: number;
  /** Of the first place. */
  start_ms: number;
  /** A term of the slides that it probably is; null for a rare word. */
  suggestion: Pick<
    CorrectionSuggestion,
    "replacement" | "reason" | "document_id" | "page_number"
  > | null;
};

const MIN_GAP_MS = 30_000;
const SPEED_STRETCH_MS = 300_000;
/** Less speech in a stretch gives no reliable speed. */
const MIN_SPOKEN_MS = 10_000;
/** Readers cannot follow faster captions. */
const MAX_CHARACTERS_PER_SECOND = 20;
const MIN_LETTERS = 4;
const MAX_TERMS = 50;
/** More tokens do not make a word rarer. */
const MAX_TOKENS = 5;
/** Different words between two pauses for other work. */
const SLICE = 300;

/** The uncertain parts of a timeline; neighbours are one, with their lowest confidence. */
export function uncertainStretches(
  spans: readonly (Stretch & { confidence: number })[],
  leastConfidence: number,
): (Stretch & { confidence: number })[] {
  const found: (Stretch & { confidence: number })[] = [];
  for (const { start_ms, end_ms, confidence } of spans) {
    if (confidence >= leastConfidence) continue;
    const last = found.at(-1);
    if (last && last.end_ms >= start_ms) {
      last.end_ms = Math.max(last.end_ms, end_ms);
      last.confidence = Math.min(last.confidence, confidence);
    } else found.push({ start_ms, end_ms, confidence });
  }
  return found;
}

/**
 * Silence of more than 30 s, also at the start and the end.
 *
 * @param busy  times of speech, in any order; they can overlap
 */
export function speechGaps(busy: readonly Stretch[], duration_ms: number): Stretch[] {
  const gaps: Stretch[] = [];
  let silent_from = 0;
  const end = { start_ms: duration_ms, end_ms: duration_ms };
  for (const { start_ms, end_ms } of [...busy]
    .sort((a, b) => a.start_ms - b.start_ms)
    .concat(end)) {
    if (start_ms - silent_from > MIN_GAP_MS) gaps.push({ start_ms: silent_from, end_ms: start_ms });
    silent_from = Math.max(silent_from, end_ms);
  }
  return gaps;
}

/** Spoken words per minute of speech, for each five minutes with at least ten seconds of speech. */
export function speakingSpeed(
  segments: readonly Segment[],
): (Stretch & { words: number; words_per_minute: number })[] {
  const stretches = Map.groupBy(segments, ({ start_ms }) =>
    Math.floor(start_ms / SPEED_STRETCH_MS),
  );
  return [...stretches.values()].flatMap((group) => {
    const { words, spoken_ms, words_per_minute } = countSpeech(group);
    if (spoken_ms < MIN_SPOKEN_MS || words_per_minute === null) return [];
    return [
      { start_ms: group[0]!.start_ms, end_ms: group.at(-1)!.end_ms, words, words_per_minute },
    ];
  });
}

/** `words_per_minute` is of the spoken time, without pauses between segments; null without speech. */
export function countSpeech(segments: readonly Segment[]) {
  const words = segments.reduce((sum, { text }) => sum + wordsOf(text).length, 0);
  const spoken_ms = segments.reduce((sum, { start_ms, end_ms }) => sum + end_ms - start_ms, 0);
  const words_per_minute = spoken_ms > 0 ? Math.round((words / spoken_ms) * 60_000) : null;
  return { words, spoken_ms, words_per_minute };
}

/** Captions with more than 20 characters per second, in order. */
export function fastCaptions(
  segments: readonly Segment[],
): (Stretch & { characters_per_second: number })[] {
  return segments.flatMap(({ start_ms, end_ms, text }) => {
    const seconds = Math.max(1, end_ms - start_ms) / 1_000;
    const characters_per_second = Math.round(([...text].length / seconds) * 10) / 10;
    return characters_per_second > MAX_CHARACTERS_PER_SECOND
      ? [{ start_ms, end_ms, characters_per_second }]
      : [];
  });
}

/**
 * Words that the slides do not have: first the probable mistakes, then rare words, the most frequent and
 * rarest first. Inflected forms of words of the slides are known.
 *
 * @param words  as `correctableWords` returns them
 * @param countTokens  common words have one token; see `rankDeckTerms`
 * @returns at most 50 of each kind; empty without slides
 */
export async function unknownTerms(
  words: readonly Word[],
  pages: readonly { text: string; title?: string | null | undefined }[],
  suggestions: readonly CorrectionSuggestion[],
  countTokens: (text: string) => number,
): Promise<UnknownTerm[]> {
  if (pages.length === 0) return [];
  const suggested = suggestions.slice(0, MAX_TERMS).map(
    ({ find, replacement, reason, document_id, page_number, places }): UnknownTerm => ({
      term: find,
      count: places.length,
      start_ms: places[0]!.start_ms,
      suggestion: { replacement, reason, document_id, page_number },
    }),
  );
  const known = new Set(
    [
      ...pages.map(({ title, text }) => `${title ?? ""}\n${text}`),
      ...suggestions.map((s) => s.find),
    ]
      .flatMap(wordsOf)
      .map(toStem),
  );
  return [...suggested, ...(await rareWords(words, known, countTokens))];
}

async function rareWords(
  words: readonly Word[],
  known: ReadonlySet<string>,
  countTokens: (text: string) => number,
): Promise<UnknownTerm[]> {
  const weighed: { entry: UnknownTerm; weight: number }[] = [];
  let looked = 0;
  for (const [key, entry] of countWords(words)) {
    if (++looked % SLICE === 0) await Bun.sleep(0); // other requests are answered in between
    if (!isTerm(key) || known.has(toStem(key))) continue;
    const tokens = Math.min(countTokens(` ${key}`), MAX_TOKENS);
    if (tokens > 1) weighed.push({ entry, weight: entry.count * (tokens - 1) });
  }
  return weighed
    .sort((a, b) => b.weight - a.weight)
    .slice(0, MAX_TERMS)
    .map(({ entry }) => entry);
}

/** The words in lower case, with their number and first place. */
function countWords(words: readonly Word[]): Map<string, UnknownTerm> {
  const found = new Map<string, UnknownTerm>();
  for (const { text, start_ms, kind } of words) {
    if (kind === "audio_event") continue;
    for (const term of wordsOf(text)) {
      const key = term.toLowerCase();
      const entry = found.get(key);
      if (entry) entry.count++;
      else found.set(key, { term, count: 1, start_ms, suggestion: null });
    }
  }
  return found;
}

const isTerm = (word: string): boolean =>
  (word.match(/\p{L}/gu)?.length ?? 0) >= MIN_LETTERS && !/['’\d]/.test(word);
