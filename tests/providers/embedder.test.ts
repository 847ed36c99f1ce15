import { describe, expect, test } from "bun:test";
import { EMBEDDING_DIMENSIONS, toStoredEmbedding } from "../../src/providers/embedder";

describe("toStoredEmbedding", () => {
  test("keeps a full embedding's direction and brings it to unit length", () => {
    const stored = toStoredEmbedding(new Array(EMBEDDING_DIMENSIONS).fill(3), "google:any");

    expect(stored).toHaveLength(EMBEDDING_DIMENSIONS);
    expect(Math.hypot(...stored)).toBeCloseTo(1, 9);
  });

  test("refuses embeddings that are too long to store, and says how long they are", () => {
    expect(() =>
      toStoredEmbedding(new Array(3072).fill(1), "openai:text-embedding-3-large"),
    ).toThrow(
      expect.objectContaining({
        errorCode: "config_invalid",
        details: { problems: { EMBEDDING_MODEL: [expect.stringContaining("3072 dimensions")] } },
      }),
    );
  });

  test("refuses an embedding without direction", () => {
    for (const broken of [[0, 0], [Number.NaN, 1], []]) {
      expect(() => toStoredEmbedding(broken, "openai:any")).toThrow(
        expect.objectContaining({ errorCode: "provider_answer_invalid" }),
      );
    }
  });
});
