/** Letters that must follow each other before their spaces count as spacing between letters. */
const MIN_LETTERS = 4;

const SPACED_LETTERS = /(?:^|\s)(?:\p{L}\p{M}* ){3}\p{L}/u;

/** At least six capital letters with a space between each; words are further apart. */
const TYPED_HEADING = /^\s*\p{Lu}(?: {1,6}\p{Lu}){5,}\s*$/u;

/**
 * Removes the spaces that were inferred from gaps between the letters of a word, such as
 * `B A Y E S` for a title with wide tracking. A space that the page itself contains stays, unless the
 * author spaced a whole heading of capital letters with it.
 *
 * @param typed  indexes in `characters` at which the page has a space
 */
export function joinLetterSpaced(characters: string[], typed: number[]): string {
  const plain = characters.join("");
  if (!SPACED_LETTERS.test(plain)) return plain;
  if (TYPED_HEADING.test(plain)) return joinTypedHeading(plain);
  const isTyped = new Set(typed);
  const isInferred = (i: number) => characters[i] === " " && !isTyped.has(i);
  const isLetter = (i: number) => /^\p{L}\p{M}*$/u.test(characters[i] ?? "");
  let text = "";
  for (let start = 0; start < characters.length; ) {
    let end = start;
    while (isLetter(end) && isInferred(end + 1) && isLetter(end + 2)) end += 2;
    const isWholeWord =
      (start === 0 || characters[start - 1] === " ") &&
      (end + 1 >= characters.length || !isLetter(end + 1));
    const letters = characters.slice(start, end + 1).filter((one) => one !== " ");
    if (isWholeWord && isSpacedWord(letters)) {
      text += letters.join("");
      start = end + 1;
    } else {
      text += characters[start];
      start += 1;
    }
  }
  return text;
}

function joinTypedHeading(plain: string): string {
  const words = plain.trim().split(/ {2,}/);
  const letters = words.map((word) => word.split(" "));
  // A row of a truth table has two letters.
  const isText = new Set(letters.flat()).size >= MIN_LETTERS && letters.some(isSpacedWord);
  return isText ? letters.map((word) => word.join("")).join(" ") : plain;
}

/** Whether single letters make up a word. Variables that are listed, such as `a b c d`, do not. */
export function isSpacedWord(letters: string[]): boolean {
  if (letters.length < MIN_LETTERS) return false;
  const word = letters.join("");
  const isOneCase = word === word.toUpperCase() || word.slice(1) === word.slice(1).toLowerCase();
  const isList = letters.every((letter, i) => i === 0 || letter > letters[i - 1]!);
  return isOneCase && !isList;
}
