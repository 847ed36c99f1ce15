/** Text as programs really draw it, read through the whole reader. */
import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPdf } from "../../../src/media/pdf/pdf";
import { rawPdf, text } from "../../support/raw-pdf";

const folder = await mkdtemp(join(tmpdir(), "drawn-text-"));
afterAll(() => rm(folder, { recursive: true }));

const rows = (cells: string[][], x: number[], top: number) =>
  cells.map((row, i) => row.map((cell, j) => text(cell, x[j]!, top - i * 24)).join("")).join("");
const tracked = [..."MACHINE LEARNING"].map((letter) => `(${letter}) -400`).join(" ");

const CASES: [name: string, content: string, expected: string][] = [
  [
    "indices by the text matrix",
    "BT /F1 1 Tf 16 0 0 16 40 300 Tm (log) Tj 10 0 0 10 62.5 297.5 Tm (2) Tj 16 0 0 16 68.5 300 Tm ( n grows as 10) Tj 10 0 0 10 170 306 Tm (6) Tj ET",
    "log_2 n grows as 10^6",
  ],
  [
    "indices by text rise",
    "BT /F1 16 Tf 40 300 Td (x) Tj -3 Ts /F1 10 Tf (i) Tj 0 Ts /F1 16 Tf ( = r) Tj 6 Ts /F1 10 Tf (-2) Tj ET",
    "x_i = r^-2",
  ],
  [
    "exponents in full size",
    "BT /F1 16 Tf 40 300 Td (10) Tj 6 Ts (13) Tj 0 Ts ( cells, r) Tj 6 Ts (-2) Tj 0 Ts ( falls) Tj ET",
    "10^13 cells, r^-2 falls",
  ],
  [
    "a heading of letters with typed spaces",
    "BT /F1 24 Tf 40 300 Td (I N T R O D U C T I O N) Tj ET",
    "INTRODUCTION",
  ],
  ["a row of a truth table", "BT /F1 24 Tf 40 300 Td (T F T T F F T) Tj ET", "T F T T F F T"],
  ["a list of capital letters", "BT /F1 24 Tf 40 300 Td (A B C D E F G) Tj ET", "A B C D E F G"],
  [
    "a footnote mark and its note",
    text("A theorem", 40, 300) +
      text("1", 112, 306, 9) +
      text("of Gauss.", 122, 300) +
      text("1", 40, 40, 7) +
      text("Proved in 1801.", 46, 36, 10),
    "A theorem ¹ of Gauss.\n\n¹ Proved in 1801.",
  ],
  [
    "bold by overprint",
    "BT /F1 16 Tf 40 300 Td (Entropy rises) Tj 0.3 0 Td (Entropy rises) Tj 0.3 0 Td (Entropy rises) Tj ET",
    "Entropy rises",
  ],
  [
    "bold by overprint of each letter",
    [..."Entropy"]
      .map((letter, i) => text(letter, 40 + i * 9, 300) + text(letter, 40.4 + i * 9, 300))
      .join(""),
    "Entropy",
  ],
  [
    "a shadow",
    `0.7 g ${text("Shadowed title", 42, 298, 28)}0 g ${text("Shadowed title", 40, 300, 28)}`,
    "Shadowed title",
  ],
  ["letters spaced by TJ", `BT /F1 24 Tf 40 300 Td [${tracked}] TJ ET`, "MACHINE LEARNING"],
  ["letters spaced by Tc", "BT /F1 24 Tf 12 Tc 40 300 Td (Deep Learning) Tj ET", "Deep Learning"],
  ["letters spaced widely", "BT /F1 24 Tf 20 Tc 40 300 Td (GRADIENTS) Tj ET", "GRADIENTS"],
  [
    "columns of short bullets",
    text("Pros", 40, 330, 18) +
      text("Cons", 400, 330, 18) +
      rows(
        [
          ["\\225", "cheap", "\\225", "noisy"],
          ["\\225", "fast", "\\225", "hot"],
          ["\\225", "small", "\\225", "fragile"],
        ],
        [40, 54, 400, 414],
        300,
      ),
    "Pros\n\n• cheap\n• fast\n• small\n\nCons\n\n• noisy\n• hot\n• fragile",
  ],
  [
    "a table",
    rows(
      [
        ["Model", "Size", "Accuracy"],
        ["ResNet", "25M", "76.1"],
        ["ViT", "86M", "77.9"],
      ],
      [40, 240, 440],
      300,
    ),
    "Model\tSize\tAccuracy\nResNet\t25M\t76.1\nViT\t86M\t77.9",
  ],
  [
    "a table whose cells wrap",
    rows([["Method", "Use"]], [40, 300], 320) +
      text("SGD", 40, 296) +
      text("Large data sets and", 300, 296) +
      text("noisy gradients", 300, 280) +
      rows([["Newton", "Small smooth problems"]], [40, 300], 256),
    "Method\tUse\nSGD\tLarge data sets and noisy gradients\nNewton\tSmall smooth problems",
  ],
  [
    "a divided word",
    text("The opti-", 40, 300) +
      text("mization of a well-", 40, 282) +
      text("known loss.", 40, 264),
    "The optimization\nof a well-known\nloss.",
  ],
];

const pages = (async () => {
  const path = join(folder, "cases.pdf");
  await writeFile(path, rawPdf(CASES.map(([, content]) => content)));
  await using pdf = await readPdf(path);
  return await Array.fromAsync({ length: CASES.length }, (_, i) => pdf.page(i + 1));
})();

test.each(CASES.map(([name, , expected], i) => [name, i, expected] as const))(
  "%s",
  async (_, i, expected) => {
    expect((await pages)[i]!.text).toBe(expected);
  },
);

/** Fonts whose codes are not ASCII; each glyph of the Type 3 font is a square. */
const FONTS = {
  fonts:
    "/T1 10 0 R /J1 11 0 R /S1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica " +
    "/Encoding << /BaseEncoding /WinAnsiEncoding /Differences [173 /sfthyphen] >> >>",
  objects: {
    10: `<< /Type /Font /Subtype /Type3 /FontBBox [0 0 600 600] /FontMatrix [.001 0 0 .001 0 0] /FirstChar 0 /LastChar 255
      /Widths [${"600 ".repeat(256)}] /Resources << >>
      /CharProcs << ${[...Array(256).keys()].map((code) => `/a${code} 12 0 R`).join(" ")} >>
      /Encoding << /Type /Encoding /Differences [28 /a28 46 /a46 ${[...Array(26).keys()].map((i) => `${97 + i} /a${97 + i}`).join(" ")} 228 /a228 255 /a255] >> >>`,
    11: `<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding /UniJIS-UCS2-V /DescendantFonts [<< /Type /Font
      /Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >>
      /FontDescriptor << /Type /FontDescriptor /FontName /HeiseiMin-W3 /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0
      /Ascent 800 /Descent -200 /CapHeight 800 /StemV 80 >> >>] >>`,
    12: "<< /Length 36 >>\nstream\n600 0 0 0 600 600 d1 0 0 500 500 re f\nendstream",
  },
};
const vertical = (japanese: string, x: number, size: number) => {
  const codes = [...japanese].map((one) => one.charCodeAt(0).toString(16).padStart(4, "0"));
  return `BT /J1 ${size} Tf 1 0 0 1 ${x} 380 Tm <${codes.join("")}> Tj ET\n`;
};

test("fonts with codes of their own: TeX's bitmaps, a soft hyphen, vertical Japanese from right to left", async () => {
  const path = join(folder, "fonts.pdf");
  const tex = "BT /T1 20 Tf 1 0 0 1 40 300 Tm (stro\\034ent. gr\\377e) Tj ET\n";
  const columns =
    vertical("線形代数", 600, 30) +
    vertical("行列は表す。", 500, 20) +
    vertical("固有値を学ぶ。", 460, 20);
  const soft =
    "BT /S1 14 Tf 18 TL 40 300 Td (The electro\\255) Tj T* (magnetic co\\255pper field) Tj ET\n";
  await writeFile(path, rawPdf([tex, columns, soft], FONTS));

  await using pdf = await readPdf(path);

  expect((await pdf.page(1)).text).toBe("strofient. grße");
  expect((await pdf.page(3)).text).toBe("The electromagnetic\ncopper field");
  expect((await pdf.page(2)).text).toMatch(/^線形代数\s+行列は表す。\s+固有値を学ぶ。$/);
});
