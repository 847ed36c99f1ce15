import { listCourseModels } from "../db/chunks/passages";
import type { Sql } from "../db/client";
import type { Budgets } from "../db/jobs/provider-calls";
import { forecastUsage } from "../db/jobs/usage";
import { AppError, type FieldProblem } from "../errors";
import type { Embedder } from "../providers/embedder";
import type { PaidCalls } from "../providers/paid-calls";
import { countTokens } from "../text/tokens";
import { embedderForModel } from "./embed-question";
import { type QuestionReceipts, questionCalls } from "./question-calls";

type EmbedTextsDeps = {
  db: Sql;
  embedder: Embedder;
  receipts?: QuestionReceipts;
  /** The limits of the settings; those of the course replace them one by one. */
  budgets: Budgets;
};

export type EmbeddedTexts = {
  /** The embedding model, `provider:model`. */
  model: string;
  /** In the order of the texts, each of unit length and `EMBEDDING_DIMENSIONS` long. */
  embeddings: number[][];
  /** The billed tokens; 0 for the local model. */
  tokens: number;
};

/** Maximum tokens of one request, as at OpenAI. */
const MAX_TOTAL_TOKENS = 300_000;
/** No text has so many characters per token, except blanks. Longer texts are refused without counting. */
const MOST_CHARACTERS_PER_TOKEN = 16;
/** Counting the tokens of so many characters takes up to 50 ms; then other requests get their turn. */
const PIECE_CHARACTERS = 4_000;
/** Each batch is one receipt. Its tokens are counted at once, so its characters are limited too. */
const BATCH = { texts: 256, characters: 32_000 };
const TIMEOUT_MS = 300_000;

/**
 * Embeds texts of a client with the embedding model of a course, as documents, so that they can be compared
 * with each other. Unlike a question, a list of texts is refused when a budget is used up.
 *
 * @throws AppError `request_invalid` for a text that is too long, `embedding_model_unavailable`,
 *   `budget_exceeded`, `provider_…`
 */
export async function embedTexts(
  deps: EmbedTextsDeps,
  course_id: string,
  texts: string[],
  signal: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<EmbeddedTexts> {
  const embedder = await embedderOfCourse(deps, course_id);
  await assertShort(texts, embedder, signal);
  const calls = limitedCalls(deps, course_id);
  const deadline = AbortSignal.timeout(timeoutMs);
  const request = {
    purpose: "document",
    signal: AbortSignal.any([signal, deadline]),
    calls,
  } as const;
  const embeddings: number[][] = [];
  let tokens = 0;
  for (const batch of toBatches(texts)) {
    const embedded = await embedder.embed(batch, request).catch((error) => {
      if (signal.aborted || !deadline.aborted) throw error;
      const details = { provider: embedder.model, timed_out: true };
      throw new AppError("provider_unavailable", details, { cause: error });
    });
    embeddings.push(...embedded.embeddings);
    tokens += embedded.usage.tokens;
  }
  return { model: embedder.model, embeddings, tokens };
}

/** The embedder of the course's vectors. The configured one if it is among several, or the course has none. */
async function embedderOfCourse(
  { db, embedder }: EmbedTextsDeps,
  course_id: string,
): Promise<Embedder> {
  const models = await listCourseModels(db, [course_id]);
  if (models.length === 0 || models.includes(embedder.model)) return embedder;
  const [opened] = models.flatMap((model) => embedderForModel(embedder, model) ?? []);
  if (opened) return opened;
  const message = `The vectors of this course are of ${models.join(" and ")}, and this server has no settings for it`;
  throw new AppError("embedding_model_unavailable", { models, message });
}

/** @throws AppError `request_invalid` */
async function assertShort(
  texts: string[],
  { maxTokens }: Embedder,
  signal: AbortSignal,
): Promise<void> {
  let total = 0;
  for (const [index, text] of texts.entries()) {
    const path = texts.length === 1 ? "input" : `input.${index}`;
    const tooLong = {
      path,
      message: `is longer than the ${maxTokens} tokens that the model reads`,
    };
    if (text.length > maxTokens * MOST_CHARACTERS_PER_TOKEN) throw invalid(tooLong);
    let tokens = 0;
    for (let start = 0; start < text.length; start += PIECE_CHARACTERS) {
      tokens += countTokens(text.slice(start, start + PIECE_CHARACTERS));
      if (tokens > maxTokens) throw invalid(tooLong);
      await Bun.sleep(0);
      signal.throwIfAborted();
    }
    total += tokens;
    if (total > MAX_TOTAL_TOKENS) {
      const message = `has more than ${MAX_TOTAL_TOKENS} tokens: send the texts in several requests`;
      throw invalid({ path: "input", message });
    }
  }
}

const invalid = (field: FieldProblem) => new AppError("request_invalid", { fields: [field] });

function toBatches(texts: string[]): string[][] {
  const batches: string[][] = [];
  let characters = 0;
  for (const text of texts) {
    const last = batches.at(-1);
    characters += text.length;
    if (last && last.length < BATCH.texts && characters <= BATCH.characters) last.push(text);
    else {
      batches.push([text]);
      characters = text.length;
    }
  }
  return batches;
}

/** Like `questionCalls`, and refuses calls that cost money when a budget is used up. */
function limitedCalls({ db, receipts, budgets }: EmbedTextsDeps, course_id: string): PaidCalls {
  const recorded = questionCalls(receipts, "embed_texts", course_id);
  return {
    run: async (call, request) => {
      if (!call.isFree) {
        const { service: provider, model, estimate: usage } = call;
        const { exceeded } = await forecastUsage(
          db,
          course_id,
          { provider, model, usage },
          budgets,
        );
        if (exceeded) {
          const message = `The budget of the ${exceeded.scope} for paid work is used up: raise the limit, then repeat the request`;
          throw new AppError("budget_exceeded", { ...exceeded, message });
        }
      }
      return recorded.run(call, request);
    },
  };
}
