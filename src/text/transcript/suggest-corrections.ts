import { doubleMetaphone } from "double-metaphone";
import { rankDeckTerms, type TermPage } from "../deck-terms";
import { editDistance } from "../edit-distance";
import { isQuestionWord } from "../question-words";
import type { Word } from "./transcript";

/** A page whose terms the speech probably contains, with the times in which it is shown. */
export type SuggestionPage = TermPage & {
  document_id: string;
  page_number: number;
  shown: readonly { start_ms: number; end_ms: number }[];
};

/** A text of the transcript that is probably a term of the slides. `find` and `replacement` make a rule. */
export type CorrectionSuggestion = {
  find: string;
  replacement: string;
  /** spacing: the same letters; sound: it sounds like the term; spelling: few letters differ. */
  reason: "spacing" | "sound" | "spelling";
  /** Where the slides have the term; a page that is shown at one of the places, if there is one. */
  document_id: string;
  page_number: number;
  places: { word_index: number; start_ms: number; expected: string }[];
};

const MAX_WORDS = 3;
/** Shorter terms resemble too many other words. */
const MIN_LETTERS = 5;
/** A term is expected within this time of its page. */
const NEAR_MS = 60_000;
const MAX_PLACES = 20;
/** Phrases between two pauses for other work. */
const SLICE = 1_000;
const MIN_SOUND = 3;
/** Shares of a term's letters that can differ. */
const SAME_SOUND = { share: 0.5, isSound: true };
const OTHER_SOUND = { share: 0.13, isSound: false };

type Term = { text: string; letters: string; sound: string };
type Place = { index: number; words: number; text: string };

/**
 * Finds words of a transcript that are probably terms of the slides, written differently. Precision is more
 * important than recall: common words alone, inflected forms and words of the slides are never suggested.
 *
 * @param words  as `correctableWords` returns them
 * @param countTokens  as for `rankDeckTerms`
 * @returns the most frequent first
 */
export async function suggestCorrections(
  words: readonly Word[],
  pages: readonly SuggestionPage[],
  countTokens: (text: string) => number,
): Promise<CorrectionSuggestion[]> {
  const terms = findTerms(pages, countTokens);
  if (terms.all.length === 0) return [];
  const slideText = pages.map(toSearchableText).join("");
  const isCommon = memoize((word: string) => countTokens(` ${word}`) === 1);
  const soundOf = memoize(soundOfWord);
  const bare = words.map(({ text }) => lettersOf(text));
  const found: CorrectionSuggestion[] = [];
  let looked = 0;
  for (let count = 1; count <= MAX_WORDS; count++) {
    for (const [phrase, places] of groupPlaces(words, bare, count)) {
      if (++looked % SLICE === 0) await Bun.sleep(0); // other requests are answered in between
      const parts = phrase.split(" ");
      if (count === 1 ? isCommon(phrase) : parts.some(isQuestionWord)) continue;
      const match = bestTerm(parts, terms, soundOf);
      if (!match || slideText.includes(` ${phrase} `)) continue;
      found.push(...toSuggestion(match, places, words, pages));
    }
  }
  return withoutOverlaps(found).sort((a, b) => b.places.length - a.places.length);
}

type TermIndex = { all: Term[]; byLetters: Map<string, Term>; bySound: Map<string, Term[]> };

function findTerms(
  pages: readonly SuggestionPage[],
  countTokens: (text: string) => number,
): TermIndex {
  const all = rankDeckTerms(pages, countTokens).flatMap((text) => {
    const letters = lettersOf(text);
    if (/\s/.test(text) || letters.length < MIN_LETTERS) return [];
    if (countTokens(` ${text.toLowerCase()}`) === 1) return [];
    return [{ text, letters, sound: soundOfWord(letters) }];
  });
  return {
    all,
    byLetters: new Map(all.map((term) => [term.letters, term])),
    bySound: Map.groupBy(
      all.filter(({ sound }) => sound.length >= MIN_SOUND),
      ({ sound }) => sound,
    ),
  };
}

/** The places of each phrase of `count` words, without phrases across a sentence. */
function groupPlaces(words: readonly Word[], bare: readonly string[], count: number) {
  const groups = new Map<string, Place[]>();
  for (let index = 0; index + count <= words.length; index++) {
    const parts = bare.slice(index, index + count);
    if (parts.some((part) => part === "") || words[index]!.kind === "audio_event") continue;
    const texts = words.slice(index, index + count).map(({ text }) => text);
    if (count > 1 && texts.some((text) => /['’]/.test(text))) continue;
    if (texts.slice(0, -1).some((text) => /[.,!?;:]$/.test(text))) continue;
    const phrase = parts.join(" ");
    const places = groups.get(phrase) ?? [];
    places.push({ index, words: count, text: texts.join(" ") });
    groups.set(phrase, places);
  }
  return groups;
}

type Match = { term: Term; reason: CorrectionSuggestion["reason"] };

function bestTerm(
  parts: readonly string[],
  { all, byLetters, bySound }: TermIndex,
  soundOf: (word: string) => string,
): Match | null {
  const letters = parts.join("");
  if (letters.length < MIN_LETTERS - 1) return null;
  const same = byLetters.get(letters);
  if (same) return parts.length > 1 ? { term: same, reason: "spacing" } : null;

  const alike = bySound.get(joinSounds(parts.map(soundOf))) ?? [];
  const sound = closest(letters, alike, SAME_SOUND);
  if (sound) return { term: sound, reason: "sound" };
  if (parts.length > 1) return null;
  const spelling = closest(letters, all, OTHER_SOUND);
  return spelling && { term: spelling, reason: "spelling" };
}

/** The term with the fewest other letters; null if the word can be an inflected form of a term. */
function closest(
  letters: string,
  terms: readonly Term[],
  { share, isSound }: { share: number; isSound: boolean },
): Term | null {
  let best: { term: Term; distance: number } | null = null;
  for (const term of terms) {
    const limit = term.letters.length * share;
    if (Math.abs(term.letters.length - letters.length) > limit) continue;
    const distance = editDistance(letters, term.letters);
    const isMisspelt = isSound && distance === 1 && differsInVowel(letters, term.letters);
    if (!isMisspelt && isInflection(letters, term.letters)) return null;
    if (distance <= limit && (!best || distance < best.distance)) best = { term, distance };
  }
  return best?.term ?? null;
}

/** `kalmen` for `kalman`; another consonant is often a British or American form. */
function differsInVowel(a: string, b: string): boolean {
  const at = [...a].findIndex((letter, i) => letter !== b[i]);
  return a.length === b.length && /[aeiouy]/.test(a[at]!) && /[aeiouy]/.test(b[at]!);
}

/** Both start alike and end with at most three other letters, such as plural forms. */
function isInflection(a: string, b: string): boolean {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  return same >= 4 && a.length - same <= 3 && b.length - same <= 3;
}

function toSuggestion(
  { term, reason }: Match,
  places: readonly Place[],
  words: readonly Word[],
  pages: readonly SuggestionPage[],
): CorrectionSuggestion[] {
  const own = pages.filter(({ text, title }) =>
    lettersOf(`${title ?? ""} ${text}`).includes(term.letters),
  );
  const near = own.find(({ shown }) =>
    places.some(({ index }) => shown.some((span) => isNear(words[index]!, span))),
  );
  const isAligned = pages.some(({ shown }) => shown.length > 0);
  if (isAligned && !near && reason !== "spacing") return [];
  const page = near ?? own[0];
  if (!page) return [];
  const [first] = places;
  return [
    {
      find: trimMarks(first!.text),
      replacement: term.text,
      reason,
      document_id: page.document_id,
      page_number: page.page_number,
      places: places.slice(0, MAX_PLACES).map(({ index, text }) => ({
        word_index: index,
        start_ms: words[index]!.start_ms,
        expected: trimMarks(text),
      })),
    },
  ];
}

const isNear = ({ start_ms }: Word, span: { start_ms: number; end_ms: number }) =>
  start_ms >= span.start_ms - NEAR_MS && start_ms < span.end_ms + NEAR_MS;

/** Of suggestions for the same words, the one with the same letters, else the one with more words. */
function withoutOverlaps(found: readonly CorrectionSuggestion[]): CorrectionSuggestion[] {
  const taken = new Set<number>();
  const rank = ({ reason, find }: CorrectionSuggestion) =>
    (reason === "spacing" ? 10 : 0) + find.split(" ").length;
  return [...found]
    .sort((a, b) => rank(b) - rank(a))
    .filter(({ find, places }) => {
      const count = find.split(" ").length;
      const indexes = places.flatMap(({ word_index }) =>
        Array.from({ length: count }, (_, i) => word_index + i),
      );
      if (indexes.some((index) => taken.has(index))) return false;
      for (const index of indexes) taken.add(index);
      return true;
    });
}

const trimMarks = (text: string) => text.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");

/** In lower case, without accents and marks, with one blank between words and at both ends. */
const lettersAndSpaces = (text: string) =>
  ` ${text
    .toLowerCase()
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/['’]/g, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()} `;

const lettersOf = (text: string) => lettersAndSpaces(text).replaceAll(" ", "");

const toSearchableText = ({ text, title }: TermPage) => lettersAndSpaces(`${title ?? ""}\n${text}`);

/** English rules. Texts of another language are compared with each other by the same rules. */
const soundOfWord = (letters: string): string =>
  doubleMetaphone(letters)[0].replace(/(.)\1+/g, "$1");

/** Only a vowel at the start of a word has a sign, which the word before takes away. */
const joinSounds = (sounds: readonly string[]): string =>
  sounds
    .map((sound, i) => (i === 0 ? sound : sound.replace(/^A/, "")))
    .join("")
    .replace(/(.)\1+/g, "$1");

function memoize<T>(compute: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}
