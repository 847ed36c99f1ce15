import { APICallError } from "@ai-sdk/provider";
import type { LanguageModelUsage } from "ai";
import { z } from "zod";
import { toModelName } from "../../db/jobs/provider-calls";
import type { LanguageModelV4 } from "../chat/chat-model";
import { type PaidCalls, toTokens, UNRECORDED } from "../paid-calls";
import { requestWithin } from "../provider-error";
import { INSTRUCTIONS, promptFor, type SlideToDescribe } from "./slide-describer-prompt";

/** Models read the descriptions as instructions. */
export const SlideContent = z.object({
  title: z.string().describe("The slide's title; empty when it has none"),
  statement: z.string().describe("What the slide says, in full sentences, with all its numbers"),
  figures: z
    .array(z.string())
    .describe("For each diagram, plot or picture that carries meaning: what it shows"),
  tables: z.array(z.string()).describe("Each table, every row of it, as a Markdown table"),
  formulas: z.array(z.string()).describe("Each formula as LaTeX, without dollar signs"),
  key_terms: z.array(z.string()).describe("The terms a student would search for, at most ten"),
  language: z.string().describe("BCP 47 tag of the language the slide is written in"),
});
export type SlideContent = z.infer<typeof SlideContent>;

/** Why the model's answer cannot be used. */
export type SlideProblem = "content_blocked" | "answer_invalid";

export type SlideAnswer = {
  /** The model's text, unchanged; empty when a filter blocked it. */
  raw: string;
  /** The billed usage of all requests for the slide. */
  usage: SlideUsage;
} & ({ content: SlideContent } | { problem: SlideProblem });

export type SlideUsage = { requests: number; input_tokens: number; output_tokens: number };

/** Describes the content of a slide from its image. */
export interface SlideDescriber {
  /** `provider:model` */
  readonly model: string;
  /** The server needs no key, so its answers cost nothing. */
  readonly isFree: boolean;

  /**
   * If the answer does not match the schema, the model is asked once more. After that, and when a safety
   * filter blocks the answer, the result contains the problem: another attempt would cost the same again.
   *
   * @param calls  records each request
   * @throws AppError `provider_…`
   */
  describe(slide: SlideToDescribe, signal: AbortSignal, calls?: PaidCalls): Promise<SlideAnswer>;
}

const MAX_REQUESTS = 2;
/** A typical slide, for the budget before the call. */
export const TYPICAL_SLIDE = { pages: 1, input_tokens: 1_500, output_tokens: 400 };
/** A reasoning model takes half a minute for a dense slide; this is the limit for a silent one. */
const ANSWER_MS = 180_000;

/**
 * A describer for any model of the AI SDK that reads images and supports a schema.
 *
 * @param answerMs  time limit of a single answer, in milliseconds
 * @param isFree  the server needs no key
 */
export function createSlideDescriber(
  name: string,
  model: LanguageModelV4,
  { answerMs = ANSWER_MS, isFree = false }: { answerMs?: number; isFree?: boolean } = {},
): SlideDescriber {
  return {
    model: name,
    isFree,
    async describe(slide, signal, calls = UNRECORDED) {
      const { provider: service, model: modelId } = toModelName(name);
      const call = { service, model: modelId, isFree, estimate: TYPICAL_SLIDE };
      const request = async () => {
        const result = await requestWithin(name, answerMs, signal, (ended) =>
          ask(model, slide, ended),
        );
        const problem = problemOf(result);
        return { result, usage: { pages: 1, ...toTokens(result.usage) }, problem };
      };
      const usage: SlideUsage = { requests: 0, input_tokens: 0, output_tokens: 0 };
      for (;;) {
        const answer = await calls.run(call, request);
        const { input_tokens, output_tokens } = toTokens(answer.usage);
        usage.requests += 1;
        usage.input_tokens += input_tokens;
        usage.output_tokens += output_tokens;
        const { raw, content } = answer;
        if (content) return { raw, usage, content };
        const problem = problemOf(answer)!;
        if (problem === "content_blocked" || usage.requests === MAX_REQUESTS) {
          return { raw, usage, problem };
        }
      }
    },
  };
}

type RawAnswer = {
  raw: string;
  content: SlideContent | null;
  blocked: boolean;
  usage: LanguageModelUsage | undefined;
};

const problemOf = ({ content, blocked }: RawAnswer): SlideProblem | undefined =>
  content ? undefined : blocked ? "content_blocked" : "answer_invalid";

async function ask(
  model: LanguageModelV4,
  slide: SlideToDescribe,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const image = { type: "file" as const, mediaType: "image/jpeg", data: slide.image };
  const prompt = { type: "text" as const, text: promptFor(slide) };
  const { generateText, NoObjectGeneratedError, Output } = await import("ai"); // 15 MB
  try {
    const result = await generateText({
      model,
      instructions: INSTRUCTIONS,
      messages: [{ role: "user", content: [prompt, image] }],
      output: Output.object({ schema: SlideContent, name: "slide" }),
      maxRetries: 0, // the queue retries
      abortSignal: signal,
    });
    const { text, usage, finishReason } = result;
    const blocked = finishReason === "content-filter";
    // Reading `output` throws when the model returned no text.
    return { raw: text, content: blocked || text === "" ? null : result.output, blocked, usage };
  } catch (error) {
    if (isFiltered(error)) return { raw: "", content: null, blocked: true, usage: undefined };
    if (!NoObjectGeneratedError.isInstance(error)) throw error;
    const { text: raw = "", usage } = error;
    const blocked = error.finishReason === "content-filter";
    return { raw, content: blocked ? null : readFenced(raw), blocked, usage };
  }
}

/** OpenAI and Azure filter images before the model receives them. */
function isFiltered(error: unknown): boolean {
  if (!APICallError.isInstance(error) || error.statusCode !== 400) return false;
  return /"code":\s*"(content_filter|content_policy_violation)"/.test(error.responseBody ?? "");
}

/** Models without schema support often return JSON in a Markdown block; null without a block. */
function readFenced(text: string): SlideContent | null {
  const json = /```(?:json)?\s*(\{[\s\S]*\})\s*```/i.exec(text)?.[1];
  try {
    return json ? SlideContent.parse(JSON.parse(json)) : null;
  } catch {
    return null;
  }
}
