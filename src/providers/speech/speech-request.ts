import type { z } from "zod";
import { AppError, type ErrorCode } from "../../errors";
import { readRetryAfter } from "../../media/fetch/retry-after";
import { codeOfRefusal } from "../refusal";
import { type MultipartField, multipart } from "./multipart";

/** Services work through an hour of sound in minutes; beyond this nobody is working any more. */
const TIMEOUT_MS = 30 * 60_000;

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

/** An answer that was read to its end, whatever its status. */
export type SpeechAnswer = { provider: string; status: number; headers: Headers; body: string };

/**
 * Uploads one sound file and waits for the whole answer.
 *
 * @throws the signal's reason when aborted; AppError `provider_unavailable` when no answer came
 */
export async function sendSpeech(request: SpeechRequest): Promise<SpeechAnswer> {
  const { provider, url, path, signal, timeoutMs = TIMEOUT_MS } = request;
  const file = { field: "file", path, filename: "audio.mp3", type: "audio/mpeg" };
  const { headers, body } = await multipart(request.fields, file);
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...request.headers, ...headers },
      body,
      signal: AbortSignal.any([signal, deadline]),
      timeout: false, // the deadline above is ours; Bun's own would cut a server that thinks long
      redirect: "manual", // the key is for this host alone
    });
    const { status } = response;
    return { provider, status, headers: response.headers, body: await response.text() };
  } catch (error) {
    signal.throwIfAborted();
    const reason = deadline.aborted ? "timeout" : (error as NodeJS.ErrnoException).code;
    throw new AppError("provider_unavailable", { provider, reason }, { cause: error });
  }
}

/** @throws AppError `provider_answer_invalid` for an answer that is cut off or not what was agreed */
export function readAnswer<T>(schema: z.ZodType<T>, { provider, body }: SpeechAnswer): T {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch (error) {
    throw new AppError(
      "provider_answer_invalid",
      { provider, reason: "not JSON" },
      { cause: error },
    );
  }
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const fields = result.error.issues
    .slice(0, 5)
    .map(({ path, code }) => `${path.join(".")}: ${code}`);
  throw new AppError("provider_answer_invalid", { provider, fields });
}

/** The parsed body; undefined when it is not JSON, as an answer that was cut off is not. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/**
 * The error that a refusal means.
 *
 * @param errorCode  where the provider's own word for its reason is more exact than the status
 * @param message    what the provider said, for the log
 */
export function toSpeechFailure(
  { provider, status, headers }: SpeechAnswer,
  { errorCode, message }: { errorCode?: ErrorCode; message?: string },
): AppError {
  const retry_after_ms = readRetryAfter(headers);
  return new AppError(errorCode ?? codeOfRefusal(status), {
    provider,
    status,
    ...(message && { message: message.slice(0, 300) }),
    ...(retry_after_ms !== null && { retry_after_ms }),
  });
}
