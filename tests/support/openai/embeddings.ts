const NATIVE_DIMENSIONS = 1536;

export type EmbeddingsRequest = { model: string; input: string | string[]; dimensions?: number };

/** `POST /v1/embeddings`. */
export function embeddings({ model, input, dimensions = NATIVE_DIMENSIONS }: EmbeddingsRequest) {
  const texts = [input].flat();
  const tokens = texts.join(" ").split(/\s+/).length;
  return {
    object: "list",
    model,
    data: texts.map((text, index) => ({
      object: "embedding",
      index,
      embedding: bagOfWords(text, dimensions),
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/**
 * A unit vector that depends on the words of a text and not on their order, so that texts which
 * share words are close. The same text has the same vector on every machine.
 */
export function bagOfWords(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ["(no words)"]) {
    const hash = Bun.hash.wyhash(word);
    vector[Number(hash % BigInt(dimensions))]! += hash & (1n << 40n) ? 1 : -1;
  }
  const length = Math.hypot(...vector);
  // Two words can cancel each other out; a text without direction would have no neighbours.
  if (length === 0) return bagOfWords(`${text} (cancelled)`, dimensions);
  return vector.map((value) => value / length);
}
