import { parseJson } from "../../text/parse-json";
import type { LanguageModelV4, ModelPart, ModelStream, StreamParts } from "./chat-model";

type Fetch = typeof globalThis.fetch;

/** Recognises the frames of a protocol that contain a piece of text and nothing else. */
export type TextFrames = {
  /** The text of such a frame, empty if it has no text; undefined for every other frame. */
  // biome-ignore lint/suspicious/noExplicitAny: unvalidated JSON, checked field by field
  read(data: any): string | undefined;
  /** The same frame with other text. */
  // biome-ignore lint/suspicious/noExplicitAny: a frame that `read` recognised
  write(data: any, text: string): unknown;
};

/**
 * Streams a model with its text frames passed around its AI SDK provider. A provider sends each frame through four
 * transform streams and a schema, which costs more than all our work on it (docs/decisions/0021).
 *
 * Text frames are parsed as they arrive and become parts at once. All other frames (tool calls,
 * reasoning, usage, errors, ends, unknown ones) go through the provider. The order is kept: text after
 * such a frame waits until the provider has processed the frame. Text that no such frame precedes is passed on
 * before the provider's `stream-start` and `text-start`.
 *
 * @param open makes the model with the given `fetch`, once for each call
 */
export function streamWithFastPath(
  open: (fetch: Fetch) => LanguageModelV4,
  frames: TextFrames,
): StreamParts {
  return async (options, onPart) => {
    const fastPath = new TextDeltaFastPath(frames, onPart);
    try {
      const { stream } = await open(fastPath.fetch).doStream(options);
      await fastPath.join(stream);
    } catch (error) {
      throw fastPath.refusal ? fastPath.refusal.reason : error;
    }
  };
}

const encoder = new TextEncoder();

/** The fast path of one call. */
class TextDeltaFastPath {
  /**
   * Replaces the text of the first text frame after any other frame, which does go through the provider.
   * When the provider emits it, all frames before it are processed, and the waiting text is released.
   */
  readonly #marker = crypto.randomUUID();
  /** The same for text at the beginning, which waits for nothing. The provider gets it as the beginning of the text. */
  readonly #firstMarker = crypto.randomUUID();
  /** The text waiting behind each marker that the provider has not emitted yet. */
  readonly #waiting: string[][] = [];
  /** The last frame for the provider was not a marker, so the next text needs one. */
  #needsMarker = true;
  /** The provider has got no frame yet. */
  #isFirst = true;
  #textId = "";
  /** The error of the receiver, which the provider would report as an error of its own. */
  refusal: { reason: unknown } | undefined;

  /** @param onPart can throw to end the stream */
  constructor(
    readonly frames: TextFrames,
    readonly onPart: (part: ModelPart) => void,
  ) {}

  readonly fetch = (async (...request: Parameters<Fetch>) => {
    const response = await fetch(...request);
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    if (!response.ok || !isStream || !response.body) return response;
    return new Response(this.#withoutText(response.body), response);
  }) as Fetch;

  /** Passes the provider's parts on, until their end. */
  async join(parts: ModelStream): Promise<void> {
    const reader = parts.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        if (value.type === "text-delta" && value.delta === this.#marker) this.#release(value.id);
        else if (value.type !== "text-delta" || value.delta !== this.#firstMarker)
          this.#pass(value);
      }
    } finally {
      void reader.cancel().catch(() => {});
    }
  }

  #release(textId: string): void {
    this.#textId = textId;
    for (const text of this.#waiting.shift() ?? []) this.#passText(text);
  }

  #passText(delta: string): void {
    this.#pass({ type: "text-delta", id: this.#textId, delta });
  }

  #pass(part: ModelPart): void {
    try {
      this.onPart(part);
    } catch (reason) {
      this.refusal ??= { reason };
      throw reason;
    }
  }

  /** The response body for the provider: all frames except text frames. */
  #withoutText(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let buffer = "";
    /** Removes the complete frames from the buffer; at the end, everything. */
    const take = (isEnd: boolean): string => {
      // The few servers that end frames with CR LF do not use the fast path.
      const end = isEnd || buffer.includes("\r") ? buffer.length : buffer.lastIndexOf("\n\n") + 2;
      if (end < 2) return "";
      const frames = buffer.slice(0, end);
      buffer = buffer.slice(end);
      return this.#takeFrames(frames);
    };
    return new ReadableStream({
      pull: async (provider) => {
        for (;;) {
          const { done, value } = await reader.read();
          buffer += decoder.decode(value, { stream: !done });
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

  /** Passes the text of a frame on, now or after its marker. Returns the frame for the provider, if any. */
  #takeFrame(frame: string): string {
    const data = parseFrame(frame);
    const text = data === undefined ? undefined : this.frames.read(data);
    if (text === undefined) {
      this.#needsMarker = true;
      this.#isFirst = false;
      return frame;
    }
    // Many servers announce the role in such a frame first. It contains nothing for the provider.
    if (text === "") return "";
    if (this.#needsMarker) {
      this.#needsMarker = false;
      const marker = this.#isFirst ? this.#firstMarker : this.#marker;
      if (this.#isFirst) this.#passText(text);
      else this.#waiting.push([text]);
      this.#isFirst = false;
      return `data: ${JSON.stringify(this.frames.write(data, marker))}\n\n`;
    }
    const queue = this.#waiting.at(-1);
    if (queue) queue.push(text);
    else this.#passText(text);
    return "";
  }
}

/** The JSON of a frame with one line of data; undefined for every other frame. */
function parseFrame(frame: string): unknown {
  const line = /^(?:event: .*\n)?data: (\{.*\})\n\n$/.exec(frame)?.[1];
  return line === undefined ? undefined : parseJson(line);
}
