import { untilRead } from "./waiting";

/** What goes wrong with the next answer for a page. */
export type GeminiFault =
  /** An HTTP error as Google words it. */
  | { kind: "status"; status: number; retryAfterSeconds?: number }
  /** The answer is withheld by a safety filter, as a finish reason or already for the prompt. */
  | { kind: "safety" | "prompt_blocked" }
  /** JSON that is not what the schema asks for, or no JSON at all. */
  | { kind: "mismatch" | "prose" }
  /** The connection breaks in the middle of the answer. */
  | { kind: "cut" }
  /** The answer has no token counts. */
  | { kind: "uncounted" }
  /** Silence until the client goes away. */
  | { kind: "stall" }
  /** The answer comes when this is settled. */
  | { kind: "late"; until: Promise<unknown> };

export type SlideRequest = {
  page_number: number;
  prompt: string;
  image: Uint8Array;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the client sent
  body: any;
};

/**
 * A server that speaks Gemini's `generateContent` on loopback and describes slides from the text that
 * comes with the picture, so that what was said of a page can be told from what was said of another.
 *
 * ```ts
 * await using gemini = startGemini();
 * gemini.faults.set(7, [{ kind: "status", status: 429, retryAfterSeconds: 3 }]);
 * gemini.paceMs = 50;              // how long it looks at a page
 * gemini.requests.length;          // how many were asked for
 * gemini.described.get(7);         // how often a whole description of page 7 was sent
 * ```
 */
export function startGemini(): Gemini {
  return new Gemini();
}

export class Gemini {
  readonly requests: SlideRequest[] = [];
  readonly described = new Map<number, number>();
  /** By page; each fault strikes once, in order. */
  readonly faults = new Map<number, GeminiFault[]>();
  paceMs = 0;
  /** Answers every request with 503. */
  isDown = false;
  /** Answers under way now, the most there ever were, and those whose reader went away. */
  open = 0;
  mostOpen = 0;
  aborted = 0;
  /** What the model says, from the text of a page. */
  describe: (page_number: number, text: string) => object = describeSlide;

  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) => this.#answer(request),
  });

  /** The base URL, `/v1beta` included. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/v1beta`;
  }

  /** Settles when this many requests have come. */
  async asked(count: number): Promise<void> {
    while (this.requests.length < count) await Bun.sleep(2);
  }

  /** The next answer for each of these pages has the same fault. */
  spoil(from: number, to: number, fault: GeminiFault): void {
    for (let page = from; page <= to; page++) this.faults.set(page, [fault]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    if (!/^\/v1beta\/models\/[\w.-]+:generateContent$/.test(new URL(request.url).pathname)) {
      return failure(404);
    }
    const slide = toSlideRequest(await request.json());
    this.requests.push(slide);
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    try {
      if (this.isDown) return failure(503);
      if (this.paceMs > 0) await Bun.sleep(this.paceMs);
      return await this.#describe(slide, request.signal);
    } finally {
      this.open -= 1;
      if (request.signal.aborted) this.aborted += 1;
    }
  }

  async #describe({ page_number, prompt }: SlideRequest, gone: AbortSignal): Promise<Response> {
    const fault = this.faults.get(page_number)?.shift();
    const text = /<text_layer>\n([\s\S]*?)\n?<\/text_layer>/.exec(prompt)?.[1] ?? "";
    const answer = JSON.stringify(this.describe(page_number, text));
    switch (fault?.kind) {
      case "status":
        return failure(fault.status, fault.retryAfterSeconds);
      case "safety":
        return Response.json(generated(null, "SAFETY"));
      case "prompt_blocked":
        return Response.json({ promptFeedback: { blockReason: "SAFETY" }, usageMetadata: USAGE });
      case "mismatch":
        return Response.json(generated(JSON.stringify({ titel: "Entropie" })));
      case "prose":
        return Response.json(generated("The slide shows a graph."));
      case "cut":
        return cutOff(JSON.stringify(generated(answer)));
      case "stall":
        await new Promise((resolve) => gone.addEventListener("abort", resolve));
        return failure(499);
      case "late":
        await fault.until;
    }
    if (!gone.aborted) this.described.set(page_number, (this.described.get(page_number) ?? 0) + 1);
    const whole = generated(answer);
    return Response.json(
      fault?.kind === "uncounted" ? { ...whole, usageMetadata: undefined } : whole,
    );
  }
}

/** The figure's words stand on no page: only who used the model's answer can find them. */
function describeSlide(page_number: number, text: string): object {
  const [title = "", ...lines] = text.split("\n").filter(Boolean);
  return {
    title,
    statement: lines.join(" "),
    figures: [`A sketch of zebrafish number ${page_number}`],
    tables: ["| kind | bits |\n| --- | --- |\n| coin | 1 |"],
    formulas: [`H_{${page_number}} = -\\sum p \\log p`],
    key_terms: ["entropy", `term${page_number}`],
    language: "en",
  };
}

const USAGE = { promptTokenCount: 1_000, candidatesTokenCount: 100, totalTokenCount: 1_100 };

function generated(text: string | null, finishReason = "STOP"): object {
  const content = { role: "model", parts: text === null ? [] : [{ text }] };
  return { candidates: [{ index: 0, content, finishReason }], usageMetadata: USAGE };
}

function failure(status: number, retryAfterSeconds?: number): Response {
  const error = { code: status, message: `The test server answers ${status}`, status: "UNKNOWN" };
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  return Response.json({ error }, { status, headers });
}

function cutOff(json: string): Response {
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode(json.slice(0, json.length / 2)));
      await untilRead(); // what was said so far must have been heard before the connection breaks
      controller.error(); // with an Error, Bun would print it
    },
  });
  return new Response(stream, { headers: { "content-type": "application/json" } });
}

// biome-ignore lint/suspicious/noExplicitAny: a request is whatever the client sent
function toSlideRequest(body: any): SlideRequest {
  const parts: { text?: string; inlineData?: { data: string } }[] = body.contents.at(-1).parts;
  const prompt = parts.map(({ text }) => text ?? "").join("");
  const image = Buffer.from(
    parts.find((part) => part.inlineData)?.inlineData?.data ?? "",
    "base64",
  );
  return { page_number: Number(/Slide (\d+) of/.exec(prompt)?.[1]), prompt, image, body };
}
