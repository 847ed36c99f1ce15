/** The lines of a text that are not blank. One pattern for all line ends takes the same time for any file. */
export const linesOf = (text: string): string[] =>
  text.split(/[\r\n]+/).filter((line) => line.trim() !== "");

/**
 * All lines of a text. Several `\r` before `\n` are one line end. The time is linear, which `/\r+\n|\r/` is not for many
 * carriage returns.
 */
export function splitLines(text: string): string[] {
  return text.split("\n").flatMap((line, i, { length }) => {
    if (!line.includes("\r")) return line;
    let end = line.length;
    if (i < length - 1) while (line[end - 1] === "\r") end--;
    return line.slice(0, end).split("\r");
  });
}
