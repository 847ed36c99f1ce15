import { z } from "zod";
import { AppError } from "../../errors";
import { createEmbedder, type Embedder } from "../embedder";
import { postJson } from "../post-json";

const MODEL = "local:use-lite";

/**
 * Measured with chunks of 200 words on two shared cores: 10 chunks a second whether 4, 8 or 16
 * are in one request, but 4 block the thread for 0.4 s instead of 1.7 s, and need 0.4 GB of memory
 * instead of 0.7. So a question asked during an ingestion is embedded within 0.5 s; otherwise in 25 ms.
 */
const TEXTS_PER_REQUEST = 4;

/**
 * The client of `startLocalEmbedder`, for any thread or process on this machine. English only.
 *
 * The first request also loads the model, in 0.4 s (1.2 s from a cold disk). The client does not use the
 * AI SDK, which takes 15 MB in each thread that loads it.
 */
export function openLocalEmbedder(url: string): Embedder {
  return createEmbedder({
    model: MODEL,
    maxTokens: 512,
    isFree: true,
    async request(texts, { signal }) {
      const embeddings: number[][] = [];
      for (let from = 0; from < texts.length; from += TEXTS_PER_REQUEST) {
        const batch = texts.slice(from, from + TEXTS_PER_REQUEST);
        embeddings.push(...(await requestEmbeddings(url, batch, signal)));
      }
      return { embeddings, tokens: 0 };
    },
  });
}

const EmbeddingsResponse = z.object({
  data: z.array(z.object({ embedding: z.array(z.number()) })),
});

/** @throws AppError `provider_…`; the signal's reason */
async function requestEmbeddings(
  url: string,
  texts: string[],
  signal: AbortSignal,
): Promise<number[][]> {
  const options = { provider: MODEL, signal };
  const json = await postJson(`${url}/embeddings`, { input: texts }, options);
  const body = EmbeddingsResponse.safeParse(json);
  if (body.data?.data.length !== texts.length) {
    const reason = `${texts.length} embeddings expected`;
    throw new AppError("provider_answer_invalid", { provider: MODEL, reason });
  }
  return body.data.data.map(({ embedding }) => embedding);
}
