/** A part of a text: found, or between two found parts. */
export type TextPart = { text: string; isFound: boolean };

/** Splits a text at the places that match the words without regard to case. One part if there is no match. */
export function findText(text: string, words: string): TextPart[] {
  if (words === "") return [{ text, isFound: false }];
  // Not by lower case: `İ` has two letters there, so places would move.
  const pattern = new RegExp(`(${words.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")})`, "giu");
  return text
    .split(pattern)
    .map((part, index) => ({ text: part, isFound: index % 2 === 1 }))
    .filter((part) => part.text !== "");
}
