import type { PlacedWord } from "./text-fragments";

/** A word on a page. Places are shares of the page's width and height, 0 to 1, from its top left corner. */
export type PageWord = { text: string; x: number; y: number; width: number; height: number };

/** Letters above and below the baseline, as shares of the font size. */
const ASCENT = 0.8;
const DESCENT = 0.25;

/**
 * The words of a page with the boxes around them. PDFs place pieces of text and not words, so the place of
 * a word within its piece is estimated by the number of letters before it.
 *
 * @param page size in points
 */
export function toPageWords(
  pieces: PlacedWord[],
  page: { width: number; height: number },
): PageWord[] {
  return pieces.flatMap((piece) =>
    [...piece.text.matchAll(/\S+/g)].map(({ 0: text, index }) => {
      const perLetter = piece.width / piece.text.length;
      const before = piece.rightToLeft ? piece.text.length - index - text.length : index;
      return toBox(piece, text, before * perLetter, text.length * perLetter, page);
    }),
  );
}

function toBox(
  { x, y, size, angle }: PlacedWord,
  text: string,
  from: number,
  length: number,
  page: { width: number; height: number },
): PageWord {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const corners = [from, from + length].flatMap((along) =>
    [-ASCENT * size, DESCENT * size].map((down) => ({
      x: clamp((x + along * cos - down * sin) / page.width),
      y: clamp((y + along * sin + down * cos) / page.height),
    })),
  );
  const left = Math.min(...corners.map((corner) => corner.x));
  const top = Math.min(...corners.map((corner) => corner.y));
  return {
    text,
    x: round(left),
    y: round(top),
    width: round(Math.max(...corners.map((corner) => corner.x)) - left),
    height: round(Math.max(...corners.map((corner) => corner.y)) - top),
  };
}

const clamp = (share: number) => Math.min(1, Math.max(0, share));
const round = (share: number) => Math.round(share * 10_000) / 10_000;
