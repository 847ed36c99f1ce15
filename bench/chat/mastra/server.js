/**
 * A Mastra agent behind AG-UI, as `@ag-ui/mastra` offers it, in front of the same model.
 * `bun server.js MODEL_URL` prints its port. JavaScript, because its packages are not the project's.
 */
import { EventEncoder } from "@ag-ui/encoder";
import { MastraAgent } from "@ag-ui/mastra";
import { Agent } from "@mastra/core/agent";

const [modelUrl] = process.argv.slice(2);
const agent = new Agent({
  id: "bench",
  name: "bench",
  instructions: "You answer questions about one course.",
  model: { id: "bench/bench", url: modelUrl, apiKey: "none" },
});
const encoder = new EventEncoder();
const text = new TextEncoder();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  fetch: async (request) => {
    const input = await request.json();
    const run = new MastraAgent({ agent, resourceId: input.threadId }).run(input);
    let subscription;
    const body = new ReadableStream({
      start(controller) {
        subscription = run.subscribe({
          next: (event) => controller.enqueue(text.encode(encoder.encodeSSE(event))),
          error: (error) => controller.error(error),
          complete: () => controller.close(),
        });
      },
      cancel: () => subscription?.unsubscribe(),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
});
console.log(server.port);
