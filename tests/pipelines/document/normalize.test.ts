import { describe, expect, test } from "bun:test";
import { normalizeDescription } from "../../../src/pipelines/document/normalize";

const content = {
  title: "Entropy",
  statement: "A fair coin has 1 bit.",
  figures: ["A curve with its maximum at p = 0.5"],
  tables: ["| coin | bits |\n| --- | --- |\n| fair | 1 |"],
  formulas: ["H = -\\sum p \\log p"],
  key_terms: ["fair coin", "Shannon"],
  language: "en",
};

describe("normalizeDescription", () => {
  test("lists title, statement, figures, tables and formulas, then terms that are in none of them", () => {
    expect(normalizeDescription(content, "")).toBe(
      [
        "Entropy",
        "A fair coin has 1 bit.",
        "A curve with its maximum at p = 0.5",
        "| coin | bits |\n| --- | --- |\n| fair | 1 |",
        "$$H = -\\sum p \\log p$$",
        "Shannon",
      ].join("\n\n"),
    );
  });

  test("adds the lines of the page that say more than the model did", () => {
    const page = "Entropy\nA fair coin has 1 bit\nA loaded die has 2.41 bits\nSource: Cover 1991";

    expect(normalizeDescription(content, page)).toContain(
      "\n\nA loaded die has 2.41 bits\nSource: Cover 1991\n\n",
    );
    expect(normalizeDescription(content, page).match(/fair coin has/g)).toHaveLength(1);
  });

  test("knows words that are written without gaps", () => {
    const chinese = { ...content, statement: "熵衡量信息量", key_terms: [] };

    expect(normalizeDescription(chinese, "熵衡量信息量")).toBe(normalizeDescription(chinese, ""));
    expect(normalizeDescription(chinese, "信道容量")).toContain("信道容量");
  });

  test("says nothing of an empty slide, and stores nothing that PostgreSQL refuses", () => {
    const empty = {
      ...content,
      title: " ",
      statement: "",
      figures: [],
      tables: [],
      formulas: [" "],
    };

    expect(normalizeDescription({ ...empty, key_terms: [] }, "")).toBe("");
    expect(normalizeDescription({ ...content, statement: "a\0b\ud800" }, "")).not.toMatch(
      /\0|\ud800/u,
    );
  });
});
