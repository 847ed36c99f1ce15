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
