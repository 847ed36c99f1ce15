/**
 * Joins the texts of consecutive chunks and removes the text that a chunk repeats from the previous one: the
 * heading of slides, the last sentences of speech.
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

/** The lines before the first empty line, which each chunk of a slide repeats. */
const headingOf = (text: string) => /^([^\n]+\n)+(?=\n)/.exec(text)?.[0] ?? "";

/** The length of the longest end of `before` with which `after` starts, in whole words. */
function overlap(before: string, after: string): number {
  const longest = Math.min(before.length, after.length);
  for (let length = longest; length > 0; length--) {
    const startsWord = length === before.length || /\s/.test(before[before.length - length - 1]!);
    const endsWord = length === after.length || /\s/.test(after[length]!);
    if (startsWord && endsWord && before.endsWith(after.slice(0, length))) return length;
  }
  return 0;
}
