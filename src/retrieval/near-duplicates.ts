/**
 * Finds slides with almost the same content: states of a slide that is built step by step, and pages of a
 * deck that was uploaded again. In a list of results they count as one.
 */
import { toStem } from "../text/words";
import type { Scored } from "./rank";

export type SlideText = {
  content: string;
  /** When the deck was uploaded, in ms since 1970. */
  uploaded_ms: number;
};

/** Minimum share of common words among the words of both pages; for pages of different decks. */
const SAME_PAGE = 0.8;
/** Minimum share of the shorter page's words in the other page; for pages of one deck with the same title. */
const SAME_SLIDE = 0.85;
/** With fewer words, equal words mean nothing. */
const MIN_WORDS = 4;
/** States of one slide follow each other. */
const MAX_PAGES_APART = 40;

/** A slide in the form that is compared. */
export type SlideWords = Pick<SlideText, "uploaded_ms"> & {
  words: ReadonlySet<string>;
  /** One bit for each word, by its hash; several words can share a bit. */
  bits: Uint32Array;
  /** The content of a slide with fewer than MIN_WORDS words: it is compared as a whole. */
  content: string | null;
};

/** Bits of a slide: about four for each word of a full one. */
const BITS = 256;

type Member = { chunk: Scored; slide: SlideWords; words: ReadonlySet<string> };
/** The best of its chunks comes first. */
type Group = Member[];

/**
 * One chunk for each slide of a ranking. It has the place and score of its group's best chunk, and is the
 * fullest of the group, unless the best one has words of the question that the fullest lacks. Other chunks
 * stay as they are.
 *
 * @param ranking  best first
 * @param slides   words by chunk id; chunks without them are not compared
 */
export function mergeNearDuplicates(
  ranking: Scored[],
  slides: ReadonlyMap<string, SlideWords>,
  query: string,
): Scored[] {
  const asked = toStems(toWords(query));
  const groups: Group[] = [];
  const merged: (Scored | Group)[] = [];
  for (const chunk of ranking) {
    const slide = slides.get(chunk.chunk_id);
    if (!slide) {
      merged.push(chunk);
      continue;
    }
    const member = { chunk, slide, words: slide.words };
    const group = groups.find((each) => each.some((other) => isSame(other, member)));
    if (group) {
      group.push(member);
    } else {
      const alone = [member];
      groups.push(alone);
      merged.push(alone);
    }
  }
  return merged.map((one) => (Array.isArray(one) ? toRepresentative(one, asked) : one));
}

export function toSlideWords({ content, uploaded_ms }: SlideText): SlideWords {
  const words = toWords(content);
  const content_if_short = words.size < MIN_WORDS ? content : null;
  return { uploaded_ms, words, bits: toBits(words), content: content_if_short };
}

function toBits(words: ReadonlySet<string>): Uint32Array {
  const bits = new Uint32Array(BITS / 32);
  for (const word of words) {
    const bit = Bun.hash.crc32(word) % BITS;
    bits[bit >> 5]! |= 1 << (bit & 31);
  }
  return bits;
}

/** The least number of words of a slide that the other one lacks: each bit that only one of them has is a word. */
function leastMissing(one: Uint32Array, other: Uint32Array): number {
  let missing = 0;
  for (let i = 0; i < one.length; i++) missing += countBits(one[i]! & ~other[i]!);
  return missing;
}

/** The set bits of 32, added in parallel: in pairs, in fours, in bytes, then all bytes by one multiplication. */
function countBits(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** @param asked the stems of the question */
function toRepresentative(group: Group, asked: ReadonlySet<string>): Scored {
  const best = group[0]!;
  if (group.length === 1) return best.chunk;
  const [fullest] = group.toSorted(
    (a, b) => b.words.size - a.words.size || b.slide.uploaded_ms - a.slide.uploaded_ms,
  );
  if (fullest === best) return best.chunk;
  const needed = toStems(best.words).intersection(asked);
  const chosen = needed.isSubsetOf(toStems(fullest!.words)) ? fullest! : best;
  return { ...chosen.chunk, score: best.chunk.score };
}

function isSame(a: Member, b: Member): boolean {
  const [shorter, longer] = a.words.size <= b.words.size ? [a, b] : [b, a];
  if (shorter.words.size < MIN_WORDS) return a.slide.content === b.slide.content;
  const isSameDeck = a.chunk.asset_id === b.chunk.asset_id;
  if (isSameDeck && !areNeighbours(a, b)) return false;
  // The number of words excludes most pairs of different decks, and the bits exclude most other pairs.
  if (!sharesEnough(shorter.words.size, shorter, longer, isSameDeck)) return false;
  const atMost = shorter.words.size - leastMissing(shorter.slide.bits, longer.slide.bits);
  if (!sharesEnough(atMost, shorter, longer, isSameDeck)) return false;
  const shared = shorter.words.intersection(longer.words).size;
  return sharesEnough(shared, shorter, longer, isSameDeck);
}

/** Whether two slides with so many common words are the same. */
function sharesEnough(shared: number, shorter: Member, longer: Member, isSameDeck: boolean) {
  if (isSameDeck) return shared >= shorter.words.size * SAME_SLIDE;
  return shared >= (shorter.words.size + longer.words.size - shared) * SAME_PAGE;
}

/** Chunks of one page are parts of it, and no duplicates. */
function areNeighbours(a: Member, b: Member): boolean {
  const apart = Math.abs((a.chunk.page_number ?? 0) - (b.chunk.page_number ?? 0));
  return apart > 0 && apart <= MAX_PAGES_APART && a.chunk.title === b.chunk.title;
}

/** So that "averages" of a question is found as "averaging". */
const toStems = (words: ReadonlySet<string>): Set<string> => new Set([...words].map(toStem));

const WORD = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|[\p{L}\p{M}]+|\p{N}+/gu;

/** Words and numbers in lower case; characters of scripts that are written without spaces. */
const toWords = (text: string): Set<string> => new Set(text.toLowerCase().match(WORD) ?? []);
