import { AppError, isRetryable } from "../../errors";
import type { ChatModel, LanguageModelV4 } from "../../providers/chat/chat-model";
import { toProviderError } from "../../providers/provider-error";

export type CallOptions = Parameters<LanguageModelV4["doStream"]>[0];
type Streamed = Awaited<ReturnType<LanguageModelV4["doStream"]>>["stream"];
export type ModelPart = Streamed extends ReadableStream<infer Part> ? Part : never;

/** A model that says nothing for so long has gone away, whatever its connection claims. */
const SILENCE_MS = 180_000;
/** We wait no longer than this for a second attempt; a reader is waiting. */
const MAX_RETRY_AFTER_MS = 5_000;
const RETRY_AFTER_MS = 300;

/**
 * One call of a model, tried a second time when it fails in a way that may pass before it said
 * anything. Nobody hears a sentence begin twice.
 *
 * Parts go to a function and not through a generator: at the speed of a fast model, handing them
 * from one generator to the next was most of the cost.
 *
 * @throws AppError `provider_…`; the signal's reason when it was aborted
 */
export async function streamModel(
  { model, name }: ChatModel,
  options: CallOptions,
  hear: (part: ModelPart) => void,
  signal: AbortSignal,
): Promise<void> {
  let started = false;
  const hearPart = (part: ModelPart) => {
    if (part.type === "error") throw toModelError(part.error, name);
    if (part.type === "stream-start" || part.type === "response-metadata") return;
    started = true;
    hear(part);
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readParts(model, options, hearPart, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toProviderError(thrown, name);
      if (started || attempt > 1 || !isRetryable(error)) throw error;
      await pause(error, signal);
    }
  }
}

/** Providers report what goes wrong in mid-answer as errors of any shape, or as no errors at all. */
function toModelError(reported: unknown, name: string): unknown {
  const error = toProviderError(reported, name);
  return error instanceof AppError ? error : new AppError("chat_failed", {}, { cause: error });
}

/** A failure, or the signal, closes the model's socket at once. */
async function readParts(
  model: LanguageModelV4,
  options: CallOptions,
  hear: (part: ModelPart) => void,
  signal: AbortSignal,
): Promise<void> {
  const call = new AbortController();
  let heardAt = performance.now();
  let reader: ReadableStreamDefaultReader<ModelPart> | undefined;
  const giveUp = (reason: unknown) => {
    call.abort(reason);
    // A stream that does not listen to its signal ends all the same.
    void reader?.cancel(reason).catch(() => {});
  };
  const onAbort = () => giveUp(signal.reason);
  signal.addEventListener("abort", onAbort);
  const watch = setInterval(() => {
    if (performance.now() - heardAt < SILENCE_MS) return;
    giveUp(new AppError("provider_unavailable", { silent_ms: SILENCE_MS }));
  }, 5_000);

  try {
    signal.throwIfAborted();
    const { stream } = await model.doStream({ ...options, abortSignal: call.signal });
    reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      call.signal.throwIfAborted();
      if (done) return;
      heardAt = performance.now();
      hear(value);
    }
  } catch (error) {
    giveUp(error);
    throw error;
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", onAbort);
  }
}

async function pause(error: unknown, signal: AbortSignal): Promise<void> {
  const asked = error instanceof AppError ? error.details.retry_after_ms : undefined;
  const ms = typeof asked === "number" ? asked : RETRY_AFTER_MS;
  if (ms > MAX_RETRY_AFTER_MS) throw error;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
