import { z } from "zod";
import type { AppError, ErrorCode } from "../../errors";
import { joinUnspaced } from "../../text/join-unspaced";
import { toLanguageTag } from "../../text/language-tag";
import { normalizeWords, segmentsFromWords, type Word } from "../../text/transcript";
import type { Speech, Transcriber, Transcription } from "../transcriber";
import { placeSpans, Time } from "./span-times";
import { isRefusal, readRefusal } from "./speech-refusal";
import { parseBody, type SpeechResponse, sendSpeech, toSpeechFailure } from "./speech-request";

export type ElevenLabsOptions = {
  apiKey: string;
  /** Without a path. */
  baseUrl?: string;
  model?: string;
  timeoutMs?: number;
};

const Entry = z.object({
  text: z.string(),
  type: z.enum(["word", "spacing", "audio_event"]).catch("word"),
  start: Time,
  end: Time,
  speaker_id: z.string().nullish().catch(null),
});
const Body = z.object({
  language_code: z.string().nullish(),
  transcription_id: z.string().nullish(),
  audio_duration_secs: z.number().nonnegative().nullish().catch(null),
  words: z.array(Entry),
});
type Entry = z.infer<typeof Entry>;

/** These codes of ElevenLabs are more exact than the HTTP status (401, 429). */
const REASONS: Record<string, ErrorCode> = {
  invalid_api_key: "provider_unauthorized",
  quota_exceeded: "provider_quota_exceeded",
  too_many_concurrent_requests: "provider_rate_limited",
  system_busy: "provider_busy",
};

/** ElevenLabs' Scribe: a time for every word, speakers, and laughter and applause as events. */
export function openElevenLabs({
  apiKey,
  baseUrl = "https://api.elevenlabs.io",
  model = "scribe_v1",
  timeoutMs,
}: ElevenLabsOptions): Transcriber {
  const provider = "elevenlabs";
  return {
    provider,
    model,
    async transcribe(speech, signal) {
      const response = await sendSpeech({
        provider,
        url: new URL("/v1/speech-to-text", baseUrl).href,
        headers: { "xi-api-key": apiKey },
        fields: [
          ["model_id", model],
          ["diarize", "true"],
          ["tag_audio_events", "true"],
          ["timestamps_granularity", "word"],
        ],
        path: speech.path,
        signal,
        timeoutMs,
      });
      if (isRefusal(response)) throw toFailure(response);
      return { provider, model, ...toTranscription(parseBody(Body, response), speech) };
    },
  };
}

function toTranscription(
  { language_code, transcription_id, audio_duration_secs, words: entries }: z.infer<typeof Body>,
  { duration_ms }: Speech,
): Omit<Transcription, "provider" | "model"> {
  const words = normalizeWords(toWords(entries, duration_ms));
  return {
    language: toLanguageTag(language_code),
    segments: segmentsFromWords(words),
    words,
    usage: { audio_seconds: audio_duration_secs ?? duration_ms / 1_000 },
    ...(transcription_id && { request_id: transcription_id }),
  };
}

/** Words with their times. Spaces are entries of their own, whose times bound the words beside them. */
function toWords(entries: readonly Entry[], duration_ms: number): Word[] {
  const times = placeSpans(entries, duration_ms);
  return joinUnspaced(
    entries.map(({ text, type, speaker_id }, i) => {
      if (type === "spacing") return null;
      return {
        ...(times?.[i] ?? { start_ms: 0, end_ms: duration_ms }),
        text,
        ...(speaker_id && { speaker: speaker_id }),
        ...(type === "audio_event" && { kind: type }),
      };
    }),
  );
}

function toFailure(response: SpeechResponse): AppError {
  const refusal = readRefusal(response);
  return toSpeechFailure(response, { ...refusal, errorCode: REASONS[refusal.code ?? ""] });
}
