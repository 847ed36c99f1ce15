/** Restores the indentation of program code, which is part of its meaning. PDFs keep only the place of each line. */
import type { Line } from "./pdf-layout";

/** Characters of a typewriter font have one width; rounding in the file changes it by less than this share. */
const SAME_WIDTH = 0.004;
/** An indentation is a whole number of characters. */
const WHOLE = 0.15;
/** Fewer letters have the same width by chance. */
const MIN_LETTERS = 8;

/** Adds the leading spaces to lines in a typewriter font. Other lines stay as they are. */
export function withIndentation(lines: Line[]): Line[] {
  return toBlocks(lines).flatMap((block) => {
    const width = widthOf(block[0]!);
    if (!width || !isTypewritten(block)) return block;
    const left = Math.min(...block.map((line) => line.left));
    const indents = block.map((line) => (line.left - left) / width);
    if (indents.some((indent) => Math.abs(indent - Math.round(indent)) > WHOLE)) return block;
    return block.map((line, i) => ({
      ...line,
      text: " ".repeat(Math.round(indents[i]!)) + line.text,
    }));
  });
}

/** Neighbouring lines whose characters have the same width. */
function toBlocks(lines: Line[]): Line[][] {
  const blocks: Line[][] = [];
  for (const line of lines) {
    const last = blocks.at(-1)?.at(-1);
    const [own, width] = [widthOf(line), last ? widthOf(last) : null];
    const follows =
      last &&
      own !== null &&
      width !== null &&
      isSame(own, width) &&
      !line.tilted &&
      line.top > last.top &&
      Math.abs(line.size - last.size) < last.size * 0.02;
    if (!follows) blocks.push([]);
    blocks.at(-1)!.push(line);
  }
  return blocks;
}

const isSame = (a: number, b: number) => Math.abs(a - b) < b * SAME_WIDTH;
/** The width that all words of a line agree on; null for other lines. */
function widthOf({ advances }: Line): number | null {
  const width = advances[0];
  return width !== undefined && advances.every((one) => isSame(one, width)) ? width : null;
}

function isTypewritten(block: Line[]): boolean {
  const letters =
    block
      .map(({ text }) => text)
      .join("")
      .match(/\p{L}/gu)?.length ?? 0;
  const words = block.reduce((sum, { advances }) => sum + advances.length, 0);
  return letters >= MIN_LETTERS && words >= 2 && block.length >= 2;
}
