/**
 * A scripted model that costs little CPU, so that the benchmark measures the servers in front of it.
 * It implements chat completions with prepared frames, prints its port, and is set by `PUT /pace`.
 */
const WORDS =
  "The entropy of a source is the least number of bits, on average, that its messages need. ".match(
    /\S+\s/g,
  )!;

/** `paceMs` 0: the answer is sent at once. Otherwise token n is sent n × `paceMs` after the request. */
export type Pace = { tokens: number; paceMs: number };

let pace: Pace = { tokens: 0, paceMs: 0 };
let frames: Uint8Array[] = [];
let whole = new Uint8Array();
/** Time of the last early disconnect of a reader, in milliseconds since 1970. */
let lastLeftAt = 0;

const text = new TextEncoder();
const headers = { "content-type": "text/event-stream; charset=utf-8" };

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  routes: {
    "/pace": {
      PUT: async (request) => {
        setPace((await request.json()) as Pace);
        return new Response();
      },
    },
    "/last-left-at": () => Response.json(lastLeftAt),
    "/v1/chat/completions": {
      POST: async (request) => {
        await request.text();
        return new Response(pace.paceMs === 0 ? whole : paced(), { headers });
      },
    },
  },
});
console.log(server.port);

function setPace(wanted: Pace): void {
  pace = wanted;
  const words = Array.from({ length: pace.tokens }, (_, n) => WORDS[n % WORDS.length]!);
  const usage = { prompt_tokens: 11, completion_tokens: pace.tokens, total_tokens: pace.tokens };
  frames = [
    frame([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]),
    ...words.map((content) => frame([{ index: 0, delta: { content }, finish_reason: null }])),
    frame([{ index: 0, delta: {}, finish_reason: "stop" }]),
    frame([], usage),
    text.encode("data: [DONE]\n\n"),
  ];
  whole = Buffer.concat(frames);
}

function frame(choices: unknown[], usage?: object): Uint8Array {
  const data = {
    id: "chatcmpl-bench",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "bench",
    service_tier: "default",
    system_fingerprint: "fp_bench",
    choices,
    usage,
  };
  return text.encode(`data: ${JSON.stringify(data)}\n\n`);
}

/** Sends on schedule: tokens delayed by a busy machine are sent together with the next one. */
function paced(): ReadableStream<Uint8Array> {
  const toSend = frames;
  const { paceMs } = pace;
  const began = performance.now();
  let timer: ReturnType<typeof setInterval>;
  let sent = 0;
  return new ReadableStream({
    start(controller) {
      const sendDue = () => {
        const due = Math.min(toSend.length, 2 + Math.floor((performance.now() - began) / paceMs));
        if (due === sent) return;
        controller.enqueue(Buffer.concat(toSend.slice(sent, due)));
        sent = due;
        if (sent < toSend.length) return;
        clearInterval(timer);
        controller.close();
      };
      timer = setInterval(sendDue, paceMs);
      sendDue();
    },
    cancel() {
      lastLeftAt = performance.timeOrigin + performance.now();
      clearInterval(timer);
    },
  });
}
