import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createOpenAI } from "@ai-sdk/openai";
import { OpenAI } from "../../../src/providers/openai";

type Api = "chat" | "responses";

/** What the next answers consist of, byte for byte, and how long their pieces are. */
let answer = "";
let pieceLength = Number.POSITIVE_INFINITY;
let server: Bun.Server<undefined>;
beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () =>
      new Response(inPieces() as never, { headers: { "content-type": "text/event-stream" } }),
  });
});
afterAll(() => server.stop(true));

async function* inPieces() {
  const bytes = new TextEncoder().encode(answer);
  for (let start = 0; start < bytes.length; start += pieceLength) {
    yield bytes.slice(start, start + pieceLength);
    if (pieceLength < bytes.length) await Bun.sleep(0);
  }
}

const sse = (data: unknown) =>
  `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const chunk = (delta: object, more: object = {}) =>
  sse({
    id: "c",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason: null, ...more }],
  });
const say = (content: string) => chunk({ content });
const call = (name: string) =>
  chunk({
    tool_calls: [{ index: 0, id: "call", type: "function", function: { name, arguments: "{}" } }],
  });
const END = `${chunk({}, { finish_reason: "stop" })}${sse("[DONE]")}`;

const event = (type: string, more: object) =>
  `event: ${type}\n${sse({ type, sequence_number: 1, ...more })}`;
const message = { type: "message", id: "msg" };
const saySo = (delta: string, logprobs: unknown[] = []) =>
  event("response.output_text.delta", { item_id: "msg", output_index: 0, delta, logprobs });
const added = (item: object) => event("response.output_item.added", { output_index: 0, item });
const done = (item: object) => event("response.output_item.done", { output_index: 0, item });
const completed = event("response.completed", {
  response: { usage: { input_tokens: 1, output_tokens: 2 } },
});
const thought = { type: "reasoning", id: "rs" };
const summary = (delta: string) =>
  event("response.reasoning_summary_text.delta", { item_id: "rs", summary_index: 0, delta });

const ANSWERS: [what: string, api: Api, answer: string][] = [
  ["words", "chat", [chunk({ role: "assistant", content: "" }), say("A "), say("coin"), END]],
  ["a role beside the words", "chat", [chunk({ role: "assistant", content: "A " }), say("b"), END]],
  ["fields that are null", "chat", [chunk({ content: "A", tool_calls: null }), say("b"), END]],
  [
    "words before and after a call",
    "chat",
    [say("A"), say("b"), call("f"), say("c"), say("d"), END],
  ],
  [
    "a refusal between words",
    "chat",
    [say("A"), chunk({ refusal: "no" }), say("b"), say("c"), END],
  ],
  ["a pause between words", "chat", [say("A"), ": still here\n\n", say("b"), say("c"), END]],
  [
    "lines that end in CR LF",
    "chat",
    [say("A"), say("b"), END].map((l) => l.replaceAll("\n", "\r\n")),
  ],
  [
    "one word in CR LF",
    "chat",
    [say("A"), say("b"), say("c").replaceAll("\n", "\r\n"), say("d"), END],
  ],
  ["letters of several bytes", "chat", [say("Größe "), say("🪙"), say('\\n"\u2028'), END]],
  ["garbage between words", "chat", [say("A"), sse("{not json"), say("b"), END]],
  ["an error between words", "chat", [say("A"), sse({ error: { message: "x" } }), say("b"), END]],
  [
    "usage in a frame of its own",
    "chat",
    [say("A"), sse({ choices: [], usage: { prompt_tokens: 1 } }), END],
  ],
  ["an end in mid-frame", "chat", [say("A"), say("b"), say("c").slice(0, 30)]],
  ["nothing", "chat", []],
  [
    "an event for each word",
    "responses",
    [added(message), saySo("A "), saySo("b"), done(message), completed],
  ],
  [
    "two messages",
    "responses",
    [
      added(message),
      saySo("A"),
      saySo("b"),
      done(message),
      added({ ...message, id: "2" }),
      saySo("c"),
      saySo("d"),
      done({ ...message, id: "2" }),
      completed,
    ],
  ],
  [
    "thoughts first",
    "responses",
    [
      added(thought),
      summary("Hm"),
      done(thought),
      added(message),
      saySo("A"),
      saySo("b"),
      done(message),
      completed,
    ],
  ],
].map(([what, api, frames]) => [what, api, (frames as string[]).join("")] as never);

const prompt = [{ role: "user" as const, content: [{ type: "text" as const, text: "?" }] }];

/** The agent does not read them, and text at the beginning does not wait for them. */
const UNREAD = ["stream-start", "response-metadata", "text-start"];

type Part = Record<string, unknown> & { type: string };

/** The parts of an answer that the agent reads; neighbouring words are one, and empty ones none. */
async function partsOf(stream: (onPart: (part: Part) => void) => Promise<void>) {
  const parts: Part[] = [];
  const add = (part: Part) => {
    const last = parts.at(-1);
    if (UNREAD.includes(part.type)) return;
    if (part.type !== "text-delta") parts.push({ ...part });
    else if (last?.type === "text-delta") last.delta += part.delta as string;
    else if (part.delta !== "") parts.push({ type: part.type, delta: part.delta });
  };
  try {
    await stream(add);
  } catch (error) {
    parts.push({ type: "thrown", error: String(error) });
  }
  return JSON.parse(JSON.stringify(parts));
}

/** The streaming call of a model on a server. */
const openQuick = (api: Api, { port } = server) => {
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  return new OpenAI({ baseUrl, api }).chatModel("m").streamParts!;
};

/** A model whose answer has these frames, each at its own time. */
const serveFrames = (frames: () => AsyncGenerator<string>) =>
  Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () =>
      new Response(frames() as never, { headers: { "content-type": "text/event-stream" } }),
  });

describe.each(ANSWERS)("an answer with %s", (_, api, text) => {
  test.each([1, 7, 100, Number.POSITIVE_INFINITY])(
    "has in pieces of %d bytes the parts of the provider alone",
    async (length) => {
      answer = text;
      pieceLength = length;
      const baseUrl = `http://127.0.0.1:${server.port}/v1`;
      const provider = createOpenAI({ baseURL: baseUrl, apiKey: "none" });
      const plain = api === "chat" ? provider.chat("m") : provider.responses("m");
      const alone = partsOf(async (onPart) => {
        const { stream } = await plain.doStream({ prompt } as never);
        for await (const part of stream) onPart(part as Part);
      });

      const quick = await partsOf((onPart) => openQuick(api)({ prompt }, onPart as never));

      expect(quick).toEqual(await alone);
    },
  );
});

test("the first word does not wait for the frames that follow it", async () => {
  const rest = Promise.withResolvers<void>();
  using slow = serveFrames(async function* () {
    yield say("A ");
    await rest.promise;
    yield say("coin");
    yield END;
  });
  const words: string[] = [];

  await openQuick("chat", slow)({ prompt }, (part) => {
    if (part.type === "text-delta") words.push(part.delta);
    rest.resolve();
  });

  expect(words).toEqual(["A ", "coin"]);
});

test("an error of the receiver ends the stream and is its error", async () => {
  answer = [say("A "), say("b"), say("c"), END].join("");
  pieceLength = Number.POSITIVE_INFINITY;
  let parts = 0;

  const streamed = openQuick("chat")({ prompt }, () => {
    parts += 1;
    throw new Error("enough");
  });

  await expect(streamed).rejects.toThrow("enough");
  expect(parts).toBe(1);
});

test("an aborted call ends at once, also during a silence", async () => {
  using silent = serveFrames(async function* () {
    yield say("A ");
    await Bun.sleep(60_000);
  });
  const call = new AbortController();

  const streamed = openQuick("chat", silent)({ prompt, abortSignal: call.signal }, () =>
    call.abort(),
  );

  await expect(streamed).rejects.toMatchObject({ name: "AbortError" });
  await silent.stop(true);
});
