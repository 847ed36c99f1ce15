import { AppError } from "../../errors";
import { asAppError } from "../../storage/failure";
import { toAbsoluteUrl } from "../../text/absolute-urls";
import type { CheckedCitation, UnsupportedSentence } from "../citations/check";
import { findMarks } from "../citations/marks";
import type { ChatPart, RunSummary, TokenUsage } from "../parts";
import { toCompletionError } from "./error";

/** The fields that every chunk of a completion repeats. */
export type CompletionIdentity = {
  id: string;
  /** Seconds since 1970. */
  created: number;
  model: string;
  /** Our own address, to make links absolute. */
  origin: string;
  /** The answer ends before the first of these texts. */
  stop?: string[] | undefined;
  /** The parts that were left out of the request. */
  notes: string[];
};

/**
 * Converts a run to chunks of OpenAI's chat completions, each serialized as the data of one event.
 *
 * The first chunk is yielded before the first part is read; the last is `[DONE]` or an error.
 */
export async function* toCompletionChunks(
  parts: AsyncIterable<ChatPart[]>,
  { origin, stop, notes, ...identity }: CompletionIdentity,
  includeUsage: boolean,
): AsyncGenerator<string[]> {
  const chunk = (more: object) =>
    JSON.stringify({ ...identity, object: "chat.completion.chunk", ...more });
  const textChunk = (delta: object) =>
    chunk({ choices: [{ index: 0, delta, finish_reason: null }] });

  yield [textChunk({ role: "assistant", content: "" })];
  const completion = new Completion(origin, stop);
  try {
    for await (const batch of parts) {
      const content = completion.add(batch);
      if (content !== "") yield [textChunk({ content })];
      const end = completion.end();
      if (!end) continue;
      if (end.rest !== "") yield [textChunk({ content: end.rest })];
      const { content: _, ...delta } = end.message;
      const { finish_reason, citations, unsupported, usage } = end;
      yield [
        chunk({
          choices: [{ index: 0, delta, finish_reason }],
          citations,
          unsupported,
          ...(notes.length > 0 && { notes }),
        }),
        ...(includeUsage ? [chunk({ choices: [], usage })] : []),
        "[DONE]",
      ];
      return;
    }
    throw new AppError("chat_interrupted");
  } catch (error) {
    // The cause is logged where the parts are made.
    yield [JSON.stringify(toCompletionError(asAppError(error)))];
  }
}

/**
 * Reads a run to its end and returns the completion.
 *
 * @throws AppError of the run, or `chat_interrupted`
 */
export async function collectCompletion(
  parts: AsyncIterable<ChatPart[]>,
  { origin, stop, notes, ...identity }: CompletionIdentity,
) {
  const completion = new Completion(origin, stop);
  for await (const batch of parts) {
    completion.add(batch);
    const end = completion.end();
    if (!end) continue;
    const { message: answer, rest: _, finish_reason, ...more } = end;
    const message = { role: "assistant", ...answer, refusal: null };
    const choices = [{ index: 0, message, logprobs: null, finish_reason }];
    return {
      ...identity,
      object: "chat.completion",
      choices,
      ...more,
      ...(notes.length > 0 && { notes }),
    };
  }
  throw new AppError("chat_interrupted");
}

type CompletionToolCall = { index: number; id: string; type: "function"; function: object };

/** Joins the steps of a run to one message. */
export class Completion {
  #content = "";
  /** The next text starts a new paragraph, because it belongs to a new step. */
  #isNewStep = false;
  /** Where the text of the current step begins in the content. */
  #stepStart = 0;
  #finish = "stop";
  readonly #citations = new Map<number, CheckedCitation>();
  readonly #unsupported: UnsupportedSentence[] = [];
  readonly #calls: CompletionToolCall[] = [];
  #end: Extract<ChatPart, { type: "finish" | "abort" | "error" }> | undefined;

  /** Length of the text that was returned to the caller. */
  #returned = 0;
  /** Where the answer ends, when it contains a stop text. */
  #stoppedAt: number | undefined;
  readonly #longestStop: number;

  constructor(
    readonly origin: string,
    readonly stop: string[] = [],
  ) {
    this.#longestStop = Math.max(0, ...stop.map(({ length }) => length));
  }

  /** Adds parts and returns the new text, except an end that can be the beginning of a stop text. */
  add(parts: ChatPart[]): string {
    for (const part of parts) this.#addPart(part);
    const held = this.#stoppedAt === undefined ? Math.max(0, this.#longestStop - 1) : 0;
    return this.#take(this.#content.length - held);
  }

  #take(end: number): string {
    const text = this.#content.slice(this.#returned, Math.max(end, this.#returned));
    this.#returned += text.length;
    return text;
  }

  #addText(text: string): void {
    if (this.#stoppedAt !== undefined) return;
    const from = Math.max(0, this.#content.length - this.#longestStop);
    this.#content += text;
    const found = this.stop
      .map((one) => this.#content.indexOf(one, from))
      .filter((place) => place >= 0);
    if (found.length === 0) return;
    this.#stoppedAt = Math.min(...found);
    this.#content = this.#content.slice(0, this.#stoppedAt);
  }

  /** @throws AppError when the run has failed */
  end() {
    if (this.#end === undefined) return undefined;
    if (this.#end.type === "error") throw this.#end.error;
    if (this.#end.type === "abort") throw new AppError("chat_interrupted");
    const annotations = this.#annotations();
    return {
      /** The text that was held back. */
      rest: this.#take(this.#content.length),
      message: {
        content: this.#content,
        ...(annotations.length > 0 && { annotations }),
        ...(this.#calls.length > 0 && { tool_calls: this.#calls }),
      },
      finish_reason: this.#calls.length > 0 ? "tool_calls" : this.#finish,
      citations: [...this.#citations.values()],
      ...(this.#unsupported.length > 0 && { unsupported: this.#unsupported }),
      usage: toUsage(this.#end.summary),
    };
  }

  #addPart(part: ChatPart): void {
    if (part.type === "step-start") {
      this.#isNewStep = this.#content !== "";
    } else if (part.type === "text") {
      if (this.#isNewStep) this.#addText("\n\n");
      if (this.#isNewStep) this.#stepStart = this.#content.length;
      this.#addText(part.delta);
      this.#isNewStep = false;
    } else if (part.type === "step-end") {
      this.#endStep(part.answer.metadata);
    } else if (part.type === "finish" || part.type === "abort" || part.type === "error") {
      this.#end = part;
    }
  }

  #endStep(metadata: StepMetadata): void {
    const offset = this.#stepStart;
    const { finish_reason, citations = [], unsupported = [], tool_calls = [] } = metadata;
    this.#finish = finish_reason === "length" ? "length" : "stop";
    for (const { unsupported: isUnsupported, ...citation } of citations as CheckedCitation[]) {
      const { number, url } = citation;
      const known = this.#citations.get(number);
      // One supported sentence is enough, in any step.
      const isFlagged = isUnsupported && (!known || known.unsupported);
      this.#citations.set(number, {
        ...citation,
        ...(isFlagged && { unsupported: true }),
        url: url && toAbsoluteUrl(url, this.origin),
      });
    }
    for (const { start, end, ...verdict } of unsupported as UnsupportedSentence[]) {
      // A sentence after the stop text is not part of the answer.
      if (end + offset > this.#content.length) continue;
      this.#unsupported.push({ start: start + offset, end: end + offset, ...verdict });
    }
    // A call without a result is for the client to run.
    for (const { id, name, arguments: input, result } of tool_calls) {
      if (result) continue;
      const call = { name, arguments: input || "{}" };
      this.#calls.push({ index: this.#calls.length, id, type: "function", function: call });
    }
  }

  /** Each marker with the address of its source, in the form of OpenAI's own citations. */
  #annotations() {
    return findMarks(this.#content).flatMap(({ numbers, start, end }) =>
      numbers.flatMap((number) => {
        const { url, title } = this.#citations.get(number) ?? {};
        if (!url) return [];
        const place = { start_index: start, end_index: end };
        return [{ type: "url_citation", url_citation: { ...place, url, title: title ?? "" } }];
      }),
    );
  }
}

type StepMetadata = Extract<ChatPart, { type: "step-end" }>["answer"]["metadata"];

function toUsage({ usage }: RunSummary) {
  const count = (name: keyof TokenUsage) => usage[name] ?? 0;
  return {
    prompt_tokens: count("inputTokens"),
    completion_tokens: count("outputTokens"),
    total_tokens: count("totalTokens"),
    prompt_tokens_details: { cached_tokens: count("cachedInputTokens") },
    completion_tokens_details: { reasoning_tokens: count("reasoningTokens") },
  };
}
