import {
  dropConnection,
  type HeardWord,
  type Listen,
  receiveSpeech,
  type SpeechUpload,
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
};

const PATH = "/v1/audio/transcriptions";
const DEFAULT_TEXT = "Entropy measures missing information. It grows because mixing is likely.";

/**
 * A server that speaks OpenAI's `/audio/transcriptions`. Faults are taken one for each request, in
 * order; without one it hears `listen`. `uploads` holds what it accepted, in order.
 */
export function startSpeechServer(options: Options = {}) {
  const { apiKey, maxBytes = Number.POSITIVE_INFINITY } = options;
  const { dialect = "words_and_segments", listen = spokenEvenly(DEFAULT_TEXT) } = options;
  const faults: SpeechFault[] = [];
  const uploads: SpeechUpload[] = [];
  const counts = { requests: 0 };

  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 60,
    async fetch(request) {
      if (new URL(request.url).pathname !== PATH) return new Response(null, { status: 404 });
      counts.requests++;
      if (apiKey && request.headers.get("authorization") !== `Bearer ${apiKey}`) {
        return refusal(401, "invalid_api_key");
      }
      const fault = faults.shift();
      if (fault) return failAs(fault, request);

      try {
        const { upload, words } = await receiveSpeech(request, listen);
        if (upload.size_bytes > maxBytes)
          return refusal(413, null, "Maximum content size limit exceeded");
        const verbose = upload.fields.response_format?.[0] === "verbose_json";
        if (verbose && dialect === "refuses_verbose_json") {
          return refusal(
            400,
            "unsupported_value",
            "response_format 'verbose_json' is not compatible",
          );
        }
        uploads.push(upload);
        return Response.json(toAnswer(words, upload, verbose ? dialect : "text"), {
          headers: { "x-request-id": `req_${uploads.length}` },
        });
      } catch (error) {
        return refusal(400, "invalid_audio", String(error));
      }
    },
  });
  return {
    /** With its version, as a base URL is configured. */
    url: `${server.url.origin}/v1`,
    faults,
    uploads,
    counts,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
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

async function failAs(fault: SpeechFault, request: Request): Promise<Response> {
  await request.arrayBuffer();
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
