import { z } from "zod";
import type { AppError, ErrorCode } from "../../errors";
import { toLanguageTag } from "../../text/language-tag";
import { normalizeWords, segmentsFromWords, type Word } from "../../text/transcript";
import type { Speech, Transcriber, Transcription } from "../transcriber";
import {
  parseJson,
  readAnswer,
  type SpeechAnswer,
  sendSpeech,
  toSpeechFailure,
} from "./speech-request";

export type ElevenLabsOptions = {
  apiKey: string;
  /** Without a path. */
  baseUrl?: string;
  model?: string;
  timeoutMs?: number;
};

/** Its times are finer than ours: seconds, as floating point numbers. */
const Answer = z.object({
  language_code: z.string().nullish(),
  transcription_id: z.string().nullish(),
  audio_duration_secs: z.number().nonnegative().nullish(),
  words: z.array(
    z.object({
      text: z.string(),
      type: z.enum(["word", "spacing", "audio_event"]).catch("word"),
      start: z.number().nullish(),
      end: z.number().nullish(),
      speaker_id: z.string().nullish(),
    }),
  ),
});
type Answer = z.infer<typeof Answer>;

/** One failure has one shape, a broken field another. */
const Refusal = z.object({
  detail: z.union([
    z.object({ status: z.string().optional(), message: z.string().optional() }),
    z.array(z.object({ msg: z.string() })),
  ]),
});

/** Its word for a reason decides where the same status means different things: 401, 429. */
const REASONS: Record<string, ErrorCode> = {
  invalid_api_key: "provider_unauthorized",
  quota_exceeded: "provider_quota_exceeded",
  too_many_concurrent_requests: "provider_rate_limited",
  system_busy: "provider_busy",
};

/** ElevenLabs' Scribe: every word timed, speakers told apart, laughter and applause as events. */
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
      const answer = await sendSpeech({
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
      if (answer.status !== 200) throw toFailure(answer);
      return { provider, model, ...toTranscription(readAnswer(Answer, answer), speech) };
    },
  };
}

function toTranscription(
  answer: Answer,
  { duration_ms }: Speech,
): Omit<Transcription, "provider" | "model"> {
  const words = normalizeWords(toWords(answer.words, duration_ms));
  const { transcription_id } = answer;
  return {
    language: toLanguageTag(answer.language_code),
    segments: segmentsFromWords(words),
    words,
    usage: { audio_seconds: answer.audio_duration_secs ?? duration_ms / 1_000 },
    ...(transcription_id && { request_id: transcription_id }),
  };
}

/** Spaces between words come as words of their own. One without a time begins where the last ended. */
function toWords(words: Answer["words"], duration_ms: number): Word[] {
  let last_ms = 0;
  return words
    .filter(({ type }) => type !== "spacing")
    .map(({ text, type, start, end, speaker_id }) => {
      const start_ms = start == null ? last_ms : Math.min(start * 1_000, duration_ms);
      last_ms = end == null ? start_ms : Math.min(end * 1_000, duration_ms);
      return {
        start_ms,
        end_ms: last_ms,
        text,
        ...(speaker_id && { speaker: speaker_id }),
        ...(type === "audio_event" && { kind: type }),
      };
    });
}

function toFailure(answer: SpeechAnswer): AppError {
  const detail = Refusal.safeParse(parseJson(answer.body)).data?.detail;
  if (Array.isArray(detail)) return toSpeechFailure(answer, { message: detail[0]?.msg });
  return toSpeechFailure(answer, {
    errorCode: REASONS[detail?.status ?? ""],
    message: detail?.message,
  });
}
