import { streamedAnswer, wholeAnswer } from "./openai/answer";
import { chatCompletion, chatCompletionFrames } from "./openai/chat-completions";
import { embeddings } from "./openai/embeddings";
import { response, responseFrames } from "./openai/responses";
import type { Fault, Reply } from "./openai/script";

export type { Fault, Reply } from "./openai/script";

export type RecordedRequest = {
  path: "/v1/chat/completions" | "/v1/responses" | "/v1/embeddings";
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the client sent
  body: any;
  headers: Headers;
};

/** What the model says: a list, one reply per request, or a function of what was asked. */
export type Replies = Reply[] | ((request: RecordedRequest) => Reply);

/**
 * A server that speaks OpenAI's wire protocol on loopback: chat completions, responses (both whole
 * and streamed) and embeddings. Point a provider at `url`.
 *
 * ```ts
 * await using openai = startOpenAI({ replies: [
 *   { toolCalls: [{ name: "search_slides", input: { query: "entropy" } }] },
 *   { text: "Entropy measures missing information [1]." },
 * ] });
 * openai.replies = [{ text: "A longer tale", fault: { kind: "cut", afterTokens: 2 } }];
 * openai.embeddingFaults.push({ kind: "status", status: 429, retryAfterSeconds: 2 });
 * openai.paceMs = 20;                     // pause before each token
 * openai.requests.at(-1)!.body.messages;  // what the client sent, in order of arrival
 * openai.open; openai.aborted;            // answers in flight now; answers the client gave up
 * ```
 *
 * A chat request without a scripted reply is answered 500, so that no test passes by accident.
 * Embeddings are hashed bags of words: texts that share words are close.
 */
export function startOpenAI({ replies = [] as Replies, paceMs = 0 } = {}): OpenAIServer {
  return new OpenAIServer(replies, paceMs);
}

export class OpenAIServer {
  /** Every request so far, in order of arrival. */
  readonly requests: RecordedRequest[] = [];
  /** Faults of the next embedding requests, first come first served. */
  readonly embeddingFaults: Fault[] = [];
  /** Answers being sent now. */
  open = 0;
  /** Answers whose reader went away before the end. */
  aborted = 0;

  readonly #server: Bun.Server<undefined>;

  constructor(
    public replies: Replies,
    public paceMs: number,
  ) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }

  /** The base URL, `/v1` included. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/v1`;
  }

  requestsTo(path: RecordedRequest["path"]): RecordedRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  async close(): Promise<void> {
    await this.#server.stop(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #answer(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname as RecordedRequest["path"];
    const recorded = { path, body: await request.json(), headers: request.headers };
    this.requests.push(recorded);

    switch (path) {
      case "/v1/embeddings":
        return wholeAnswer(embeddings(recorded.body), this.embeddingFaults.shift(), request.signal);
      case "/v1/chat/completions":
      case "/v1/responses":
        return this.#chat(recorded, request.signal);
      default:
        return Response.json({ error: { message: `No such address: ${path}` } }, { status: 404 });
    }
  }

  async #chat(request: RecordedRequest, gone: AbortSignal): Promise<Response> {
    const { path, body } = request;
    const problem = findRefusedTool(body);
    if (problem) return Response.json({ error: { message: problem } }, { status: 400 });
    const reply = this.#nextReply(request);
    const { fault } = reply;

    this.open += 1;
    const onEnd = (aborted: boolean) => {
      this.open -= 1;
      if (aborted) this.aborted += 1;
    };

    if (body.stream) {
      const toFrames = path === "/v1/responses" ? responseFrames : chatCompletionFrames;
      return streamedAnswer(toFrames(reply, body.model), { fault, paceMs: this.paceMs, onEnd });
    }
    const toWhole = path === "/v1/responses" ? response : chatCompletion;
    const answer = await wholeAnswer(toWhole(reply, body.model), fault, gone);
    onEnd(gone.aborted);
    return answer;
  }

  #nextReply(request: RecordedRequest): Reply {
    if (typeof this.replies === "function") return this.replies(request);
    const unscripted: Fault = { kind: "status", status: 500, code: "no_reply_scripted" };
    return this.replies.shift() ?? { fault: unscripted };
  }
}

/** What OpenAI answers to tools that it does not accept. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the client sent
function findRefusedTool({ tools = [], messages = [], input = [] }: any): string | undefined {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const offered = tools.map((tool: any) => tool.function ?? tool);
  const calls = [...messages, ...(Array.isArray(input) ? input : [])].flatMap((item) =>
    item.type === "function_call"
      ? [item]
      : // biome-ignore lint/suspicious/noExplicitAny: as above
        (item.tool_calls ?? []).map((call: any) => call.function),
  );
  const names: string[] = offered.map(({ name }: { name: string }) => name);
  if (![...names, ...calls.map(({ name }) => name)].every((name) => /^[\w-]{1,64}$/.test(name)))
    return "Invalid name: expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.";
  if (new Set(names).size < names.length) return "Tool names must be unique.";
  return offered.every(({ parameters = { type: "object" } }) => parameters.type === "object")
    ? undefined
    : "schema must be a JSON Schema of 'type: \"object\"'";
}
