import type { Transcript } from "../text/transcript/transcript";
import type { PaidCalls } from "./paid-calls";

/** Audio as `extractAudio` writes it: a mono MP3 with its measured duration. */
export type SpeechFile = {
  path: string;
  duration_ms: number;
  /** Terms that the speech probably contains, the most important first; as many as the service accepts are sent. */
  terms?: readonly string[] | undefined;
};

export type Transcription = Transcript & {
  provider: string;
  model: string;
  /** The billed seconds. */
  usage: { audio_seconds: number };
  /** The provider's id of this call, for questions to its support. */
  request_id?: string;
};

/** Transcribes one audio file to timed text. Implementations: `elevenlabs.ts`, `openai-transcriber.ts`. */
export interface Transcriber {
  /** Provider and model are stored with each transcript, so its origin can be traced. */
  readonly provider: string;
  readonly model: string;
  /** The service that answers, as receipts, circuit breakers and limits name it. */
  readonly service: string;
  /** The server needs no key, so its answers cost nothing. */
  readonly isFree: boolean;

  /**
   * Times are whole milliseconds from the start of the audio.
   *
   * @param speech  is not changed; parts of it are written to its folder, which the caller removes
   * @param signal  cancels the upload and the wait for the result
   * @param calls  records each request that costs money
   * @throws AppError `provider_unauthorized`, `provider_quota_exceeded`, `provider_request_refused`;
   *   retryable: `provider_rate_limited` (with `retry_after_ms`, if the provider states it),
   *   `provider_busy`, `provider_unavailable`, `provider_answer_invalid`
   */
  transcribe(speech: SpeechFile, signal: AbortSignal, calls?: PaidCalls): Promise<Transcription>;
}
