import {
  APICallError,
  EmptyResponseBodyError,
  InvalidResponseDataError,
  JSONParseError,
  NoContentGeneratedError,
  NoOutputGeneratedError,
  RetryError,
  StreamProviderError,
  TypeValidationError,
} from "ai";
import { AppError } from "../errors";

/**
 * Translates what the AI SDK throws, or sends as an `error` part, into our own errors.
 *
 * Aborts, errors that are ours already and mistakes of our own code come back as they are.
 *
 * @param provider who was asked, for the log: `openai:gpt-5-mini`
 */
export function toProviderError(error: unknown, provider: string): unknown {
  if (RetryError.isInstance(error)) return toProviderError(error.lastError, provider);

  const fail = (code: ProviderErrorCode, details: Record<string, unknown> = {}) =>
    new AppError(code, { provider, ...details }, { cause: error });

  if (APICallError.isInstance(error) || StreamProviderError.isInstance(error)) {
    const { statusCode: status, message } = error;
    // No status: never connected. A retryable 200: the connection broke while the answer came.
    if (status === undefined || (status < 400 && error.isRetryable)) {
      return fail("provider_unavailable", { reason: message.slice(0, 300) });
    }
    const code = codeOf(status, error);
    const retry_after_ms = code === "provider_rate_limited" ? retryAfterMs(error) : undefined;
    const timing = retry_after_ms === undefined ? {} : { retry_after_ms };
    return fail(code, { status, message: message.slice(0, 300), ...timing });
  }
  if (UNUSABLE_ANSWERS.some((kind) => kind.isInstance(error))) {
    return fail("provider_answer_invalid", { reason: String(error).slice(0, 300) });
  }
  return error;
}

type ProviderErrorCode =
  | "provider_unauthorized"
  | "provider_quota_exceeded"
  | "provider_rate_limited"
  | "provider_unavailable"
  | "provider_answer_invalid"
  | "provider_request_refused";

type Failure = APICallError | StreamProviderError;

const UNUSABLE_ANSWERS = [
  EmptyResponseBodyError,
  InvalidResponseDataError,
  JSONParseError,
  NoContentGeneratedError,
  NoOutputGeneratedError,
  TypeValidationError,
];

function codeOf(status: number, { data }: Failure): ProviderErrorCode {
  if (status < 400) return "provider_answer_invalid";
  if (status === 401 || status === 403) return "provider_unauthorized";
  // OpenAI tells an empty account from a busy minute only by this word; waiting cures one of them.
  if (status === 402 || JSON.stringify(data ?? "").includes("insufficient_quota")) {
    return "provider_quota_exceeded";
  }
  if (status === 429) return "provider_rate_limited";
  if (status === 408 || status === 409 || status >= 500) return "provider_unavailable";
  return "provider_request_refused";
}

/** How long the provider asks us to wait: OpenAI says it in headers, Google in the body. */
function retryAfterMs(error: Failure): number | undefined {
  if (!APICallError.isInstance(error)) return undefined;
  const { responseHeaders: headers = {}, responseBody = "" } = error;

  const [ms, seconds] = [Number(headers["retry-after-ms"]), Number(headers["retry-after"])];
  if (ms > 0) return ms;
  if (seconds > 0) return seconds * 1_000;

  const date = Date.parse(headers["retry-after"] ?? "");
  if (date > Date.now()) return date - Date.now();

  const googleSeconds = /"retryDelay":\s*"([\d.]+)s"/.exec(responseBody)?.[1];
  return googleSeconds === undefined ? undefined : Number(googleSeconds) * 1_000;
}
