import { describe, expect, test } from "bun:test";
import { chooseDeckTitle, isGenericTitle } from "../../src/text/deck-title";

describe("isGenericTitle", () => {
  test.each([
    "PowerPoint Presentation",
    "PowerPoint-Präsentation",
    "Présentation PowerPoint",
    "Presentación de PowerPoint",
    "Presentazione standard di PowerPoint",
    "Microsoft Word - exercise3.docx",
    "Microsoft PowerPoint - Vorlesung 5",
    "untitled",
    "Untitled document",
    "Unbenanntes Dokument",
    "Slide 1",
    "Folie 1",
    "Diapositive 1",
    "No Slide Title",
    "Document1",
    "Präsentation2",
    "LaTeX with hyperref package",
    "main.tex",
    "week3.pptx",
    "C:\\Users\\maria\\slides.ppt",
    "Scan_2024-03-01 10.12.pdf",
    "3f2b8c1e-1111-4a4a-9c9c-0123456789ab",
    "12",
    "  ",
  ])("%s", (title) => {
    expect(isGenericTitle(title)).toBe(true);
  });

  test.each([
    "Lecture 3: Compression",
    "Slides on Entropy",
    "Folien zur Vorlesung Analysis",
    "Presentation Skills",
    "Main Memory and Caches",
    "Document Retrieval",
    "PowerPoint for Teachers",
    "Titelverteidigung",
    "Untitled Goose Game: A Case Study",
    "信息论",
  ])("is false for %s", (title) => {
    expect(isGenericTitle(title)).toBe(false);
  });
});

describe("chooseDeckTitle", () => {
  test.each<[string | null, string, string | null, string | null]>([
    ["Entropy and Codes", "week3.pdf", "Welcome", "Entropy and Codes"],
    [
      "PowerPoint Presentation",
      "Week 3 - Lecture 3 - Compression.pdf",
      "Welcome",
      "Week 3 - Lecture 3 - Compression",
    ],
    ["untitled", "week_3_compression.pptx.pdf", null, "week 3 compression"],
    [null, "slides.pdf", "Compression", "Compression"],
    ["Folie 1", "document (2).pdf", "Kompression", "Kompression"],
    [null, "slides.pdf", null, null],
    [null, "slides.pdf", "Slide 1", null],
  ])("%s, %s, %s gives %s", (stated, filename, first, expected) => {
    expect(chooseDeckTitle(stated, filename, first)).toBe(expected);
  });
});
