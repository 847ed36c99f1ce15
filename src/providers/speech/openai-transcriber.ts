import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { AppError } from "../../errors";
import { AUDIO_BYTES_PER_MS } from "../../media/extract-audio";
import type { OnSpawn } from "../../media/ffmpeg";
import { splitAudio } from "../../media/split-audio";
import { normalizeSegments, normalizeWords } from "../../text/transcript";
import type { Speech, Transcriber } from "../transcriber";
import { type Heard, readHeard, readRefusal, refusesTimes } from "./openai-speech-answer";
import { type SpeechAnswer, sendSpeech, toSpeechFailure } from "./speech-request";

export type OpenAITranscriberOptions = {
  /** With its version: `https://api.openai.com/v1`. */
  baseUrl?: string;
  /** Servers of one's own often want none. */
  apiKey?: string;
  model?: string;
  /** Largest file the server takes; by default OpenAI's 25 MB there, elsewhere what a 413 teaches. */
  maxUploadBytes?: number;
  timeoutMs?: number;
  /** Learns of the ffmpeg that cuts long audio. */
  onSpawn?: OnSpawn;
};

const OFFICIAL_URL = "https://api.openai.com/v1";
const OFFICIAL_MAX_BYTES = 25 * 1024 ** 2;

/** MP3 headers and the last frame come on top of the bytes that the length accounts for. */
const HEADER_BYTES = 4_096;

/** Text without times can only be placed by the part it came from, so its parts are short. */
const UNTIMED_PART_MS = 60_000;

/** A server that refuses even this little does not refuse it for its size. */
const SHORTEST_PART_MS = 10_000;

/**
 * Speech to text at OpenAI, or at any server with its `/audio/transcriptions`.
 *
 * What is too large is cut in pauses and put together again with exact times. A server without
 * `verbose_json`, or one that ignores it, gets minutes instead: each becomes one segment.
 */
export function openOpenAITranscriber(options: OpenAITranscriberOptions): Transcriber {
  const server = new Server(options);
  const { provider, model } = server;
  return {
    provider,
    model,
    async transcribe(speech, signal) {
      const heard = await server.hear({ ...speech, start_ms: 0 }, signal);
      const words = heard.flatMap((part) => part.words);
      const request_id = heard.find((part) => part.request_id)?.request_id;
      return {
        provider,
        model,
        language: heard.find((part) => part.language)?.language ?? null,
        segments: normalizeSegments(heard.flatMap((part) => part.segments)),
        ...(words.length > 0 && { words: normalizeWords(words) }),
        usage: { audio_seconds: speech.duration_ms / 1_000 },
        ...(request_id && { request_id }),
      };
    },
  };
}

/** `start_ms` is where it begins in the whole recording. */
type Part = Speech & { start_ms: number };

/** One server, and what its refusals have taught about it. */
class Server {
  readonly provider = "openai";
  readonly model: string;
  readonly #options: OpenAITranscriberOptions;
  readonly #url: string;
  #givesTimes = true;
  #maxPartMs: number;

  constructor(options: OpenAITranscriberOptions) {
    const { baseUrl = OFFICIAL_URL, model = "whisper-1" } = options;
    const official = new URL(baseUrl).hostname === new URL(OFFICIAL_URL).hostname;
    const maxBytes = options.maxUploadBytes ?? (official ? OFFICIAL_MAX_BYTES : Infinity);
    this.model = model;
    this.#options = options;
    this.#url = `${baseUrl.replace(/\/+$/, "")}/audio/transcriptions`;
    this.#maxPartMs = Math.max(SHORTEST_PART_MS, (maxBytes - HEADER_BYTES) / AUDIO_BYTES_PER_MS);
  }

  /** What is heard in one part, in as many requests as the server makes necessary. */
  async hear(part: Part, signal: AbortSignal): Promise<Heard[]> {
    if (part.duration_ms > this.#longestPartMs()) return this.#hearInParts(part, signal);

    const answer = await this.#send(part, signal);
    if (answer.status === 413 && part.duration_ms > SHORTEST_PART_MS) {
      this.#maxPartMs = Math.min(this.#maxPartMs, part.duration_ms / 2);
      return this.hear(part, signal);
    }
    if (this.#givesTimes && refusesTimes(answer)) {
      this.#givesTimes = false;
      return this.hear(part, signal);
    }
    if (answer.status !== 200) throw toFailure(answer);

    const heard = readHeard(answer, part);
    if (!heard.timed) this.#givesTimes = false;
    return part.duration_ms > this.#longestPartMs() ? this.hear(part, signal) : [heard];
  }

  #longestPartMs(): number {
    return this.#givesTimes ? this.#maxPartMs : Math.min(this.#maxPartMs, UNTIMED_PART_MS);
  }

  async #hearInParts(whole: Part, signal: AbortSignal): Promise<Heard[]> {
    const folder = await mkdtemp(join(dirname(whole.path), "parts-"));
    try {
      const { onSpawn } = this.#options;
      const maxPartMs = this.#longestPartMs();
      const parts = await splitAudio(whole, folder, { maxPartMs, signal, onSpawn });
      const heard: Heard[] = [];
      for (const { path, start_ms, end_ms } of parts) {
        const part = { path, start_ms: whole.start_ms + start_ms, duration_ms: end_ms - start_ms };
        heard.push(...(await this.hear(part, signal)));
      }
      return heard;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #send({ path }: Part, signal: AbortSignal): Promise<SpeechAnswer> {
    const { apiKey, timeoutMs } = this.#options;
    return sendSpeech({
      provider: this.provider,
      url: this.#url,
      headers: apiKey ? { authorization: `Bearer ${apiKey}` } : {},
      fields: [["model", this.model], ...(this.#givesTimes ? TIMED : UNTIMED)],
      path,
      signal,
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

function toFailure(answer: SpeechAnswer): AppError {
  const { code, message } = readRefusal(answer);
  const errorCode = code === "insufficient_quota" ? "provider_quota_exceeded" : undefined;
  return toSpeechFailure(answer, { errorCode, message });
}
