/** Letters and digits only: quotes join lines and hyphens, which the page shows apart. */
const lettersOf = (text: string) =>
  text
    .normalize("NFKC")
    .toLocaleLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");

/** A shorter line is on many places of a page. */
const MIN_LETTERS = 3;

/**
 * The words of a page that a quote contains, in the order of the page. A quote whose words are not beside
 * each other in the file is searched line by line. Empty if the page does not have the quote as text.
 */
export function findQuote<W extends { text: string }>(words: W[], quote: string): W[] {
  const letters = words.map(({ text }) => lettersOf(text));
  const starts: number[] = [];
  let length = 0;
  for (const word of letters) {
    starts.push(length);
    length += word.length;
  }
  const page = letters.join("");
  const find = (text: string): number[] => {
    const wanted = lettersOf(text);
    const at = wanted.length < MIN_LETTERS ? -1 : page.indexOf(wanted);
    if (at < 0) return [];
    return letters.flatMap((word, i) => {
      const start = starts[i]!;
      return word !== "" && start < at + wanted.length && start + word.length > at ? [i] : [];
    });
  };
  const whole = find(quote);
  const found = new Set(whole.length > 0 ? whole : quote.split("\n").flatMap(find));
  return words.filter((_, index) => found.has(index));
}
