import { expect, test } from "bun:test";
import { join } from "node:path";
import { withIndentation } from "../../../src/media/pdf/code-indentation";
import { readPdf } from "../../../src/media/pdf/pdf";
import type { Line } from "../../../src/media/pdf/pdf-layout";

test("code on a slide of LaTeX keeps its indentation", async () => {
  await using pdf = await readPdf(
    join(import.meta.dir, "../../fixtures/slides/code-indentation.pdf"),
  );
  const [python, yaml, formulas, columns] = await Array.fromAsync(pdf.pages());

  expect(python!.text).toContain("        if items[mid] < wanted:\n            low = mid + 1\n");
  expect(python!.title).toBe("Binary search in Python");
  expect(yaml!.text).toBe(
    'YAML\n\nservices:\n  web:\n    image: nginx\n    ports:\n      - "80:80"\n  db:\n    image: postgres',
  );
  expect(`${formulas!.text}\n${columns!.text}`).not.toMatch(/^ /m);
});

/** A line whose words have these widths of a character. */
function line(text: string, left: number, row: number, advances: number[]): Line {
  return { text, left, top: row * 14, bottom: row * 14 + 10, size: 10, advances };
}
const textsOf = (lines: Line[]) => withIndentation(lines).map(({ text }) => text);

test("the lines of a list in a proportional font get no spaces", () => {
  const lines = [line("Osmosis", 40, 1, [5.1]), line("moves water", 52, 2, [4.8, 5.3])];
  expect(textsOf(lines)).toEqual(["Osmosis", "moves water"]);
});

test("numbers without letters get no spaces, because their digits have one width in most fonts", () => {
  const lines = [line("1024", 40, 1, [6]), line("24", 52, 2, [6])];
  expect(textsOf(lines)).toEqual(["1024", "24"]);
});

test("an indentation of part of a character is no indentation", () => {
  const lines = [line("typewriter", 40, 1, [6]), line("centred text", 49, 2, [6, 6])];
  expect(textsOf(lines)).toEqual(["typewriter", "centred text"]);
});
