import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";

/** A speech request as a server understands it, after parsing the multipart body for real. */
export type SpeechUpload = {
  headers: Headers;
  /** Repeated fields keep their order: `timestamp_granularities[]`. */
  fields: Record<string, string[]>;
  size_bytes: number;
  /** Of the file that arrived. */
  sha256: string;
  /** As ffprobe measures what arrived. */
  duration_ms: number;
};

export type HeardWord = { text: string; start_ms: number; end_ms: number };

/** Listens to the file that arrived; it is gone when this returns. */
export type Listen = (
  path: string,
  duration_ms: number,
  fields: SpeechUpload["fields"],
) => HeardWord[] | Promise<HeardWord[]>;

/**
 * Takes an upload apart and listens to its sound. Rejects a body that is not multipart or whose
 * file is not sound, as the real services do.
 */
export async function receiveSpeech(request: Request, listen: Listen) {
  const form = await request.formData();
  const fields: Record<string, string[]> = {};
  let file: File | undefined;
  for (const [name, value] of form.entries()) {
    if (typeof value === "string") (fields[name] ??= []).push(value);
    else if (name === "file") file = value;
  }
  if (!file) throw new Error("no file");

  const folder = await mkdtemp(join(tmpdir(), "speech-server-"));
  try {
    const path = join(folder, file.name);
    await Bun.write(path, file);
    const length =
      await $`ffprobe -v error -show_entries format=duration -of csv=p=0 ${path}`.text();
    const duration_ms = Math.round(Number(length) * 1_000);
    const sha256 = new Bun.CryptoHasher("sha256").update(await file.bytes()).digest("hex");
    const upload = {
      headers: request.headers,
      fields,
      size_bytes: file.size,
      sha256,
      duration_ms,
    };
    return { upload, words: await listen(path, duration_ms, fields) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A protocol of speech to text, as `serveSpeech` needs it. `F` names its faults. */
type SpeechProtocol<F> = {
  path: string;
  /** The refusal of a request without the right key. */
  refuseKey(headers: Headers): Response | null;
  failAs(fault: F): Response | Promise<Response>;
  /** Answers an upload that was understood; only what it accepts is listed in `uploads`. */
  respond(words: HeardWord[], upload: SpeechUpload): { response: Response; accepted: boolean };
  refuseAudio(reason: string): Response;
  /** Answers requests to other paths, such as for a transcript by its id. */
  answerElse?(request: Request): Response;
};

/**
 * Serves a speech-to-text protocol over HTTP. Faults are taken one for each request, in order, then
 * `responses`; without either it hears `listen`.
 */
export function serveSpeech<F extends string>(listen: Listen, protocol: SpeechProtocol<F>) {
  const faults: F[] = [];
  /** Bodies to answer with instead of what `listen` hears: a value as JSON, or a whole response. */
  const responses: unknown[] = [];
  const uploads: SpeechUpload[] = [];
  const counts = { requests: 0 };

  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 60,
    async fetch(request) {
      if (new URL(request.url).pathname !== protocol.path) {
        return protocol.answerElse?.(request) ?? new Response(null, { status: 404 });
      }
      counts.requests++;
      const refusal = protocol.refuseKey(request.headers);
      if (refusal) return refusal;
      const fault = faults.shift();
      if (fault !== undefined) {
        await request.arrayBuffer();
        return protocol.failAs(fault);
      }
      try {
        const { upload, words } = await receiveSpeech(request, listen);
        const planned = responses.shift();
        if (planned !== undefined) {
          return planned instanceof Response ? planned : Response.json(planned);
        }
        const { response, accepted } = protocol.respond(words, upload);
        if (accepted) uploads.push(upload);
        return response;
      } catch (error) {
        return protocol.refuseAudio(String(error));
      }
    },
  });
  return {
    origin: server.url.origin,
    faults,
    responses,
    uploads,
    counts,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** Recognises the same text in any audio: its words are spread evenly, with small gaps. */
export function spokenEvenly(text: string): Listen {
  const words = text.split(/\s+/);
  return (_path, duration_ms) => {
    const each = duration_ms / words.length;
    return words.map((word, i) => ({
      text: word,
      start_ms: Math.round(i * each),
      end_ms: Math.round((i + 0.8) * each),
    }));
  };
}

/**
 * Recognises the text, but mishears the terms that the request does not list as `keyterms` or in its
 * `prompt`.
 *
 * @param misheard  what it recognises instead, by term
 */
export function mishearing(text: string, misheard: Record<string, string>): Listen {
  return (path, duration_ms, { keyterms = [], prompt = [] }) => {
    const primed = new Set(
      [...keyterms, ...prompt.flatMap((list) => list.split(","))].map((term) =>
        term.trim().toLowerCase(),
      ),
    );
    const heard = text.replace(/[\p{L}-]+/gu, (word) =>
      primed.has(word.toLowerCase()) ? word : (misheard[word] ?? word),
    );
    return spokenEvenly(heard)(path, duration_ms, {});
  };
}

/** An answer that announces more than it sends: the line drops in its middle. */
export function dropConnection(): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue("{");
      controller.error();
    },
  });
  return new Response(body, { headers: { "content-length": "1000" } });
}
