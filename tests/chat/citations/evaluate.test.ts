import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateCitations, readJudgedSentences } from "../../../src/chat/citations/evaluate";
import { failureOf } from "../../support/failures";

const SET = join(import.meta.dir, "../../../bench/citations/claims.jsonl");

describe("the citation check on the repository's set", () => {
  test("flags no verbatim sentence and at most 5 % of the paraphrases", async () => {
    const { kinds } = evaluateCitations(await readJudgedSentences(SET));

    expect(kinds.verbatim).toMatchObject({ n: 45, flagged: 0 });
    expect(kinds.paraphrase!.flagged / kinds.paraphrase!.n).toBeLessThanOrEqual(0.05);
    for (const kind of ["translation", "list"]) expect(kinds[kind]!.flagged).toBe(0);
  });

  test("finds wrong numbers, units, quotations and unrelated text", async () => {
    const { precision, recall, kinds } = evaluateCitations(await readJudgedSentences(SET));

    expect(precision).toBeGreaterThanOrEqual(0.95);
    expect(recall).toBeGreaterThanOrEqual(0.7);
    for (const kind of ["number", "date", "time", "unit", "quotation", "unrelated"]) {
      expect(kinds[kind]!.recall).toBeGreaterThanOrEqual(0.9);
    }
  });
});

describe("readJudgedSentences", () => {
  const good = {
    passage: "A coin has 1 bit.",
    sentence: "A coin has 7 pages [1].",
    source: "slides",
    expected: "unsupported",
    kind: "number",
  };
  const BAD: [name: string, lines: string[], line: number | undefined, problem: string][] = [
    ["a line that is not JSON", [JSON.stringify(good), "", "{"], 3, "not a JSON object"],
    ["an unknown source", [JSON.stringify({ ...good, source: "book" })], 1, "source"],
    ["a sentence without its mark", [JSON.stringify({ ...good, sentence: "No." })], 1, "[1]"],
    ["an empty file", [""], undefined, "no sentences"],
  ];
  test.each(BAD)("names the line of %s", async (_, lines, line, problem) => {
    const folder = await mkdtemp(join(tmpdir(), "claims-"));
    const path = join(folder, "claims.jsonl");
    await Bun.write(path, lines.join("\n"));

    const { code, ...details } = await failureOf(readJudgedSentences(path));
    await rm(folder, { recursive: true });

    expect(code).toBe("evaluation_set_invalid");
    const problems = details.problems as Record<string, string[]> | undefined;
    const shown = line === undefined ? details.problem : problems![`line ${line}`]!.join();
    expect(shown).toContain(problem);
  });

  test("names a missing file", async () => {
    const { code, ...details } = await failureOf(readJudgedSentences("/does/not/exist.jsonl"));

    expect(code).toBe("evaluation_set_invalid");
    expect(details.path).toBe("/does/not/exist.jsonl");
  });
});
