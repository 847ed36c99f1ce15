/**
 * Splits texts and questions into the words that full-text search compares. PostgreSQL's parser alone
 * finds no words in scripts without spaces, and reads `TCP/IP` as a file and `nn.Linear` as a host.
 */
import { cleanText } from "./clean-text";

/** One word of a text in all its spellings. */
export type SearchWord = {
  /** As written, then other spellings: a compound in one word, a Korean word without its particle. */
  forms: string[];
  /**
   * Pairs of neighbouring characters in Han and Hangul. Dictionaries split the same characters in different
   * ways in different sentences; pairs match in both.
   */
  pairs: string[];
};

/** The words of a text in order, after the clean-up that stored texts get, and in Unicode form KC. */
export function searchWordsOf(text: string): SearchWord[] {
  const clean = cleanText(text).normalize("NFKC");
  return [...clean.matchAll(TOKEN)].flatMap(([token]) => splitToken(token));
}

/** A text as its search words separated by blanks, for PostgreSQL to stem and to index. */
export function toSearchText(text: string): string {
  return searchWordsOf(text)
    .flatMap(({ forms, pairs }) => [...forms, ...pairs])
    .join(" ");
}

const TOKEN =
  /\p{N}+(?:[.,]\p{N}+)+(?![\p{L}\p{M}\p{N}])|[\p{L}\p{M}\p{N}]+(?:(?:[-‐‑–_./\\@:&+]|::)[\p{L}\p{M}\p{N}]+)*(?:\+\+|#)?/gu;
const NUMBER = /^\p{N}+(?:[.,]\p{N}+)+$/u;
const GROUPED = /^\p{N}{1,3}(?:,\p{N}{3})+(?:\.\p{N}+)?$/u;
/** Between the parts of a compound: punctuation, or a capital in camelCase and in `HTTPServer`. */
const BORDER = /[^\p{L}\p{M}\p{N}]+|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu}{2})(?=\p{Lu}\p{Ll}{2})/u;
/** `C++` and `C#` are other languages than C. */
const SUFFIXES = { "++": "plusplus", "#": "sharp" } as const;
/** A longer compound, such as an address, is found by its parts. */
const MAX_PARTS = 4;

/** Most words of a text, and symbols such as `x1`: one spelling, no parts. */
const PLAIN = /^(?:[A-Z]?[a-z]+|[A-Za-z]\d*)$/;

function splitToken(token: string): SearchWord[] {
  if (PLAIN.test(token)) return [{ forms: [token], pairs: [] }];
  if (NUMBER.test(token)) return [toNumber(token)];
  const [suffix] = token.match(/(?:\+\+|#)$/) ?? [];
  const parts = token.split(BORDER).filter((part) => part !== "");
  const words = parts.flatMap(splitPart);
  const [first] = words;
  if (first && suffix) first.forms.push(parts.at(-1)! + SUFFIXES[suffix as keyof typeof SUFFIXES]);
  if (first && parts.length > 1 && parts.length <= MAX_PARTS && /\p{L}/u.test(token)) {
    first.forms.push(parts.join(""));
  }
  return words;
}

/** `299,792,458` is also written `299792458`. */
const toNumber = (token: string): SearchWord => ({
  forms: GROUPED.test(token) ? [token.replaceAll(",", "")] : [token],
  pairs: [],
});

/** Scripts without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const PAIRED = /\p{Script=Han}{2,}|\p{Script=Hangul}{2,}/gu;
const HANGUL = /^\p{Script=Hangul}{2,}$/u;
/** The letters of `homework3` and `GPT4` are searched too; those of `x1` mean nothing alone. */
const NUMBERED = /^(\p{L}{3,})\p{N}+$/u;

/**
 * The marks that people leave out when they type: accents of Latin letters, except the diaeresis, because
 * German stems are equal with and without it; Greek accents; the dots of `ё`; vowel signs of Arabic and
 * Hebrew, and the Arabic stretch.
 */
const MARKS =
  /(?<=\p{Script=Latin})[\u0300-\u0307\u0309-\u036f]+|(?<=\p{Script=Greek})[\u0300-\u036f]+|(?<=[Ее])\u0308|[\u05b0-\u05c7\u0640\u064b-\u0652\u0670]/gu;

/** Stemmers need marks, so a word typed without them has another stem: "derivee" for "dérivée". */
const withoutMarks = (word: string): string =>
  ASCII.test(word) ? word : word.normalize("NFD").replace(MARKS, "").normalize("NFC");
const ASCII = /^[!-~]*$/;

const segmenter = new Intl.Segmenter("en", { granularity: "word" });

function splitPart(part: string): SearchWord[] {
  if (HANGUL.test(part)) {
    const forms = koreanForms(part);
    return [{ forms, pairs: pairsOf(part, forms.at(-1)!).filter((pair) => !forms.includes(pair)) }];
  }
  if (!UNSPACED.test(part)) {
    const letters = NUMBERED.exec(part)?.[1] ?? part;
    return [{ forms: [...new Set([part, letters, withoutMarks(part)])], pairs: [] }];
  }
  return [...segmenter.segment(part)]
    .filter(({ isWordLike }) => isWordLike)
    .map(({ segment, index }) => ({
      forms: [segment],
      pairs: pairsOf(segment, part.slice(index, index + segment.length + 1)),
    }));
}

/** The pairs of a word, and that of its last character with the next word. */
function pairsOf(word: string, withNext: string): string[] {
  const runs = withNext.match(PAIRED) ?? [];
  const pairs = runs.flatMap((run) => {
    const characters = [...run];
    return characters.slice(1).map((character, i) => characters[i]! + character);
  });
  return pairs.filter((pair) => pair !== word);
}

/** Korean joins particles and the copula to a word. Longer ones come first. */
// biome-ignore format: words
const PARTICLES = new RegExp(`(?:${[
  "이라는", "이란", "입니다", "입니까", "인가요", "인가", "에서는", "에서의", "에서", "으로는", "으로", "에는", "에게",
  "까지", "부터", "보다", "처럼", "하는", "한다", "합니다", "하고", "이다", "이며", "라는", "란", "은", "는", "이", "가", "을", "를", "의",
  "에", "로", "와", "과", "도", "만",
].join("|")})$`, "u");

function koreanForms(word: string): string[] {
  const bare = word.replace(PARTICLES, "");
  return bare === "" || bare === word ? [word] : [word, bare];
}
