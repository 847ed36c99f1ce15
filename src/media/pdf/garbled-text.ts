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
  if (characters < MIN_CHARACTERS) return false;
  const plausible = long.filter(isPlausible).reduce((sum, word) => sum + word.length, 0);
  return plausible < characters * MIN_PLAUSIBLE_SHARE || hasStrangeVowels(long.join(""));
}

/** A word, a number, or an abbreviation, with punctuation around it. Other scripts are not judged. */
function isPlausible(raw: string): boolean {
  const word = raw.replace(/^[("'“‘«[{•–—-]+|[)"'”’»\]},.;:!?%…–—-]+$/gu, "");
  if (word === "" || /[^\p{ASCII}\p{Script=Latin}\p{P}\p{S}]/u.test(word)) return true;
  if (/^[+-]?[\d.,:/%^-]+\p{L}{0,3}$/u.test(word)) return true;
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
  const vowels = text.normalize("NFD").match(/[aeiouyıøæœ]/giu) ?? [];
  return vowels.length < letters.length * 0.2 || vowels.length > letters.length * 0.75;
}
