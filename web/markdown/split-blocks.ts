/** A part of a Markdown text that can be parsed alone. */
export type MarkdownBlock = {
  text: string;
  /** Position in the whole text. */
  start: number;
};

const FENCE = /^ {0,3}(`{3,}|~{3,}|\$\$)/;
/** Lists continue over blank lines, and so do lines that are indented below them. */
const CONTINUES = /^(?:\s|[-*+] |\d{1,9}[.)] )/;

/**
 * Splits a text at blank lines outside code and formulas. While a text grows, only its last block changes,
 * so finished blocks are parsed once.
 */
export function splitBlocks(text: string): MarkdownBlock[] {
  const blocks: MarkdownBlock[] = [];
  let start = 0;
  let position = 0;
  let fence = "";
  let isAfterBlank = false;
  for (const line of text.split("\n")) {
    const [, opening = ""] = FENCE.exec(line) ?? [];
    const isBlank = line.trim() === "";
    if (isAfterBlank && !isBlank && fence === "" && !CONTINUES.test(line)) {
      blocks.push({ text: text.slice(start, position), start });
      start = position;
    }
    if (fence === "") fence = openedBy(line, opening);
    else if (opening.startsWith(fence) || (fence === "$$" && line.trimEnd().endsWith("$$")))
      fence = "";
    isAfterBlank = isBlank;
    position += line.length + 1;
  }
  if (start < text.length) blocks.push({ text: text.slice(start), start });
  return blocks;
}

/** `$$x$$` on one line opens nothing. */
const openedBy = (line: string, opening: string) =>
  opening === "$$" && line.trim().length > 2 && line.trimEnd().endsWith("$$") ? "" : opening;
