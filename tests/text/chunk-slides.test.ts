import { describe, expect, test } from "bun:test";
import { chunkSlides, type SlidePage } from "../../src/text/chunk-slides";
import { countTokens as countModelTokens } from "../../src/text/tokens";
import { type Random, seededRandom } from "../support/random";

const countWords = (text: string) => text.match(/\S+/g)?.length ?? 0;
const limit = { maxTokens: 40, countTokens: countWords };

const page = (page_number: number, content: string, rest: Partial<SlidePage> = {}): SlidePage => ({
  page_number,
  title: null,
  section: null,
  content,
  ...rest,
});
const sentences = (count: number) =>
  Array.from({ length: count }, (_, i) => `Sentence ${i} has five words.`).join(" ");

describe("chunkSlides", () => {
  test("leads a chunk with its title and section, and says where it is from", () => {
    const slide = page(7, "Heat flows from hot to cold.", {
      title: "The second law",
      section: "Thermodynamics",
      tags: ["heat", "entropy"],
    });

    expect(chunkSlides([slide], limit)).toEqual([
      {
        chunk_index: 0,
        page_number: 7,
        page_end: 7,
        content: "The second law\nThermodynamics\n\nHeat flows from hot to cold.",
        metadata: {
          page: 7,
          section: "Thermodynamics",
          title: "The second law",
          tags: ["heat", "entropy"],
        },
      },
    ]);
  });

  test("does not say twice what the text layer already has as its first line", () => {
    const slide = page(1, "The  second law\nHeat flows.", {
      title: "The second law",
      section: "The second law",
    });

    expect(chunkSlides([slide], limit)[0]!.content).toBe("The second law\n\nHeat flows.");
    expect(chunkSlides([{ ...slide, content: "The second law" }], limit)[0]!.content).toBe(
      "The second law",
    );
  });

  test("splits a long page at paragraphs, each part with the heading", () => {
    const slide = page(3, `${sentences(5)}\n\n${sentences(6)}`, { title: "Long" });

    const chunks = chunkSlides([slide], limit);

    expect(chunks.map(({ content }) => content)).toEqual([
      `Long\n\n${sentences(5)}`,
      `Long\n\n${sentences(6)}`,
    ]);
    expect(chunks.map(({ chunk_index, page_number }) => [chunk_index, page_number])).toEqual([
      [0, 3],
      [1, 3],
    ]);
  });

  test("splits a long paragraph at sentences and a long sentence at words", () => {
    const split = (content: string) => chunkSlides([page(1, content)], limit);

    expect(split(sentences(12)).map(({ content }) => countWords(content))).toEqual([40, 20]);
    expect(split("heat ".repeat(50)).map(({ content }) => countWords(content))).toEqual([40, 10]);
  });

  test("makes no chunk of an empty page", () => {
    expect(chunkSlides([page(1, " \n"), page(2, "", { title: "Title" })], limit)).toEqual([]);
  });

  test("keeps a heading from crowding out the page", () => {
    const chunks = chunkSlides([page(1, sentences(6), { title: "law ".repeat(30) })], limit);

    expect(chunks[0]!.content.startsWith(`${"law ".repeat(10).trim()}\n\nSentence`)).toBe(true);
  });
});

describe("pages that reveal their bullets one by one", () => {
  const reveal = (title: string, ...contents: string[]) =>
    contents.map((content, i) => page(i + 1, content, { title }));

  test("become one chunk", () => {
    const pages = reveal("Gases", "• ideal gas", "• ideal gas\n• real gas");
    pages[0]!.tags = ["gas", "ideal"];
    pages[1]!.tags = ["gas", "real"];

    expect(chunkSlides(pages, limit)).toEqual([
      {
        chunk_index: 0,
        page_number: 1,
        page_end: 2,
        content: "Gases\n\n• ideal gas\n\n• ideal gas\n• real gas",
        metadata: { page: 1, page_end: 2, title: "Gases", tags: ["gas", "ideal", "real"] },
      },
    ]);
  });

  test.each([
    ["their titles differ", [page(1, "a", { title: "A" }), page(2, "b", { title: "B" })]],
    ["they have no titles", [page(1, "a"), page(2, "b")]],
    ["another page is between them", [page(1, "a", { title: "A" }), page(3, "b", { title: "A" })]],
    ["neither is nearly empty", reveal("A", sentences(6), sentences(6))],
    ["they do not fit into one chunk", reveal("A", "heat ".repeat(5), sentences(7))],
    [
      "their sections differ",
      [page(1, "a", { title: "A", section: "1" }), page(2, "b", { title: "A", section: "2" })],
    ],
  ])("stay apart when %s", (_, pages) => {
    expect(chunkSlides(pages, limit)).toHaveLength(2);
  });
});

describe("chunks of any deck", () => {
  for (const [name, countTokens] of [
    ["words", countWords],
    ["characters", (text: string) => text.length],
    ["tokens of the model", countModelTokens],
  ] as const) {
    test(`keep their promises, counted in ${name}`, () => {
      const random = seededRandom(7);
      for (let round = 0; round < 100; round++) {
        const maxTokens = random.integer(24, 120);
        checkDeck(randomDeck(random), { maxTokens, countTokens });
      }
    });
  }
});

function checkDeck(pages: SlidePage[], deckLimit: typeof limit): void {
  const chunks = chunkSlides(pages, deckLimit);

  let earliest = 0;
  chunks.forEach((chunk, i) => {
    expect(chunk.chunk_index).toBe(i);
    expect(chunk.content).not.toBe("");
    expect(deckLimit.countTokens(chunk.content)).toBeLessThanOrEqual(deckLimit.maxTokens);
    expect(chunk.page_number).toBeGreaterThanOrEqual(earliest);
    expect(chunk.page_end).toBeGreaterThanOrEqual(chunk.page_number);
    earliest = chunk.page_number;
  });
  for (const { page_number, content } of pages) {
    const chunksOfPage = chunks.filter(
      (chunk) => chunk.page_number <= page_number && page_number <= chunk.page_end,
    );
    const said = chunksOfPage.map((chunk) => chunk.content.replace(HEADING, "")).join("");
    expect(withoutBlanks(said)).toContain(withoutBlanks(content));
  }
  expect(chunkSlides(pages, deckLimit)).toEqual(chunks);
}

const HEADING = /^Part.*\n(?:§.*\n)?\n/;
const withoutBlanks = (text: string) => text.replace(/\s/g, "");

const PARTS = [
  "entropy",
  "Heat flows.",
  "Why?",
  "\n",
  "\n\n",
  "• ",
  "| a | b |",
  "$$\\int_0^1 x^2\\,dx$$",
  "Dr. Gibbs",
  "热力学第二定律。",
  "😀",
  "x".repeat(90),
  "ไม่มีช่องว่าง",
  "    return 1\n",
];

function randomDeck(random: Random): SlidePage[] {
  return random.list(random.integer(1, 8), (i) => {
    const parts = random.list(random.pick([0, 2, 5, 60]), () => random.pick(PARTS));
    return page(i + 1, parts.join(" "), {
      title: random.pick([null, "Part 1", "Part 2"]),
      section: null,
      tags: random.list(random.integer(0, 2), () => random.pick(["heat", "gas"])),
    });
  });
}
