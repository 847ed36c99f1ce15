import {
  AISDKError,
  APICallError,
  EmptyResponseBodyError,
  InvalidResponseDataError,
  JSONParseError,
  NoContentGeneratedError,
  TypeValidationError,
} from "@ai-sdk/provider";
import type { StreamProviderError } from "ai";
import { AppError, type ErrorCode } from "../errors";
import { readRetryAfter } from "../media/fetch/retry-after";
import { codeOfRefusal } from "./refusal";

/**
 * Converts errors that the AI SDK throws, or sends as an `error` part, to AppErrors.
 *
 * Aborts, AppErrors and errors of our own code are returned unchanged.
 *
 * @param provider  the provider and model, for the log: `openai:gpt-5-mini`
 */
export function toProviderError(error: unknown, provider: string): unknown {
  const fail = (code: ErrorCode, details: Record<string, unknown> = {}) =>
    new AppError(code, { provider, ...details }, { cause: error });

  if (APICallError.isInstance(error) || isStreamFailure(error)) {
    const { statusCode: status, message } = error;
    // No status: no connection. A retryable 200: the connection failed during the response.
    if (status === undefined || (status < 400 && error.isRetryable)) {
      return fail("provider_unavailable", { reason: message.slice(0, 300) });
    }
    const code = codeOf(status, error);
    const retry_after_ms = code === "provider_rate_limited" ? retryAfterMs(error) : undefined;
    const timing = retry_after_ms === undefined ? {} : { retry_after_ms };
    return fail(code, { status, message: message.slice(0, 300), ...timing });
  }
  if (UNUSABLE_ANSWERS.some((kind) => kind.isInstance(error)) || isWithoutOutput(error)) {
    return fail("provider_answer_invalid", { reason: String(error).slice(0, 300) });
  }
  return error;
}

const UNUSABLE_ANSWERS = [
  EmptyResponseBodyError,
  InvalidResponseDataError,
  JSONParseError,
  NoContentGeneratedError,
  TypeValidationError,
];

/** The classes of these two errors are in `ai`, which takes 15 MB and is loaded only for a configured provider. */
const isWithoutOutput = (error: unknown) =>
  AISDKError.isInstance(error) && error.name === "AI_NoOutputGeneratedError";
const isStreamFailure = (error: unknown): error is StreamProviderError =>
  AISDKError.isInstance(error) && error.name === "AI_StreamProviderError";

type Failure = APICallError | StreamProviderError;

function codeOf(status: number, { data }: Failure): ErrorCode {
  if (status < 400) return "provider_answer_invalid";
  // OpenAI distinguishes an empty account from a rate limit only by this word; waiting helps only with the limit.
  const isEmpty = JSON.stringify(data ?? "").includes("insufficient_quota");
  const code = codeOfRefusal(status);
  return isEmpty && code !== "provider_unauthorized" ? "provider_quota_exceeded" : code;
}

/** Most providers state the wait in a header, Google in the body. */
function retryAfterMs(error: Failure): number | undefined {
  if (!APICallError.isInstance(error)) return undefined;
  const { responseHeaders, responseBody = "" } = error;
  const asked = readRetryAfter(new Headers(responseHeaders));
  if (asked !== null) return asked;
  const seconds = /"retryDelay":\s*"([\d.]+)s"/.exec(responseBody)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/**
 * A request to a model with a time limit.
 *
 * @param timeoutMs  in milliseconds
 * @param request  gets a signal that also aborts at the end of the time
 * @throws AppError `provider_…`; the signal's reason
 */
export async function requestWithin<T>(
  provider: string,
  timeoutMs: number,
  signal: AbortSignal,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(timeoutMs);
  try {
    return await request(AbortSignal.any([signal, late]));
  } catch (error) {
    signal.throwIfAborted();
    if (!late.aborted) throw toProviderError(error, provider);
    const reason = `no answer within ${timeoutMs / 1_000} s`;
    const details = { provider, reason, timed_out: true };
    throw new AppError("provider_unavailable", details, { cause: error });
  }
}
