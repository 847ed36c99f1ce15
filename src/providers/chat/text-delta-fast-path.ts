import { type LanguageModelMiddleware, wrapLanguageModel } from "ai";
import type { LanguageModelV4 } from "./chat-model";

type Streamed = Awaited<ReturnType<LanguageModelV4["doStream"]>>["stream"];
type Part = Streamed extends ReadableStream<infer P> ? P : never;
type Fetch = typeof globalThis.fetch;

/** How a protocol's streamed frames say a few words, and nothing else. */
export type TextFrames = {
  /** The words of such a frame; undefined for every other one. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON of a server, looked into with care
  read(data: any): string | undefined;
  /** The same frame with other words. */
  // biome-ignore lint/suspicious/noExplicitAny: what `read` has recognised
  write(data: any, words: string): unknown;
};

/**
 * A model whose words take a short cut around its AI SDK provider: a provider passes each frame
 * through four transform streams and a schema, which costs more than all that we do with it.
 *
 * Frames of words are read off the connection and become parts at once. All others (tool calls,
 * reasoning, usage, errors, ends) go through the provider, and so does what is not understood. The
 * order stays: words behind such a frame wait until the provider is through with it.
 *
 * @param open makes the model with a `fetch` of its own, once for each call
 */
export function withQuickText(
  open: (fetch: Fetch) => LanguageModelV4,
  frames: TextFrames,
): LanguageModelV4 {
  const middleware: LanguageModelMiddleware = {
    wrapStream: async ({ params }) => {
      const shortCut = new ShortCut(frames);
      const { stream, ...rest } = await open(shortCut.fetch).doStream(params);
      return { ...rest, stream: shortCut.join(stream) };
    },
  };
  return wrapLanguageModel({ model: open(fetch), middleware });
}

const encoder = new TextEncoder();

class ShortCut {
  /** Goes through the provider in place of words that wait: when it comes out, it is their turn. */
  readonly #mark = crypto.randomUUID();
  /** The words behind each mark that the provider still has. */
  readonly #waiting: string[][] = [];
  /** Was the provider's last frame something else than a mark? */
  #isBehind = true;
  #out: ReadableStreamDefaultController<Part> | undefined;
  #textId = "";

  constructor(readonly frames: TextFrames) {}

  readonly fetch = (async (...request: Parameters<Fetch>) => {
    const response = await fetch(...request);
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    if (!response.ok || !isStream || !response.body) return response;
    return new Response(this.#withoutWords(response.body), response);
  }) as Fetch;

  /** The provider's parts, and the words where they belong. */
  join(parts: Streamed): Streamed {
    const reader = parts.getReader();
    const forward = async (out: ReadableStreamDefaultController<Part>) => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return out.close();
        if (value.type === "text-delta" && value.delta === this.#mark) this.#release(value.id);
        else out.enqueue(value);
      }
    };
    return new ReadableStream({
      start: (out) => {
        this.#out = out;
        forward(out).catch((error) => out.error(error));
      },
      cancel: (reason) => {
        this.#out = undefined;
        return reader.cancel(reason);
      },
    });
  }

  #release(textId: string): void {
    this.#textId = textId;
    for (const words of this.#waiting.shift() ?? []) this.#say(words);
  }

  #say(words: string): void {
    this.#out?.enqueue({ type: "text-delta", id: this.#textId, delta: words });
  }

  /** What of an answer is left for the provider. */
  #withoutWords(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let held = "";
    /** Takes the whole frames of what was read so far; at the end, everything. */
    const take = (isEnd: boolean): string => {
      // Frames may also end in CR LF; few servers do that, and they are left to the provider.
      const end = isEnd || held.includes("\r") ? held.length : held.lastIndexOf("\n\n") + 2;
      if (end < 2) return "";
      const frames = held.slice(0, end);
      held = held.slice(end);
      return this.#takeFrames(frames);
    };
    return new ReadableStream({
      pull: async (provider) => {
        for (;;) {
          const { done, value } = await reader.read();
          held += decoder.decode(value, { stream: !done });
          const rest = take(done);
          if (rest !== "") provider.enqueue(encoder.encode(rest));
          if (done) return provider.close();
          if (rest !== "") return;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    });
  }

  #takeFrames(text: string): string {
    let rest = "";
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf("\n\n", start) + 2;
      const frame = end < 2 ? text.slice(start) : text.slice(start, end);
      rest += this.#takeFrame(frame);
      start += frame.length;
    }
    return rest;
  }

  /** Says the words of a frame now or later; answers what the provider gets in its place. */
  #takeFrame(frame: string): string {
    const data = readData(frame);
    const words = data === undefined ? undefined : this.frames.read(data);
    if (words === undefined) {
      this.#isBehind = true;
      return frame;
    }
    if (this.#isBehind) {
      this.#isBehind = false;
      this.#waiting.push([words]);
      return `data: ${JSON.stringify(this.frames.write(data, this.#mark))}\n\n`;
    }
    const queue = this.#waiting.at(-1);
    if (queue) queue.push(words);
    else this.#say(words);
    return "";
  }
}

/** The JSON of a frame of one line of data; undefined for every other frame. */
function readData(frame: string): unknown {
  const line = /^(?:event: .*\n)?data: (\{.*\})\n\n$/.exec(frame)?.[1];
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
