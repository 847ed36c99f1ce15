import type { z } from "zod";
import { AppError, type ErrorCode } from "../../errors";
import { readRetryAfter } from "../../media/fetch/retry-after";
import { parseJson } from "../../text/parse-json";
import { codeOfRefusal, withoutSecrets } from "../refusal";
import { type MultipartField, multipart } from "./multipart";

/** Services transcribe an hour of audio in minutes; a request that lasts longer is lost. */
export const TIMEOUT_MS = 30 * 60_000;

export type SpeechRequest = {
  provider: string;
  url: string;
  headers: Record<string, string>;
  fields: readonly MultipartField[];
  /** Path of an MP3. */
  path: string;
  signal: AbortSignal;
  timeoutMs?: number;
};

/** A response of any status, with its whole body. */
export type SpeechResponse = { provider: string; status: number; headers: Headers; body: string };

/**
 * Uploads one audio file and waits for the whole response. The body of a refusal is returned
 * without the secrets of the request.
 *
 * @throws the signal's reason when aborted; AppError `provider_unavailable` when no response came
 */
export async function sendSpeech(request: SpeechRequest): Promise<SpeechResponse> {
  const file = { field: "file", path: request.path, filename: "audio.mp3", type: "audio/mpeg" };
  return fetchSpeech(request, await multipart(request.fields, file));
}

/**
 * Sends a request to a speech server, a GET without `upload`, and waits for the whole response.
 *
 * @throws as `sendSpeech`
 */
export async function fetchSpeech(
  request: Omit<SpeechRequest, "fields" | "path">,
  upload?: Awaited<ReturnType<typeof multipart>>,
): Promise<SpeechResponse> {
  const { provider, url, signal, timeoutMs = TIMEOUT_MS } = request;
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: upload ? "POST" : "GET",
      headers: { ...request.headers, ...upload?.headers },
      ...(upload && { body: upload.body }),
      signal: AbortSignal.any([signal, deadline]),
      timeout: false, // `deadline` counts instead: Bun's own timeout is shorter
      redirect: "manual", // the key is for this host alone
    });
    const { status } = response;
    const text = await response.text();
    const content = status === 200 ? text : withoutSecrets(text, request.headers);
    return { provider, status, headers: response.headers, body: content };
  } catch (error) {
    signal.throwIfAborted();
    const reason = deadline.aborted ? "timeout" : (error as NodeJS.ErrnoException).code;
    const details = { provider, reason, ...(deadline.aborted && { timed_out: true }) };
    throw new AppError("provider_unavailable", details, { cause: error });
  }
}

/** @throws AppError `provider_answer_invalid` when the body is cut off or has another structure */
export function parseBody<T>(schema: z.ZodType<T>, { provider, body }: SpeechResponse): T {
  const json = parseJson(body);
  if (json === undefined) {
    throw new AppError("provider_answer_invalid", { provider, reason: "not JSON" });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const fields = result.error.issues
    .slice(0, 5)
    .map(({ path, code }) => `${path.join(".")}: ${code}`);
  throw new AppError("provider_answer_invalid", { provider, fields });
}

/**
 * Converts a refusal into our error, with the provider's own message for the reader.
 *
 * @param errorCode  where the provider's code is more exact than the HTTP status
 */
export function toSpeechFailure(
  { provider, status, headers }: SpeechResponse,
  { message, code, errorCode }: { message?: string; code?: string; errorCode?: ErrorCode },
): AppError {
  const retry_after_ms = readRetryAfter(headers);
  const text = message?.slice(0, MAX_MESSAGE_CHARS);
  const statusCode = status === 200 ? "provider_answer_invalid" : codeOfRefusal(status);
  return new AppError(errorCode ?? statusCode, {
    provider,
    status,
    ...(text && { message: code ? `${text} (code ${code.slice(0, 60)})` : text }),
    ...(retry_after_ms !== null && { retry_after_ms }),
  });
}

const MAX_MESSAGE_CHARS = 300;
