import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { AppError } from "../../errors";
import { AUDIO_BYTES_PER_MS } from "../../media/extract-audio";
import type { OnSpawn } from "../../media/ffmpeg";
import { splitAudio } from "../../media/split-audio";
import { normalizeSegments, normalizeWords } from "../../text/transcript/transcript";
import { type PaidCalls, UNRECORDED } from "../paid-calls";
import type { SpeechFile, Transcriber } from "../transcriber";
import { type PartTranscript, readPartTranscript } from "./openai-speech-response";
import { isRefusal, longestAcceptedPart, readRefusal, refusesTimes } from "./speech-refusal";
import { type SpeechResponse, sendSpeech, toSpeechFailure } from "./speech-request";
import { toPromptTerms } from "./term-limits";

export type OpenAITranscriberOptions = {
  /** With its version: `https://api.openai.com/v1`. */
  baseUrl?: string;
  /** Self-hosted servers often need none. */
  apiKey?: string;
  model?: string;
  /** Largest file in bytes; by default OpenAI's 25 MB there, elsewhere learned from refusals. */
  maxUploadBytes?: number;
  timeoutMs?: number;
  /** Receives the ffmpeg process that cuts long audio. */
  onSpawn?: OnSpawn;
};

const PROVIDER = "openai";
/** A server of one's own: its outages are not those of OpenAI. */
const SPEECH_SERVER = "speech_server";
const OFFICIAL_URL = "https://api.openai.com/v1";
const OFFICIAL_MAX_BYTES = 25 * 1024 ** 2;

/** MP3 headers and the last frame are not included in bytes per millisecond. */
const HEADER_BYTES = 4_096;

/** Text without times gets the times of its part, so the parts are short. */
const UNTIMED_PART_MS = 60_000;

/** A server that refuses even this little has another reason than the size. */
const SHORTEST_PART_MS = 10_000;

/** The capabilities of a server. */
type ServerTraits = { maxPartMs: number; givesTimes: boolean };

/**
 * Speech to text at OpenAI, or at any server with its `/audio/transcriptions`.
 *
 * Audio that is too large or too long is cut in pauses, and the transcripts are joined with exact
 * times. A server without times gets parts of a minute instead: each becomes one segment. A limit
 * is remembered for the next lecture only when a whole lecture confirmed it.
 */
export function openOpenAITranscriber(options: OpenAITranscriberOptions): Transcriber {
  const { baseUrl = OFFICIAL_URL, model = "whisper-1" } = options;
  const official = new URL(baseUrl).hostname === new URL(OFFICIAL_URL).hostname;
  const maxBytes = options.maxUploadBytes ?? (official ? OFFICIAL_MAX_BYTES : Infinity);
  const target = {
    ...options,
    model,
    service: official ? PROVIDER : SPEECH_SERVER,
    url: `${baseUrl.replace(/\/+$/, "")}/audio/transcriptions`,
  };
  let traits: ServerTraits = {
    maxPartMs: Math.max(SHORTEST_PART_MS, (maxBytes - HEADER_BYTES) / AUDIO_BYTES_PER_MS),
    givesTimes: true,
  };

  return {
    provider: PROVIDER,
    model,
    service: target.service,
    isFree: options.apiKey === undefined,
    async transcribe(speech, signal, calls = UNRECORDED) {
      const terms = toPromptTerms(speech.terms ?? []);
      const run = new TranscriptionRun(target, traits, terms, signal, calls);
      const parts = await run.transcribe({ ...speech, start_ms: 0 });
      traits = run.confirmedTraits();
      const words = parts.flatMap((part) => part.words);
      const request_id = parts.find((part) => part.request_id)?.request_id;
      return {
        provider: PROVIDER,
        model,
        language: parts.find((part) => part.language)?.language ?? null,
        segments: normalizeSegments(parts.flatMap((part) => part.segments)),
        ...(words.length > 0 && { words: normalizeWords(words) }),
        usage: { audio_seconds: speech.duration_ms / 1_000 },
        ...(request_id && { request_id }),
      };
    },
  };
}

/** `start_ms` is the position of the part in the whole recording. */
type SpeechFilePart = SpeechFile & { start_ms: number };
type Target = OpenAITranscriberOptions & { url: string; model: string; service: string };

/** The transcription of one lecture, and the capabilities of the server that its responses have shown. */
class TranscriptionRun {
  readonly #target: Target;
  readonly #signal: AbortSignal;
  readonly #calls: PaidCalls;
  /** Sent as the prompt of each part; empty once the server refused the prompt. */
  #terms: readonly string[];
  #maxPartMs: number;
  /** False once the server refused the request for times. */
  #asksForTimes: boolean;
  #timedResponses = 0;
  #untimedResponses = 0;

  constructor(
    target: Target,
    traits: ServerTraits,
    terms: readonly string[],
    signal: AbortSignal,
    calls: PaidCalls,
  ) {
    this.#target = target;
    this.#terms = terms;
    this.#signal = signal;
    this.#calls = calls;
    this.#maxPartMs = traits.maxPartMs;
    this.#asksForTimes = traits.givesTimes;
  }

  /** Transcribes one part, in as many requests as the server makes necessary. */
  async transcribe(part: SpeechFilePart): Promise<PartTranscript[]> {
    const longestMs = this.#asksForTimes
      ? this.#maxPartMs
      : Math.min(this.#maxPartMs, UNTIMED_PART_MS);
    if (part.duration_ms > longestMs) return this.#transcribeInParts(part, longestMs);

    const transcript = await this.#buy(part);
    if (transcript === "adapted") return this.transcribe(part);
    if (transcript.timed) this.#timedResponses++;
    else this.#untimedResponses++;
    if (transcript.timed || part.duration_ms <= UNTIMED_PART_MS) return [transcript];
    // The later parts request times again: one response without times proves little about the server.
    return this.#transcribeInParts(part, Math.min(this.#maxPartMs, UNTIMED_PART_MS));
  }

  /** Sends one part; `adapted` when the refusal states a limit that a changed request respects. */
  async #buy(part: SpeechFilePart): Promise<PartTranscript | "adapted"> {
    const { service, model, apiKey } = this.#target;
    const isFree = apiKey === undefined;
    const terms = this.#terms;
    const usage = {
      audio_seconds: part.duration_ms / 1_000,
      ...(terms.length > 0 && { key_terms: terms.length }),
    };
    let refusal: SpeechResponse | undefined;
    try {
      const call = {
        service,
        model,
        isFree,
        unit: `at:${Math.round(part.start_ms)}`,
        terms,
        estimate: usage,
      };
      return await this.#calls.run(call, async () => {
        const response = await this.#send(part);
        if (!isRefusal(response)) return { result: readPartTranscript(response, part), usage };
        refusal = response;
        throw toFailure(response);
      });
    } catch (error) {
      if (refusal && this.#adaptTo(refusal, part)) return "adapted";
      throw error;
    }
  }

  /** Records a limit, or missing support for times, from a refusal; true if a changed request can succeed. */
  #adaptTo(refusal: SpeechResponse, part: SpeechFilePart): boolean {
    const acceptedMs = longestAcceptedPart(refusal, part.duration_ms);
    if (acceptedMs !== null && part.duration_ms > SHORTEST_PART_MS) {
      this.#maxPartMs = Math.max(SHORTEST_PART_MS, Math.min(this.#maxPartMs, acceptedMs));
      return true;
    }
    if (this.#terms.length > 0 && refusesPrompt(refusal)) {
      this.#terms = [];
      return true;
    }
    if (!this.#asksForTimes || !refusesTimes(refusal)) return false;
    this.#asksForTimes = false;
    return true;
  }

  /** Traits for the next lecture. A single response without times can be an accident. */
  confirmedTraits(): ServerTraits {
    const neverTimed = this.#untimedResponses > 1 && this.#timedResponses === 0;
    return { maxPartMs: this.#maxPartMs, givesTimes: this.#asksForTimes && !neverTimed };
  }

  async #transcribeInParts(whole: SpeechFilePart, maxPartMs: number): Promise<PartTranscript[]> {
    const folder = await mkdtemp(join(dirname(whole.path), "parts-"));
    try {
      const { onSpawn } = this.#target;
      const options = { maxPartMs, signal: this.#signal, onSpawn };
      const transcripts: PartTranscript[] = [];
      for (const { path, start_ms, end_ms } of await splitAudio(whole, folder, options)) {
        const part = { path, start_ms: whole.start_ms + start_ms, duration_ms: end_ms - start_ms };
        transcripts.push(...(await this.transcribe(part)));
      }
      return transcripts;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #send({ path }: SpeechFilePart): Promise<SpeechResponse> {
    const { url, model, apiKey, timeoutMs } = this.#target;
    return sendSpeech({
      provider: PROVIDER,
      url,
      headers: apiKey ? { authorization: `Bearer ${apiKey}` } : {},
      fields: [
        ["model", model],
        ...(this.#terms.length > 0 ? [["prompt", this.#terms.join(", ")] as const] : []),
        ...(this.#asksForTimes ? TIMED : UNTIMED),
      ],
      path,
      signal: this.#signal,
      timeoutMs,
    });
  }
}

const TIMED = [
  ["response_format", "verbose_json"],
  ["timestamp_granularities[]", "word"],
  ["timestamp_granularities[]", "segment"],
] as const;
const UNTIMED = [["response_format", "json"]] as const;

/** Such as a model that separates speakers. */
function refusesPrompt(response: SpeechResponse): boolean {
  const { message = "", code = "" } = readRefusal(response);
  return [400, 422].includes(response.status) && /\bprompt\b/i.test(`${code} ${message}`);
}

function toFailure(response: SpeechResponse): AppError {
  const refusal = readRefusal(response);
  const isEmpty = refusal.code === "insufficient_quota";
  return toSpeechFailure(response, {
    ...refusal,
    ...(isEmpty && { errorCode: "provider_quota_exceeded" as const }),
  });
}
