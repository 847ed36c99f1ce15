import { describe, expect, test } from "bun:test";
import { searchUncovered, toPlainQuestion } from "../../../src/chat/agent/refuse-uncovered";
import { createCourseTools } from "../../../src/chat/agent/tools";
import type { ChatMessage } from "../../../src/db/chat/chat";
import { SEES_ALL } from "../../../src/principal";
import { OpenAI } from "../../../src/providers/openai";
import { openReranker } from "../../../src/providers/reranker";
import { runInput, user } from "../../support/ag-ui";
import { ANSWER, createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import { startOpenAI } from "../../support/openai";
import { startReranker } from "../../support/reranker";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);
const embedder = new OpenAI({ baseUrl: startOpenAI().url }).embedder("bag-of-words");
const rerankServer = startReranker();
const reranker = openReranker({ RERANK_BASE_URL: rerankServer.url, RERANK_MIN_SCORE: 0.5 });

/** Full text search finds "bit" and "1948"; the reranker counts words of four or more letters only. */
const UNCOVERED = "Which volcano erupted a bit in 1948?";
const COVERED = "How much entropy has a coin?";
const PNG = { type: "image", source: { type: "data", value: "aGk=", mimeType: "image/png" } };

/** The number of model calls for one run, and the stored answer. */
async function ask(question: string, more: object = {}, judge = reranker) {
  const replies = [SEARCH, ANSWER, ANSWER, ANSWER];
  await using server = serveChat(db, { replies, reranker: judge });
  const input = runInput(course_id, [user(question)], more);
  await (await server.post("/api/chat/stream", input)).text();
  const session = await fetch(`${server.url}/api/chat/sessions/${input.threadId}`);
  const { messages } = await session.json();
  const calls = server.openai.requestsTo("/v1/chat/completions").length;
  return { calls, answer: messages.at(-1) };
}

describe("a question whose passages all score too low", () => {
  test("is refused with the nearest passages, and no answer is bought", async () => {
    rerankServer.asked.length = 0;
    const { calls, answer } = await ask(UNCOVERED);

    expect(calls).toBe(0);
    expect(answer.content).toStartWith("I found nothing in the course that clearly answers this.");
    expect(answer.metadata).toMatchObject({ status: "complete", model: "local:extractive" });
    expect(rerankServer.asked.map(({ body }) => body.query)).toEqual([UNCOVERED, UNCOVERED]);
  });

  test.each([
    ["tools of the client", { tools: [{ name: "open_map", description: "", parameters: {} }] }],
    ["context of the page", { context: [{ description: "page", value: "volcano" }] }],
    ["an attachment", { messages: [user([{ type: "text", text: UNCOVERED }, PNG] as never)] }],
    [
      "an earlier question",
      {
        messages: [user("Hello!"), { id: "a", role: "assistant", content: "Hi." }, user(UNCOVERED)],
      },
    ],
  ])("is answered by the model when the request has %s", async (_name, more) => {
    expect((await ask(UNCOVERED, more)).calls).toBeGreaterThan(0);
  });

  test("is answered by the model without a threshold", async () => {
    const judge = openReranker({ RERANK_BASE_URL: rerankServer.url });
    expect((await ask(UNCOVERED, {}, judge)).calls).toBe(2);
  });

  test("is answered by the model when the reranker fails", async () => {
    const { answer: score } = rerankServer;
    rerankServer.answer = () => new Response("overloaded", { status: 503 });
    try {
      expect((await ask(UNCOVERED)).calls).toBe(2);
    } finally {
      rerankServer.answer = score;
    }
  });
});

test("a question with a passage above the threshold is answered by the model", async () => {
  const { calls, answer } = await ask(COVERED);

  expect(calls).toBe(2);
  expect(answer.content).toBe(ANSWER.text);
});

test("the check ends with the reason of a cancelled run", async () => {
  const reason = new Error("the reader left");
  const stop = new AbortController();
  const wanted = { query: UNCOVERED, minScore: 0.5 };
  const tools = createCourseTools({ db, embedder, reranker, course_id, viewer: SEES_ALL });
  const { answer: score } = rerankServer;
  rerankServer.answer = () => {
    stop.abort(reason);
    return new Promise<Response>(() => {});
  };
  try {
    const thrown = await searchUncovered(tools, wanted, stop.signal).catch((error) => error);
    expect(thrown).toBe(reason);
  } finally {
    rerankServer.answer = score;
  }
});

const thread = (content: string) => [{ role: "user", content, metadata: {} }] as ChatMessage[];

test.each(["What is DNA?", "Was ist ein Vulkan?", "火山是什么？"])(
  "%s can be refused by search alone",
  (question) => {
    expect(toPlainQuestion(thread(question))).toBe(question);
  },
);

test.each([
  "Hello, how are you?",
  "Hallo, wie geht es dir?",
  "你好吗？",
  "Who are you?",
  "What can you do?",
  "Which slides are there?",
  "Worum geht es in der Vorlesung?",
  "Explain photosynthesis",
  "What does she mean at 12:30?",
])("%s needs the model", (message) => {
  expect(toPlainQuestion(thread(message))).toBeNull();
});
