import {
  dropConnection,
  type Listen,
  type SpeechUpload,
  serveSpeech,
  spokenEvenly,
} from "./speech-upload";

export type ElevenLabsFault =
  | "invalid_api_key"
  | "quota_exceeded"
  | "too_many_concurrent_requests"
  | "system_busy"
  | "field_error"
  | "server_error"
  | "reset"
  | "truncated"
  | "stall"
  | "wrong_schema";

const PATH = "/v1/speech-to-text";
const DEFAULT_TEXT =
  "Entropy measures missing information. (applause) Why does it grow? Because there are more ways to be mixed.";

/**
 * A server that speaks ElevenLabs' speech-to-text protocol: see `serveSpeech`. It hears two
 * speakers, who take turns at each full stop. With `webhook` it works asynchronously: the transcript is
 * fetched by its id.
 */
export function startElevenLabs({
  apiKey = "test-key",
  listen = spokenEvenly(DEFAULT_TEXT),
  hasWebhook = true,
}: {
  apiKey?: string;
  listen?: Listen;
  /** Whether the account has a webhook, which asynchronous work needs. */
  hasWebhook?: boolean;
} = {}) {
  const transcripts = new Map<string, { answer: unknown; ready_at: number }>();
  const polls = { count: 0, faults: [] as Response[], readyAfterMs: 0 };
  const isKnown = (headers: Headers) => headers.get("xi-api-key") === apiKey;
  const server = serveSpeech<ElevenLabsFault>(listen, {
    path: PATH,
    refuseKey: (headers) => (isKnown(headers) ? null : refusal("invalid_api_key")),
    failAs,
    respond: (words, upload) => {
      const answer = toAnswer(words, upload);
      if (upload.fields.webhook?.[0] !== "true") {
        return { response: Response.json(answer), accepted: true };
      }
      if (!hasWebhook) {
        const message = "No webhook is configured for speech to text";
        return {
          response: detail(400, { status: "no_webhooks_configured", message }),
          accepted: false,
        };
      }
      const { transcription_id } = answer;
      transcripts.set(transcription_id, {
        answer,
        ready_at: performance.now() + polls.readyAfterMs,
      });
      const submitted = { message: "accepted", request_id: crypto.randomUUID(), transcription_id };
      return { response: Response.json(submitted), accepted: true };
    },
    answerElse: (request) => {
      const [, id] =
        /^\/v1\/speech-to-text\/transcripts\/([^/]+)$/.exec(new URL(request.url).pathname) ?? [];
      if (!isKnown(request.headers)) return refusal("invalid_api_key");
      polls.count++;
      const fault = polls.faults.shift();
      if (fault) return fault;
      const found = transcripts.get(id ?? "");
      if (!found || performance.now() < found.ready_at) {
        return detail(404, { status: "transcript_not_found", message: "no such transcript" });
      }
      return Response.json(found.answer);
    },
    refuseAudio: (message) => detail(400, { status: "invalid_audio", message }),
  });
  return { ...server, url: server.origin, polls };
}

function toAnswer(heard: Awaited<ReturnType<Listen>>, { fields, duration_ms }: SpeechUpload) {
  const diarized = fields.diarize?.[0] === "true";
  let speaker = 0;
  const words = heard.flatMap(({ text, start_ms, end_ms }, i) => {
    const speaker_id = diarized ? `speaker_${speaker}` : null;
    if (/[.?!]$/.test(text)) speaker = 1 - speaker;
    const type = /^\(.*\)$/.test(text) ? "audio_event" : "word";
    const word = {
      text,
      start: start_ms / 1_000,
      end: end_ms / 1_000,
      type,
      speaker_id,
      logprob: -0.1,
    };
    const next = heard[i + 1];
    if (!next) return [word];
    return [
      word,
      { ...word, text: " ", start: word.end, end: next.start_ms / 1_000, type: "spacing" },
    ];
  });
  return {
    language_code: "eng",
    language_probability: 0.98,
    text: words.map(({ text }) => text).join(""),
    words,
    transcription_id: crypto.randomUUID(),
    audio_duration_secs: duration_ms / 1_000,
  };
}

const detail = (status: number, body: unknown, headers?: Record<string, string>) =>
  Response.json({ detail: body }, { status, headers });

const refusal = (status: "invalid_api_key" | "quota_exceeded") =>
  detail(401, { status, message: `said by the server: ${status}` });

function failAs(fault: ElevenLabsFault): Response | Promise<Response> {
  switch (fault) {
    case "invalid_api_key":
    case "quota_exceeded":
      return refusal(fault);
    case "too_many_concurrent_requests":
      return detail(429, { status: fault, message: "plan limit" }, { "retry-after": "7" });
    case "system_busy":
      return detail(429, { status: fault, message: "try later" });
    case "field_error":
      return detail(422, [
        { loc: ["body", "model_id"], msg: "unknown model", type: "value_error" },
      ]);
    case "reset":
      return dropConnection();
    case "server_error":
      return new Response("<h1>Bad gateway</h1>", { status: 502 });
    case "truncated":
      return new Response('{"language_code":"eng","text":"Entropy mea');
    case "wrong_schema":
      return Response.json({ message: "accepted", request_id: "r1" });
    case "stall":
      return new Promise(() => {});
  }
}
