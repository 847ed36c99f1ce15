import { expect, test } from "bun:test";
import type { Line } from "../../../src/media/pdf/pdf-layout";
import {
  edgesOf,
  findRunningCells,
  withoutRunningCells,
} from "../../../src/media/pdf/running-lines";

const HEIGHT = 405;

function line(text: string, baseline: number, size = 12): Line {
  const [top, bottom] = [baseline - size * 0.8, baseline + size * 0.2];
  return { text, top, bottom, left: 40, size, advances: [] };
}

/** The pages of a deck without their running lines. */
function cleaned(pages: Line[][]): { own: string[]; running: string[] }[] {
  const running = findRunningCells(pages.map((lines) => edgesOf(lines, HEIGHT)));
  return pages.map((lines) => {
    const { lines: own, running: removed } = withoutRunningCells(lines, HEIGHT, running);
    return { own: own.map(({ text }) => text), running: removed };
  });
}

const TOPICS = ["Sets", "Maps", "Groups", "Rings", "Fields", "Ideals"];
const slide = (topic: string, edges: Line[]) => [
  ...edges,
  line(topic, 60, 28),
  line(`About ${topic.toLowerCase()}.`, 200, 16),
];

test("headers, footers and page numbers are taken from every page", () => {
  const pages = TOPICS.map((topic, i) =>
    slide(topic, [line("ETH Zurich", 20), line(`M. Schneider\tAlgebra\t${i + 1} / 6`, 395, 9)]),
  );

  const [first] = cleaned(pages);

  expect(first).toEqual({
    own: ["Sets", "About sets."],
    running: ["ETH Zurich", "M. Schneider", "Algebra", "1 / 6"],
  });
});

test("a header that changes with the section is running as well", () => {
  const pages = TOPICS.map((topic, i) => slide(topic, [line(i < 3 ? "Basics" : "Algebra", 20)]));

  expect(cleaned(pages).map(({ own }) => own.length)).toEqual([2, 2, 2, 2, 2, 2]);
});

test("a title that several slides share stays", () => {
  const pages = TOPICS.map((topic) => [
    line("Worked example", 50, 28),
    line(`It shows ${topic}.`, 200, 16),
  ]);

  expect(cleaned(pages)[0]).toEqual({ own: ["Worked example", "It shows Sets."], running: [] });
});

test("the states of one slide count as one page", () => {
  const bullets = ["first", "second", "third", "fourth", "fifth"];
  const pages = bullets.map((_, i) => [
    line("Steps", 50, 28),
    line("A body line that all share", 150, 16),
    ...bullets.slice(0, i + 1).map((bullet, j) => line(bullet, 330 + j * 14, 12)),
  ]);

  expect(cleaned(pages).every(({ running }) => running.length === 0)).toBe(true);
});

test("a line at the edge that only one page has stays", () => {
  const pages = TOPICS.map((topic, i) =>
    slide(topic, i === 2 ? [line("Source: Cayley 1854", 395, 9)] : []),
  );

  expect(cleaned(pages)[2]!.own).toContain("Source: Cayley 1854");
});

test("a watermark across the pages is running, and their titles stay", () => {
  const watermark: Line = { ...line("Draft, do not copy", 200, 60), tilted: true };
  const pages = TOPICS.map((topic) => slide(topic, [watermark]));

  expect(cleaned(pages)[0]).toEqual({
    own: ["Sets", "About sets."],
    running: ["Draft, do not copy"],
  });
});

test("two pages are too few to tell what runs through them", () => {
  const pages = ["Sets", "Maps"].map((topic) => slide(topic, [line("ETH Zurich", 395, 9)]));

  expect(cleaned(pages)[0]!.own).toContain("ETH Zurich");
});
