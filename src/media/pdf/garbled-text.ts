/**
 * Recognises text in a font that does not map glyphs to characters: the page shows words, but the file
 * yields private-use characters or wrong letters.
 */

const PRIVATE_USE = /[\ue000-\uf8ff\ufffd\u{f0000}-\u{10fffd}]/u;
/** Symbol fonts have their bullets here; OpenSymbol's stand apart from the text. */
const SYMBOL_BULLET = /^([\t ]*)(?:[\uf020-\uf0ff]|[\ue000-\uf8ff](?=[\t ]))[\t ]*/gmu;

/** Private-use characters have no meaning outside their font and cannot be searched for. */
export function withoutPrivateUse(text: string): string {
  return text.replace(SYMBOL_BULLET, "$1• ").replace(new RegExp(PRIVATE_USE, "gu"), "");
}

/** Fewer characters are too small a sample. */
const MIN_CHARACTERS = 12;
const MAX_BROKEN_SHARE = 0.05;
const MIN_PLAUSIBLE_SHARE = 0.4;

export function isGarbled(text: string): boolean {
  const words = text.replace(SYMBOL_BULLET, "").match(/\S+/g) ?? [];
  const broken = words.filter((word) => PRIVATE_USE.test(word)).length;
  if (broken > 0 && broken >= words.length * MAX_BROKEN_SHARE) return true;

  const long = words.filter((word) => word.length >= 3);
  const characters = long.reduce((sum, word) => sum + word.length, 0);
  if (characters < MIN_CHARACTERS || hasWords(text)) return false;
  const plausible = long.filter(isPlausible).reduce((sum, word) => sum + word.length, 0);
  return plausible < characters * MIN_PLAUSIBLE_SHARE || hasStrangeVowels(long.join(""));
}

/** Of the letters of words in the languages with Latin letters; of random letters, fewer are vowels. */
const VOWEL_SHARE = [0.25, 0.65] as const;

/** Code and addresses consist of words too, with marks between them that prose does not have. */
function hasWords(text: string): boolean {
  const parts = text.match(/(?:\p{Lu}?\p{Ll}{2,}|\p{Lu}{3,})/gu) ?? [];
  const letters = parts.join("");
  if (letters.length < MIN_CHARACTERS || /[^\p{Script=Latin}]/u.test(letters)) return false;
  const isMost = letters.length * 2 > (text.match(/\p{L}/gu)?.length ?? 0);
  const share = vowelShare(letters);
  return isMost && share >= VOWEL_SHARE[0] && share <= VOWEL_SHARE[1];
}

const vowelShare = (letters: string): number =>
  (letters.normalize("NFD").match(/[aeiouyıøæœ]/giu)?.length ?? 0) / letters.length;

/** Formulas of chemistry, numbers of programs, and checksums. */
const isCode = (word: string) =>
  /^\d*(?:[A-Z][a-z]?\d*){2,}$/.test(word) ||
  /^(?:0[xb][\da-f]+|(?=\D*\d)[\da-f]{6,})$/i.test(word);

/** A word, a number, or an abbreviation, with punctuation around it. Other scripts are not judged. */
function isPlausible(raw: string): boolean {
  const word = raw.replace(/^[("'“‘«[{•–—-]+|[)"'”’»\]},.;:!?%…–—-]+$/gu, "");
  if (word === "" || /[^\p{ASCII}\p{Script=Latin}\p{P}\p{S}]/u.test(word)) return true;
  if (/^[+-]?[\d.,:/%^-]+\p{L}{0,3}$/u.test(word) || isCode(word)) return true;
  return word
    .split(/[-–/'’_.:()=,+&^]/)
    .every((part) =>
      /^(\p{Lu}?\p{Ll}*|\p{Lu}+s?|\d+|\p{Ll}+\p{Lu}\p{L}*|\p{Lu}\p{Ll}+\p{Lu}\p{L}*)\d*$/u.test(
        part,
      ),
    );
}

/** Every language in Latin script has vowels in a quarter to a half of its letters. */
function hasStrangeVowels(text: string): boolean {
  const letters = text.match(/[a-z\u00c0-\u024f]/giu) ?? [];
  if (letters.length < 40) return false;
  const share = vowelShare(letters.join(""));
  return share < 0.2 || share > 0.75;
}
