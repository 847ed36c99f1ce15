import {
  dropConnection,
  type HeardWord,
  type Listen,
  type SpeechUpload,
  serveSpeech,
  spokenEvenly,
} from "./speech-upload";

export type SpeechFault =
  | "unauthorized"
  | "insufficient_quota"
  | "rate_limited"
  | "server_error"
  | "bad_audio"
  | "reset"
  | "truncated"
  | "wrong_schema"
  | "stall";

/** What servers of this protocol do differently. */
export type SpeechDialect =
  /** OpenAI's whisper-1: words and segments. */
  | "words_and_segments"
  /** Words with `segments: []`. */
  | "words"
  | "segments"
  /** Ignores `verbose_json`. */
  | "text"
  /** Answers 400 to `verbose_json`, like OpenAI's newer models. */
  | "refuses_verbose_json";

type Options = {
  /** Unset: any key, or none, will do. */
  apiKey?: string;
  dialect?: SpeechDialect;
  listen?: Listen;
  /** A larger file is answered 413. */
  maxBytes?: number;
  /** The server's own refusal of an upload; null accepts it. */
  refuse?: (upload: SpeechUpload) => Response | null;
};

const PATH = "/v1/audio/transcriptions";
const DEFAULT_TEXT = "Entropy measures missing information. It grows because mixing is likely.";

/**
 * A server that speaks OpenAI's `/audio/transcriptions`: see `serveSpeech`. `uploads` holds what it
 * accepted, in order.
 */
export function startSpeechServer(options: Options = {}) {
  const { apiKey, maxBytes = Number.POSITIVE_INFINITY, refuse } = options;
  const { dialect = "words_and_segments", listen = spokenEvenly(DEFAULT_TEXT) } = options;
  let accepted = 0;
  const server = serveSpeech<SpeechFault>(listen, {
    path: PATH,
    refuseKey: (headers) =>
      apiKey && headers.get("authorization") !== `Bearer ${apiKey}`
        ? refusal(401, "invalid_api_key")
        : null,
    failAs,
    respond: (words, upload) => {
      const limit = exceededLimit(upload);
      if (limit) return { response: limit, accepted: false };
      const verbose = upload.fields.response_format?.[0] === "verbose_json";
      if (verbose && dialect === "refuses_verbose_json") {
        const message = "response_format 'verbose_json' is not compatible";
        return { response: refusal(400, "unsupported_value", message), accepted: false };
      }
      const headers = { "x-request-id": `req_${++accepted}` };
      const body = toAnswer(words, upload, verbose ? dialect : "text");
      return { response: Response.json(body, { headers }), accepted: true };
    },
    refuseAudio: (message) => refusal(400, "invalid_audio", message),
  });
  /** With its version, as a base URL is configured. */
  return { ...server, url: `${server.origin}/v1` };

  function exceededLimit(upload: SpeechUpload): Response | null {
    if (upload.size_bytes > maxBytes) {
      return refusal(413, null, "Maximum content size limit exceeded");
    }
    return refuse?.(upload) ?? null;
  }
}

function toAnswer(
  heard: HeardWord[],
  { fields, duration_ms }: SpeechUpload,
  dialect: SpeechDialect,
) {
  const text = heard.map((word) => word.text).join(" ");
  if (dialect === "text") return { text };

  const asked = fields["timestamp_granularities[]"] ?? [];
  const seconds = ({ start_ms, end_ms }: HeardWord) => ({
    start: start_ms / 1_000,
    end: end_ms / 1_000,
  });
  const words = heard.map((word) => ({ word: word.text, ...seconds(word) }));
  const segments = toSentences(heard).map((words, id) => ({
    id,
    text: ` ${words.map((word) => word.text).join(" ")}`,
    start: words[0]!.start_ms / 1_000,
    end: words.at(-1)!.end_ms / 1_000,
  }));
  return {
    task: "transcribe",
    language: "english",
    duration: duration_ms / 1_000,
    text,
    ...(asked.includes("word") && dialect !== "segments" && { words }),
    segments: asked.includes("segment") && dialect !== "words" ? segments : [],
  };
}

function toSentences(words: HeardWord[]): HeardWord[][] {
  const sentences: HeardWord[][] = [];
  let open = false;
  for (const word of words) {
    if (open) sentences.at(-1)!.push(word);
    else sentences.push([word]);
    open = !/[.?!]$/.test(word.text);
  }
  return sentences;
}

const refusal = (status: number, code: string | null, message = `said by the server: ${code}`) =>
  Response.json({ error: { message, code, type: "invalid_request_error" } }, { status });

function failAs(fault: SpeechFault): Response | Promise<Response> {
  switch (fault) {
    case "unauthorized":
      return refusal(401, "invalid_api_key");
    case "insufficient_quota":
      return refusal(429, fault);
    case "rate_limited":
      return new Response("slow down", { status: 429, headers: { "retry-after": "2" } });
    case "server_error":
      return new Response("<h1>Bad gateway</h1>", { status: 502 });
    case "bad_audio":
      return Response.json({ error: "cannot decode this audio" }, { status: 400 });
    case "reset":
      return dropConnection();
    case "truncated":
      return new Response('{"text":"Entropy mea');
    case "wrong_schema":
      return Response.json({ status: "queued" });
    case "stall":
      return new Promise(() => {});
  }
}
