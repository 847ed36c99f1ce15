// One engine: the subject is the proxy of outgoing requests.
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { postFile, postJson } from "../support/http";
import { startOpenAI } from "../support/openai";
import { deckPdf } from "../support/pdfs";
import { openServerHost, settled } from "../support/server";

setDefaultTimeout(120_000);

const openai = startOpenAI({ replies: () => ({ text: "Entropy measures surprise." }) });
const asked: string[] = [];
/** A forward proxy that resolves models.example, a name that only it knows. */
const proxy = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request) => {
    const url = new URL(request.url);
    asked.push(url.host);
    if (url.host !== "models.example") return new Response("no such host", { status: 502 });
    return fetch(openai.url + url.pathname.replace(/^\/v1/, ""), request);
  },
});
const host = await openServerHost();
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await proxy.stop(true);
  await openai.close();
});

test.each(["thread", "process"])(
  "models are called through the proxy of the environment, and this machine is not, with workers as a %s",
  async (WORKER_MODE) => {
    asked.length = 0;
    await using server = await host
      .start({
        HTTP_PROXY: proxy.url.href,
        OPENAI_BASE_URL: "http://models.example/v1",
        OPENAI_API: "chat",
        CHAT_MODEL: "openai:gpt-test",
        EMBEDDING_MODEL: "local:use-lite",
        SLIDE_MODEL: "local:text-layer",
        WORKER_MODE,
      })
      .then((started) => ({
        ...started,
        [Symbol.asyncDispose]: async () => void (await started.stop()),
      }));
    const course = await server.json(postJson("/api/courses", { name: WORKER_MODE }));
    const bytes = await deckPdf([{ title: "Entropy", body: ["measures surprise"] }]);
    const upload = postFile(
      "/api/documents/upload",
      { course_id: course.id },
      { name: "a.pdf", bytes },
    );
    const { document_id } = await server.json(upload);
    expect(await settled(server, document_id)).toMatchObject({ status: "completed" });
    expect(asked).toEqual([]);

    const question = { course_id: course.id, message: "What is entropy?" };
    await server.json(postJson("/api/chat", question));
    expect(new Set(asked)).toEqual(new Set(["models.example"]));
  },
);
