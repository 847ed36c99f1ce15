// One engine: the subject is HTTP: bytes before a slow answer.
import { describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import { dataOf } from "../../../clients/ts/src";
import { earlyBytes } from "../../../src/routes/http/early-bytes";
import { ANSWER, createStudiedCourse, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import { startIdleProxy } from "../../support/idle-proxy";
import type { Reply } from "../../support/openai";
import { eventually } from "../../support/waiting";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

/** The proxy ends a silent exchange after this time. */
const IDLE_MS = 1_000;
/** Longer than the proxy allows. */
const THINKING_MS = 1_600;
const SPACE_MS = 100;

const slow = (reply: Reply): Reply => ({
  ...reply,
  fault: { kind: "pause", afterTokens: 0, until: Bun.sleep(THINKING_MS) },
});
const post = (url: string, body: object) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 0 } };

type Question = [path: string, body: object, text: (answer: unknown) => unknown];
const QUESTIONS: Question[] = [
  [
    "/api/chat",
    { course_id, message: "What is entropy?" },
    (a) => (a as { content: string }).content,
  ],
  [
    "/v1/chat/completions",
    { model: `course:${course_id}`, messages: [{ role: "user", content: "What is entropy?" }] },
    (a) => (a as { choices: { message: { content: string } }[] }).choices[0]!.message.content,
  ],
  [
    "/v1/responses",
    { model: `course:${course_id}`, input: "What is entropy?" },
    (a) => (a as { output: { content?: { text: string }[] }[] }).output.at(-1)!.content![0]!.text,
  ],
];

test("a proxy that ends silent exchanges lets slow answers of every protocol pass", async () => {
  await using server = serveChat(db, { replies: () => slow(ANSWER), silenceMs: SPACE_MS });
  await using proxy = await startIdleProxy(server.url, IDLE_MS);
  const ask = async ([path, body, text]: Question) => {
    const response = await post(proxy.url + path, body);
    const written = await response.text();

    expect(written).toMatch(/^ {2,}\{/);
    expect(String(text(JSON.parse(written)))).toContain("A fair coin");
    expect(response.headers.get("content-type")).toStartWith("application/json");
    expect(response.headers.get("x-request-id")).toBeString();
  };
  await Promise.all(QUESTIONS.map(ask));

  expect(proxy.cuts()).toBe(0);
});

test("the same proxy ends a slow answer without early bytes", async () => {
  await using server = serveChat(db, { replies: () => slow(ANSWER) });
  await using proxy = await startIdleProxy(server.url, IDLE_MS);
  const asked = post(`${proxy.url}/api/chat`, QUESTIONS[0]![1]);

  expect(await asked.then(() => "answered").catch(() => "cut")).toBe("cut");
  expect(proxy.cuts()).toBe(1);
});

describe("a failure", () => {
  const broken: Reply = { ...ANSWER, fault: { kind: "status", status: 400 } };

  test("after the first space is a problem in the body, which the client throws", async () => {
    const failing: Reply = {
      ...ANSWER,
      fault: { kind: "error_event", afterTokens: 0 },
    };
    await using server = serveChat(db, { replies: () => failing, paceMs: 300, silenceMs: 20 });
    const body = { course_id, message: "What is entropy?" };
    const response = await server.post("/api/chat", body);
    const data = await response.json();

    expect(response.status).toBe(200);
    expect(data).toMatchObject({ status: 503, code: "provider_unavailable" });
    await expect(dataOf({ data, response })).rejects.toMatchObject({
      name: "LecternError",
      status: 503,
      code: "provider_unavailable",
    });
  });

  test("before it keeps its status", async () => {
    await using server = serveChat(db, { replies: () => broken });
    const response = await server.post("/api/chat", { course_id, message: "What is entropy?" });

    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get("content-type")).toStartWith("application/problem+json");
  });
});

test("a reader that leaves after the first space stops the model", async () => {
  await using server = serveChat(db, { replies: () => stalling, silenceMs: 20 });
  const leaving = new AbortController();
  const body = { course_id, message: "What is entropy?" };
  const response = await server.post("/api/chat", body, { signal: leaving.signal });
  const reader = response.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value).trim()).toBe("");
  await eventually(
    async () => server.openai.open,
    (open) => open === 1,
  );
  leaving.abort();

  await eventually(
    async () => server.openai.aborted,
    (aborted) => aborted === 1,
  );
  expect(server.openai.aborted).toBe(1);
});

test.each([
  ["POST", "/api/documents/0198/describe", true],
  ["POST", "/api/retrieval/query", true],
  ["POST", "/api/search", true],
  ["POST", "/api/courses/0198/exam", true],
  ["GET", "/api/courses/0198/exam", false],
  ["POST", "/v1/embeddings", true],
  ["POST", "/api/courses", false],
  ["POST", "/api/documents/upload", false],
  ["GET", "/v1/models", false],
])("%s %s begins early: %p", async (method, path, isEarly) => {
  const work = async () => {
    await Bun.sleep(50);
    return { done: true };
  };
  const app = new Elysia().use(earlyBytes(5)).all("/*", work);
  const written = await (
    await app.handle(new Request(`http://localhost${path}`, { method }))
  ).text();

  expect(written.startsWith(" ")).toBe(isEarly);
  expect(JSON.parse(written)).toEqual({ done: true });
});
