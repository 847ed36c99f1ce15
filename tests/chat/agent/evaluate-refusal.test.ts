import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateRefusal, readRefusalSet } from "../../../src/chat/agent/evaluate-refusal";
import { OpenAI } from "../../../src/providers/openai";
import { openReranker } from "../../../src/providers/reranker";
import { withDatabase } from "../../support/database";
import { startOpenAI } from "../../support/openai";
import { scored, startReranker } from "../../support/reranker";

const db = await withDatabase();
const embedder = new OpenAI({ baseUrl: startOpenAI().url }).embedder("bag-of-words");
const fixture = (name: string) => join(import.meta.dir, "../../fixtures/refusal", `${name}.json`);

describe("answers without a model", () => {
  test.each([
    ["tuning", 17, 1],
    ["held-out", 10, 1],
  ])(
    "refuse what the courses of %s do not cover, and answer the rest",
    async (name, least, most) => {
      const signal = AbortSignal.timeout(80_000);
      const report = await evaluateRefusal(await readRefusalSet(fixture(name)), {
        db,
        embedder,
        signal,
      });

      expect(report.refused).toBeGreaterThanOrEqual(least);
      expect(report.falsely_refused).toBeLessThanOrEqual(most);
      expect(report.wrong).toHaveLength(report.uncovered - report.refused + report.falsely_refused);
      expect(await db`select from courses`).toHaveLength(0);
    },
  );

  test("leave no course behind when the evaluation is stopped", async () => {
    const signal = AbortSignal.abort(new Error("stopped"));
    const set = await readRefusalSet(fixture("held-out"));

    expect(evaluateRefusal(set, { db, embedder, signal })).rejects.toThrow("stopped");
    expect(await db`select from courses`).toHaveLength(0);
  });
});

describe("with a reranker", () => {
  const course = {
    language: "en",
    pages: ["Entropy\nA fair coin has one bit of entropy.", "Codes\nHuffman codes are optimal."],
    questions: [
      { text: "covered 4", covered: true },
      { text: "covered 3", covered: true },
      { text: "covered 6", covered: true },
      { text: "covered 9", covered: true },
      { text: "uncovered 1", covered: false },
      { text: "uncovered 2", covered: false },
      { text: "uncovered 3", covered: false },
      { text: "uncovered 5", covered: false },
    ],
  };
  const server = startReranker();
  const settings = { RERANK_BASE_URL: server.url, RERANK_MIN_SCORE: 6 };
  const evaluate = () => {
    const { signal } = new AbortController();
    const reranker = openReranker(settings);
    return evaluateRefusal({ courses: [course] }, { db, embedder, reranker, signal });
  };

  test("one half of the questions chooses the threshold, the other half measures it", async () => {
    server.answer = ({ query, documents }) =>
      scored(documents.map((_, i) => Number(query.split(" ")[1]) - i));
    const { reranker } = await evaluate();

    const tuning = { uncovered: 2, refused: 2, covered: 2, falsely_refused: 0 };
    const heldOut = { uncovered: 2, refused: 1, covered: 2, falsely_refused: 1 };
    const all = { uncovered: 4, refused: 4, covered: 4, falsely_refused: 2 };
    expect(reranker).toEqual({
      unscored: 0,
      calibrated: {
        min_score: 4,
        tuning: { ...tuning, languages: { en: tuning } },
        held_out: { ...heldOut, languages: { en: heldOut } },
      },
      configured: { min_score: 6, ...all, languages: { en: all } },
    });
  });

  test("a reranker that fails is reported, and calibrates nothing", async () => {
    server.answer = () => new Response("overloaded", { status: 503 });

    expect((await evaluate()).reranker).toMatchObject({ unscored: 8, calibrated: null });
  });
});

test("a set that cannot be read is refused with the file and the problem", async () => {
  const path = join(tmpdir(), `${crypto.randomUUID()}.json`);
  await Bun.write(path, `{"courses":[{"language":"en","pages":[],"questions":[]}]}`);

  expect(readRefusalSet(path)).rejects.toMatchObject({ errorCode: "evaluation_set_invalid" });
  expect(readRefusalSet(`${path}.missing`)).rejects.toMatchObject({
    errorCode: "evaluation_set_invalid",
  });
});
