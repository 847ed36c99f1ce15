import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateRefusal, readRefusalSet } from "../../../src/chat/agent/evaluate-refusal";
import { OpenAI } from "../../../src/providers/openai";
import { withDatabase } from "../../support/database";
import { startOpenAI } from "../../support/openai";

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

test("a set that cannot be read is refused with the file and the problem", async () => {
  const path = join(tmpdir(), `${crypto.randomUUID()}.json`);
  await Bun.write(path, `{"courses":[{"language":"en","pages":[],"questions":[]}]}`);

  expect(readRefusalSet(path)).rejects.toMatchObject({ errorCode: "evaluation_set_invalid" });
  expect(readRefusalSet(`${path}.missing`)).rejects.toMatchObject({
    errorCode: "evaluation_set_invalid",
  });
});
