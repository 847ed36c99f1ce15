import { join } from "node:path";
import { z } from "zod";
import { EmbeddingProcess } from "./embedding-process";
import { EmbeddingQueue } from "./embedding-queue";

/** A loaded model uses about 250 MB, which are freed after five minutes without requests. */
const IDLE_MS = 5 * 60_000;

/** The tokenizer takes quadratic time: about 2 s for 20 000 characters without a space. */
const Text = z.string().min(1).max(20_000);
const EmbeddingsRequest = z.object({
  input: z.union([Text.transform((text) => [text]), z.array(Text).min(1).max(64)]),
});

/**
 * Serves the local embedding model on loopback with OpenAI's protocol (`/v1/embeddings`), so that the
 * API and all workers share one copy.
 *
 * The first request loads the model. Each request is one batch, so a client cancels by sending no more.
 */
export function startLocalEmbedder(): { url: string; close(): Promise<void> } {
  const script = join(import.meta.dir, "embedding-child.ts");
  const model = new EmbeddingProcess(script, IDLE_MS);
  const queue = new EmbeddingQueue((texts) => model.embed(texts));

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0, // requests wait in a queue
    routes: { "/v1/embeddings": { POST: (request) => answer(request, queue) } },
    fetch: () => failure(404, "Only POST /v1/embeddings exists"),
  });

  return {
    url: `http://127.0.0.1:${server.port}/v1`,
    async close() {
      await server.stop(true);
      model.stop();
    },
  };
}

async function answer(request: Request, queue: EmbeddingQueue): Promise<Response> {
  const body = EmbeddingsRequest.safeParse(await request.json().catch(() => undefined));
  if (!body.success) return failure(400, z.prettifyError(body.error));
  try {
    const embeddings = await queue.run(body.data.input, request.signal);
    return Response.json({
      object: "list",
      model: "use-lite",
      data: embeddings.map((embedding, index) => ({ object: "embedding", index, embedding })),
      usage: { prompt_tokens: 0, total_tokens: 0 }, // nothing is billed
    });
  } catch (error) {
    return failure(503, error instanceof Error ? error.message : "The model failed");
  }
}

const failure = (status: number, message: string) =>
  Response.json({ error: { message, type: "local_embedder", code: null } }, { status });
