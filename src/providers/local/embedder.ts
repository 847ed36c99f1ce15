import { createOpenAI } from "@ai-sdk/openai";
import { createEmbedder, type Embedder } from "../embedder";

/**
 * The client of `startLocalEmbedder`, for any thread or process on this machine. English only.
 *
 * Measured with chunks of 200 words on two shared cores: 10 chunks a second whether 4, 8 or 16
 * are in one request, but 4 block the thread for 0.4 s instead of 1.7 s, and need 0.4 GB of memory
 * instead of 0.7. So a question asked during an ingestion is embedded within 0.5 s; otherwise in 25 ms.
 * The first request also loads the model, in 0.4 s (1.2 s from a cold disk).
 */
export function openLocalEmbedder(url: string): Embedder {
  return createEmbedder({
    model: "local:use-lite",
    embeddingModel: createOpenAI({ baseURL: url, apiKey: "none" }).embedding("use-lite"),
    maxTokens: 512,
    textsPerRequest: 4,
    isFree: true,
  });
}
