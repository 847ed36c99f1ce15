import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { openLog } from "../src/log";
import { openLocalEmbedder } from "../src/providers/local/embedder";
import { OpenAI } from "../src/providers/openai";
import { warmUp } from "../src/warm-up";
import { migratedDatabase } from "./support/database";
import { createCourse } from "./support/factories";

setDefaultTimeout(120_000);
const db = await migratedDatabase();
afterAll(() => db.end());

/** A server with OpenAI's embeddings, and the texts that it was sent. */
function startEmbeddings(answer: () => Promise<void> = async () => {}) {
  const texts: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { input } = (await request.json()) as { input: string[] };
      texts.push(...input);
      await answer();
      const data = input.map((_, index) => ({ object: "embedding", index, embedding: [1, 0] }));
      return Response.json({
        object: "list",
        model: "m",
        data,
        usage: { prompt_tokens: 1, total_tokens: 1 },
      });
    },
  });
  const url = `http://127.0.0.1:${server.port}/v1`;
  return { url, texts, [Symbol.asyncDispose]: () => server.stop(true) };
}

function openLines() {
  const lines: { msg: string }[] = [];
  const log = openLog("info", {}, { write: (line) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}

test("an installation without courses has nothing to search, so no model is loaded", async () => {
  await using server = startEmbeddings();
  const { log, lines } = openLines();

  await warmUp({ db, embedder: openLocalEmbedder(server.url), log }, { connections: 2 });

  expect(server.texts).toEqual([]);
  expect(lines).toEqual([]);
});

test("the local model is loaded before the first request, and the newest course is searched", async () => {
  await using server = startEmbeddings();
  const { log, lines } = openLines();
  await createCourse(db, "Older course");
  await createCourse(db, "Newest course");

  await warmUp({ db, embedder: openLocalEmbedder(server.url), log }, { connections: 2 });

  expect(server.texts).toEqual(["Newest course"]);
  expect(lines).toEqual([]);
});

test("a model that costs money is not called", async () => {
  await using server = startEmbeddings();
  const { log, lines } = openLines();
  const openai = new OpenAI({ baseUrl: server.url, apiKey: "key", api: "chat" });
  await createCourse(db);

  await warmUp(
    { db, embedder: openai.embedder("text-embedding-3-small"), log },
    { connections: 2 },
  );

  expect(server.texts).toEqual([]);
  expect(lines).toEqual([]);
});

test("a start waits only a limited time for a model that does not respond", async () => {
  const never = Promise.withResolvers<void>();
  await using server = startEmbeddings(() => never.promise);
  const { log, lines } = openLines();
  await createCourse(db);
  const options = { connections: 2, timeoutMs: 300 };

  await warmUp({ db, embedder: openLocalEmbedder(server.url), log }, options);

  expect(server.texts).toHaveLength(1);
  expect(lines).toMatchObject([
    { msg: "the first requests are slow, because their preparation failed" },
  ]);
});

test("a process starts although the model fails", async () => {
  const { log, lines } = openLines();
  await createCourse(db);

  await warmUp(
    { db, embedder: openLocalEmbedder("http://127.0.0.1:1/v1"), log },
    { connections: 2 },
  );

  expect(lines).toHaveLength(1);
});
