import { join } from "node:path";
import type { Worker } from "tesseract.js";

/** Reads the words off pictures of pages, one at a time. Disposing of it frees its 200 MB. */
export interface Ocr extends AsyncDisposable {
  /**
   * @param image  a JPEG or PNG
   * @returns the text, empty when there is none to read
   * @throws the signal's reason when it aborts; any other error means that this picture defeats it
   */
  read(image: Uint8Array, signal: AbortSignal): Promise<string>;
}

/** Opens the reader; its engine starts with the first picture. */
export type OpenOcr = () => Ocr;

/** A slide takes a second; a picture that takes this long is not text. */
const TIMEOUT_MS = 60_000;

/**
 * Tesseract, where somebody installed the optional packages `tesseract.js` and
 * `@tesseract.js-data/eng`; null elsewhere.
 */
export function findOcr(): OpenOcr | null {
  try {
    Bun.resolveSync("tesseract.js", import.meta.dir);
    // 3 MB that read slides as well as the large model's 11.
    const language = Bun.resolveSync("@tesseract.js-data/eng/package.json", import.meta.dir);
    return () => openTesseract(join(language, "..", "4.0.0_best_int"));
  } catch {
    return null;
  }
}

function openTesseract(languageFolder: string): Ocr {
  let engine: Promise<Worker> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const stop = async () => {
    const stopping = engine;
    engine = undefined;
    await (await stopping?.catch(() => undefined))?.terminate();
  };
  const recognize = async (image: Uint8Array, signal: AbortSignal) => {
    signal.throwIfAborted();
    engine ??= startEngine(languageFolder);
    const worker = await engine;
    signal.throwIfAborted();
    const ended = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const stopped = Promise.withResolvers<never>();
    const onEnd = () => {
      void stop(); // the engine cannot be interrupted, only ended
      stopped.reject(ended.reason);
    };
    ended.addEventListener("abort", onEnd, { once: true });
    try {
      const { data } = await Promise.race([worker.recognize(Buffer.from(image)), stopped.promise]);
      return data.text;
    } finally {
      ended.removeEventListener("abort", onEnd);
    }
  };

  return {
    read: (image, signal) => {
      const text = turn.then(() => recognize(image, signal));
      turn = text.catch(() => {});
      return text;
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function startEngine(langPath: string): Promise<Worker> {
  const { createWorker, OEM } = await import("tesseract.js");
  // Nothing is fetched and nothing is written: the language lies in its package.
  return createWorker("eng", OEM.LSTM_ONLY, {
    langPath,
    cacheMethod: "none",
    gzip: true,
    errorHandler: () => {}, // without it a failed picture ends the process
  });
}
