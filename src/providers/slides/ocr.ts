import { join } from "node:path";
import type { Worker } from "tesseract.js";

/** Recognizes the text of page images, one at a time. Disposing it frees 200 MB. */
export interface Ocr extends AsyncDisposable {
  /**
   * @param image  a JPEG or PNG
   * @returns the text; empty when the image has no text
   * @throws the signal's reason when it aborts; any other error means that this image cannot be read
   */
  read(image: Uint8Array, signal: AbortSignal): Promise<string>;
}

/** Opens the OCR; its engine starts with the first image. */
export type OpenOcr = () => Ocr;

/** A slide takes one second; an image that takes this long is not text. */
const TIMEOUT_MS = 60_000;

/**
 * Tesseract, if the optional packages `tesseract.js` and `@tesseract.js-data/eng` are installed; else null.
 */
export function findOcr(): OpenOcr | null {
  try {
    Bun.resolveSync("tesseract.js", import.meta.dir);
    // This 3 MB model reads slides as well as the one with 11 MB.
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
      void stop(); // the engine cannot be interrupted, only terminated
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
  // The language data is in its package, so nothing is downloaded or written.
  return createWorker("eng", OEM.LSTM_ONLY, {
    langPath,
    cacheMethod: "none",
    gzip: true,
    errorHandler: () => {}, // without it a failed picture ends the process
  });
}
