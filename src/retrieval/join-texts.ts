/**
 * Joins the texts of chunks that follow each other, saying once what the later one repeats of the
 * earlier: its heading on slides, its last sentences in speech.
 */
export function joinTexts(texts: string[]): string {
  return texts.reduce((joined, next) => {
    const heading = headingOf(next);
    const sameHeading = heading !== "" && headingOf(joined) === heading;
    const body = sameHeading ? next.slice(heading.length).trimStart() : next;
    const rest = body.slice(overlap(joined, body)).trimStart();
    if (rest === "") return joined;
    return `${joined.trimEnd()}${sameHeading ? "\n\n" : " "}${rest}`;
  });
}

/** The lines before the first empty one, which the chunker of slides repeats on each chunk of a page. */
const headingOf = (text: string) => /^([^\n]+\n)+(?=\n)/.exec(text)?.[0] ?? "";

/** Length of the longest end of `before` that `after` begins with, whole words only. */
function overlap(before: string, after: string): number {
  const longest = Math.min(before.length, after.length);
  for (let length = longest; length > 0; length--) {
    const startsWord = length === before.length || /\s/.test(before[before.length - length - 1]!);
    const endsWord = length === after.length || /\s/.test(after[length]!);
    if (startsWord && endsWord && before.endsWith(after.slice(0, length))) return length;
  }
  return 0;
}
