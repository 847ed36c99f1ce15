import { toModelName } from "../../db/jobs/provider-calls";
import { AppError, isRetryable } from "../../errors";
import { pause } from "../../pause";
import { inCallSpan } from "../../providers/call-span";
import type {
  ChatModel,
  LanguageModelV4,
  ModelCallOptions,
  ModelPart,
  StreamParts,
} from "../../providers/chat/chat-model";
import { toProviderError } from "../../providers/provider-error";

/** A model that sends nothing for this long is treated as gone, even if its connection is open. */
const SILENCE_MS = 180_000;
/** Longest pause before the second attempt, because a reader waits. */
const MAX_RETRY_AFTER_MS = 5_000;
const RETRY_AFTER_MS = 300;

/**
 * Calls a model. A retryable failure before the first part gets a second attempt. A failure after it
 * does not, because the reader would see the beginning twice.
 *
 * Parts go to a callback instead of a generator: passing each part through generators was most of the
 * cost of a fast model.
 *
 * @throws AppError `provider_…`; the signal's reason when it was aborted
 */
export async function streamModel(
  { model, streamParts = streamOf(model), name, onCall }: ChatModel,
  options: ModelCallOptions,
  onPart: (part: ModelPart) => void,
  signal: AbortSignal,
): Promise<void> {
  let started = false;
  const receive = (part: ModelPart) => {
    if (part.type === "error") throw toModelError(part.error, name);
    if (part.type === "stream-start" || part.type === "response-metadata") return;
    started = true;
    onPart(part);
  };
  for (let attempt = 1; ; attempt += 1) {
    const startedAt = performance.now();
    const report = (outcome: "ok" | "error" | "lost", error_code: string | null) => {
      const seconds = (performance.now() - startedAt) / 1_000;
      const call = { ...toModelName(name), purpose: "chat", outcome, error_code };
      onCall?.({ ...call, seconds, usage: {} });
    };
    try {
      const { provider, model: id } = toModelName(name);
      await inCallSpan("chat", provider, id, () =>
        readParts(streamParts, options, receive, signal),
      );
      return report("ok", null);
    } catch (thrown) {
      if (signal.aborted) report("lost", null);
      else report("error", codeOf(toProviderError(thrown, name)));
      signal.throwIfAborted();
      const error = toProviderError(thrown, name);
      if (started || attempt > 1 || !isRetryable(error)) throw error;
      await pauseBeforeRetry(error, signal);
    }
  }
}

const codeOf = (error: unknown) => (error instanceof AppError ? error.errorCode : "internal");

/** Providers report failures during an answer as errors of any shape, or as other values. */
function toModelError(reported: unknown, name: string): unknown {
  const error = toProviderError(reported, name);
  return error instanceof AppError ? error : new AppError("chat_failed", {}, { cause: error });
}

/** A failure or an abort closes the model's connection at once. */
async function readParts(
  streamParts: StreamParts,
  options: ModelCallOptions,
  onPart: (part: ModelPart) => void,
  signal: AbortSignal,
): Promise<void> {
  const call = new AbortController();
  let lastPartAt = performance.now();
  const onAbort = () => call.abort(signal.reason);
  signal.addEventListener("abort", onAbort);
  const silenceCheck = setInterval(() => {
    if (performance.now() - lastPartAt < SILENCE_MS) return;
    call.abort(new AppError("provider_unavailable", { silent_ms: SILENCE_MS }));
  }, 5_000);

  try {
    signal.throwIfAborted();
    await streamParts({ ...options, abortSignal: call.signal }, (part) => {
      if (call.signal.aborted) throw call.signal.reason;
      lastPartAt = performance.now();
      onPart(part);
    });
    call.signal.throwIfAborted();
  } catch (error) {
    // A stream that is cancelled reports errors of its own.
    const reason = call.signal.aborted ? call.signal.reason : error;
    call.abort(reason);
    throw reason;
  } finally {
    clearInterval(silenceCheck);
    signal.removeEventListener("abort", onAbort);
  }
}

/** The stream of a model without a stream of its own. */
const streamOf =
  (model: LanguageModelV4): StreamParts =>
  async (options, onPart) => {
    const { stream } = await model.doStream(options);
    const reader = stream.getReader();
    // Also ends a stream that ignores its signal.
    const cancel = () => void reader.cancel().catch(() => {});
    options.abortSignal?.addEventListener("abort", cancel, { once: true });
    if (options.abortSignal?.aborted) cancel();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onPart(value);
    }
  };

async function pauseBeforeRetry(error: unknown, signal: AbortSignal): Promise<void> {
  const requested = error instanceof AppError ? error.details.retry_after_ms : undefined;
  const ms = typeof requested === "number" ? requested : RETRY_AFTER_MS;
  if (ms > MAX_RETRY_AFTER_MS) throw error;
  await pause(ms, signal);
}
