/** Files of the kinds that teachers upload, with what a reader sees on them. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { readPdf } from "../../../src/media/pdf/pdf";

async function pagesOf(name: string) {
  await using pdf = await readPdf(join(import.meta.dir, "../../fixtures/slides", `${name}.pdf`));
  return await Array.fromAsync(pdf.pages());
}

test("exponents keep their meaning", async () => {
  const [page] = await pagesOf("superscript-numbers");

  expect(page!.text).toContain("The body has about 10^13 cells in total.");
  expect(page!.text).toContain("Light travels at 3 x 10^8 m/s in vacuum.");
  expect(page!.text).toContain("The force falls as r^-2 with distance.");
});

test("a layer that is switched off is not read", async () => {
  const [page] = await pagesOf("hidden-layer");

  expect(page!.text).toBe("Exercise 5\n\nCompute the determinant of the matrix.");
});

test("a letter-spaced title is a word", async () => {
  expect((await pagesOf("letterspaced-title"))[0]!.title).toBe("BACKPROPAGATION");
});

test("the author's text replaces ligatures without a character", async () => {
  expect((await pagesOf("ligature-actualtext"))[0]).toMatchObject({
    title: "Definition of efficiency",
    text: expect.stringContaining("A configuration is efficient if no waste remains."),
    is_garbled: false,
  });
});

test("a running footer is not part of any page", async () => {
  const pages = await pagesOf("footer-answers");

  expect(pages.filter(({ text }) => text.includes("Abstract Algebra"))).toEqual([]);
  expect(pages[12]!.text).toBe(
    "Contact\n\nMaria Schneider holds office hours on Tuesday at noon in room HG 5.",
  );
  expect(pages[0]!.running_lines.join(" ")).toContain("Abstract Algebra and its Applications");
});

test("the states of a slide keep the lines that they share", async () => {
  const pages = await pagesOf("overlays");

  expect(pages[12]!.text.split("\n").filter(Boolean)).toHaveLength(13);
  expect(new Set(pages.slice(1, 13).map(({ title }) => title))).toEqual(
    new Set(["The learning rate"]),
  );
});
