/**
 * The minimal server between a model and an AG-UI client: converts chat completions to events and
 * stores nothing. `bun relay.ts MODEL_URL` prints its port.
 */
const [modelUrl] = process.argv.slice(2);
const text = new TextEncoder();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  fetch: async (request) => {
    const { threadId, runId, messages } = (await request.json()) as Record<string, unknown>;
    const answer = await fetch(`${modelUrl}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "bench", stream: true, messages }),
      signal: request.signal,
    });
    const body = new ReadableStream({
      async start(controller) {
        for await (const events of relay(answer.body!, { threadId, runId })) {
          controller.enqueue(text.encode(events));
        }
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
});
console.log(server.port);

async function* relay(answer: ReadableStream<Uint8Array>, run: object): AsyncGenerator<string> {
  const messageId = crypto.randomUUID();
  const frame = (event: object) => `data: ${JSON.stringify(event)}\n\n`;
  yield frame({ type: "RUN_STARTED", ...run });
  yield frame({ type: "TEXT_MESSAGE_START", messageId, role: "assistant" });
  const decoder = new TextDecoder();
  let held = "";
  try {
    for await (const bytes of answer) {
      held += decoder.decode(bytes, { stream: true });
      const frames = held.split("\n\n");
      held = frames.pop()!;
      yield frames
        .filter((frame) => frame !== "data: [DONE]")
        .map((frame) => JSON.parse(frame.slice("data: ".length)).choices[0]?.delta.content)
        .filter(Boolean)
        .map((delta) => frame({ type: "TEXT_MESSAGE_CONTENT", messageId, delta }))
        .join("");
    }
  } catch {
    return; // the reader left
  }
  yield frame({ type: "TEXT_MESSAGE_END", messageId }) + frame({ type: "RUN_FINISHED", ...run });
}
