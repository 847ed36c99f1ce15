import { z } from "zod";
import { AppError, type ErrorCode } from "../../errors";
import { pause } from "../../pause";
import { toLanguageTag } from "../../text/language-tag";
import { parseJson } from "../../text/parse-json";
import { joinUnspaced } from "../../text/transcript/join-unspaced";
import { normalizeWords, segmentsFromWords, type Word } from "../../text/transcript/transcript";
import { type CallReceipt, type CallUsage, type PaidCalls, UNRECORDED } from "../paid-calls";
import type { SpeechFile, Transcriber, Transcription } from "../transcriber";
import { EntryText, placeSpans, Time } from "./span-times";
import { isRefusal, readRefusal } from "./speech-refusal";
import {
  fetchSpeech,
  parseBody,
  type SpeechResponse,
  sendSpeech,
  TIMEOUT_MS,
  toSpeechFailure,
} from "./speech-request";
import { toKeyterms } from "./term-limits";

export type ElevenLabsOptions = {
  apiKey: string;
  /** Without a path. */
  baseUrl?: string;
  model?: string;
  /** For the upload, and for the transcription of asynchronous work. */
  timeoutMs?: number;
  /** Pause between two polls of asynchronous work. */
  pollMs?: number;
};

const Entry = z.object({
  text: EntryText,
  type: z.enum(["word", "spacing", "audio_event"]).catch("word"),
  start: Time,
  end: Time,
  speaker_id: z.string().nullish().catch(null),
});
const Body = z.object({
  language_code: z.string().nullish().catch(null),
  transcription_id: z.string().nullish().catch(null),
  audio_duration_secs: z.number().nonnegative().nullish().catch(null),
  text: z.string().nullish().catch(null),
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

/** The answer to asynchronous work; the transcript is fetched under this id. */
const Submitted = z.object({ transcription_id: z.string().min(1) });
/** An answer of a poll, while the transcript is not ready. */
const Unfinished = z.object({ status: z.enum(["queued", "pending", "processing", "in_progress"]) });

/**
 * ElevenLabs' Scribe: a time for every word, speakers, and laughter and applause as events.
 *
 * The work is submitted with `webhook`, so that ElevenLabs answers with an id at once. The id is stored
 * and polled, also after a restart, so that no lecture is paid for twice. Where the account has no
 * webhook, or the server does not know the field, the transcript is the answer of the same request.
 */
export function openElevenLabs({
  apiKey,
  baseUrl = "https://api.elevenlabs.io",
  model = "scribe_v1",
  timeoutMs = TIMEOUT_MS,
  pollMs = 3_000,
}: ElevenLabsOptions): Transcriber {
  const provider = "elevenlabs";
  const url = new URL("/v1/speech-to-text", baseUrl).href;
  const headers = { "xi-api-key": apiKey };
  const isFree = apiKey === "";
  let isAsynchronous = true;

  const send = ({ path, terms = [] }: SpeechFile, signal: AbortSignal) =>
    sendSpeech({
      provider,
      url,
      headers,
      fields: [
        ["model_id", model],
        ["diarize", "true"],
        ["tag_audio_events", "true"],
        ["timestamps_granularity", "word"],
        ...terms.map((term) => ["keyterms", term] as const),
        ...(isAsynchronous ? ([["webhook", "true"]] as const) : []),
      ],
      path,
      signal,
      timeoutMs,
    });

  const submit = async (speech: SpeechFile, signal: AbortSignal): Promise<SpeechResponse> => {
    const response = await send(speech, signal);
    if (!isAsynchronous || !refusesWebhook(response)) return response;
    isAsynchronous = false;
    return send(speech, signal);
  };

  const poll = async (id: string, signal: AbortSignal): Promise<SpeechResponse> => {
    const request = {
      provider,
      url: `${url}/transcripts/${encodeURIComponent(id)}`,
      headers,
      signal,
      timeoutMs: POLL_TIMEOUT_MS,
    };
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const response = await fetchSpeech(request);
      if (!isUnfinished(response)) return response;
      if (performance.now() > deadline) {
        const reason = `the transcript ${id} was not ready in time`;
        throw new AppError("provider_unavailable", { provider, reason, timed_out: true });
      }
      await pause(pollMs, signal);
    }
  };

  const request = async (
    speech: SpeechFile,
    signal: AbortSignal,
    { request_id, submitted }: CallReceipt,
  ): Promise<SpeechResponse> => {
    if (request_id !== null) return poll(request_id, signal);
    const response = await submit(speech, signal);
    const known = Submitted.safeParse(parseJson(response.body));
    const hasWords = Body.safeParse(parseJson(response.body)).success;
    if (response.status >= 300 || hasWords || !known.success) return response;
    await submitted(known.data.transcription_id);
    return poll(known.data.transcription_id, signal);
  };

  /** Null when the service refuses the key terms, such as a model that does not know them. */
  const buy = async (
    speech: SpeechFile,
    signal: AbortSignal,
    calls: PaidCalls,
  ): Promise<Transcription | null> => {
    const { terms = [], duration_ms } = speech;
    const estimate = toUsage(duration_ms / 1_000, terms);
    let refusesTerms = false;
    try {
      return await calls.run(
        { service: provider, model, isFree, terms, estimate },
        async (receipt) => {
          const response = await request(speech, signal, receipt);
          if (isRefusal(response)) {
            refusesTerms = terms.length > 0 && refusesKeyterms(response);
            throw toFailure(response);
          }
          const result = { provider, model, ...toTranscription(parseBody(Body, response), speech) };
          return { result, usage: toUsage(result.usage.audio_seconds, terms) };
        },
      );
    } catch (error) {
      if (refusesTerms) return null;
      throw error;
    }
  };

  return {
    provider,
    model,
    service: provider,
    isFree,
    async transcribe(speech, signal, calls = UNRECORDED) {
      const terms = toKeyterms(speech.terms ?? []);
      const primed = await buy({ ...speech, terms }, signal, calls);
      return primed ?? (await buy({ ...speech, terms: [] }, signal, calls))!;
    },
  };
}

/** Key terms have a surcharge for the whole audio. */
const toUsage = (audio_seconds: number, terms: readonly string[]): CallUsage =>
  terms.length === 0
    ? { audio_seconds }
    : { audio_seconds, primed_audio_seconds: audio_seconds, key_terms: terms.length };

const POLL_TIMEOUT_MS = 60_000;

/** ElevenLabs states no status for a transcript that is not ready; it answers 404 before it exists. */
function isUnfinished({ status, body }: SpeechResponse): boolean {
  if ([202, 404, 425].includes(status)) return true;
  return status === 200 && Unfinished.safeParse(parseJson(body)).success;
}

/** Without a webhook in the account's settings, or on a server that does not know the field. */
function refusesWebhook(response: SpeechResponse): boolean {
  const { message = "", code = "" } = readRefusal(response);
  return [400, 404, 409, 422].includes(response.status) && /webhook/i.test(`${code} ${message}`);
}

/** The name of the field is in the message, the code or the list of invalid fields. */
const refusesKeyterms = ({ status, body }: SpeechResponse): boolean =>
  [400, 403, 422].includes(status) && /key[_ ]?terms?/i.test(body.slice(0, 2_000));

function toTranscription(
  {
    language_code,
    transcription_id,
    audio_duration_secs,
    text,
    words: entries,
  }: z.infer<typeof Body>,
  { duration_ms }: SpeechFile,
): Omit<Transcription, "provider" | "model"> {
  const words = normalizeWords(toWords(entries, duration_ms));
  const untimed = words.length === 0 ? (text?.trim() ?? "") : "";
  return {
    language: toLanguageTag(language_code),
    segments:
      untimed === ""
        ? segmentsFromWords(words)
        : [{ start_ms: 0, end_ms: duration_ms, text: untimed }],
    words,
    usage: { audio_seconds: audio_duration_secs ?? duration_ms / 1_000 },
    ...(transcription_id && { request_id: transcription_id }),
  };
}

/** Words with their times. Spaces are separate entries; their times limit the words beside them. */
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
