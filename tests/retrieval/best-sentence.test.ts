import { describe, expect, test } from "bun:test";
import { findBestMoment } from "../../src/retrieval/best-sentence";
import { cpuMs } from "../support/cpu-time";

const chunk = (content: string) => ({ content, start_ms: 60_000, end_ms: 120_000 });

describe("the moment of a question", () => {
  test("is that of the sentence with its words, interpolated in the chunk", () => {
    const sentences = ["We begin with coins. ", "Dice have six sides. ", "Entropy is surprise."];
    const spoken = chunk(sentences.join(""));

    expect(findBestMoment(spoken, "What is entropy?").start_ms).toBe(
      60_000 + Math.floor((60_000 * 42) / spoken.content.length),
    );
    expect(findBestMoment(spoken, "What is entropy?").end_ms).toBe(120_000);
    expect(findBestMoment(spoken, "How many sides have dice?")).toEqual({
      start_ms: 60_000 + Math.floor((60_000 * 21) / spoken.content.length),
      end_ms: 60_000 + Math.ceil((60_000 * 42) / spoken.content.length),
    });
  });

  test("is that of a part of speech without punctuation", () => {
    const spoken = chunk(`${"so we go on and on ".repeat(40)}entropy of mixing`);

    expect(findBestMoment(spoken, "the entropy of mixing").start_ms).toBeGreaterThan(105_000);
  });

  test("is found in other scripts", () => {
    const spoken = chunk("我们先复习概率。今天天气很好。信息熵是不确定性的度量。");

    expect(findBestMoment(spoken, "什么是信息熵？").start_ms).toBeGreaterThan(85_000);
  });

  test("is the whole chunk without a shared word", () => {
    expect(findBestMoment(chunk("Dice have six sides."), "What is entropy?")).toEqual({
      start_ms: 60_000,
      end_ms: 120_000,
    });
    expect(findBestMoment(chunk(""), "?")).toEqual({ start_ms: 60_000, end_ms: 120_000 });
  });

  test("is found in bounded time in a long text", () => {
    const spoken = chunk("word ".repeat(20_000));

    expect(cpuMs(() => findBestMoment(spoken, "word ".repeat(1_600)))).toBeLessThan(2_000);
  });
});
