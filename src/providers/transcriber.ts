import type { Transcript } from "../text/transcript";

/** Sound as `extractAudio` makes it: a mono MP3 of a length that was measured. */
export type Speech = { path: string; duration_ms: number };

export type Transcription = Transcript & {
  provider: string;
  model: string;
  /** What is billed. */
  usage: { audio_seconds: number };
  /** The provider's name for this call, for a question to its support. */
  request_id?: string;
};

/** Turns one sound file into timed text. Implementations: `elevenlabs.ts`, `openai-transcriber.ts`. */
export interface Transcriber {
  /** Both are stored beside every transcript, so a result can be traced to what made it. */
  readonly provider: string;
  readonly model: string;

  /**
   * Times lie inside the sound, whole milliseconds from its start.
   *
   * @param speech  stays as it is; parts of it may be put beside it, in a folder that the caller removes
   * @param signal  stops the upload and the wait for a result
   * @throws AppError `provider_unauthorized`, `provider_quota_exceeded`, `provider_request_refused`;
   *   to be tried again: `provider_rate_limited` (with `retry_after_ms`, when the provider says),
   *   `provider_busy`, `provider_unavailable`, `provider_answer_invalid`
   */
  transcribe(speech: Speech, signal: AbortSignal): Promise<Transcription>;
}
