import { join } from "node:path";
import type { Line, Worker } from "tesseract.js";

/** The words of a picture. */
export type OcrText = {
  /** Empty when the picture has no words. */
  text: string;
  /** The line in the largest type, or a short first line. */
  title: string | null;
};

/** Recognizes the text of page images, one at a time. Disposing it frees 200 MB. */
export interface Ocr extends AsyncDisposable {
  /**
   * @param image  a JPEG or PNG
   * @throws the signal's reason when it aborts; any other error means that this picture cannot be read
   */
  read(image: Uint8Array, signal: AbortSignal): Promise<OcrText>;
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
      const reading = worker.recognize(Buffer.from(image), {}, { text: true, blocks: true });
      const { data } = await Promise.race([reading, stopped.promise]);
      const lines = (data.blocks ?? []).flatMap(({ paragraphs }) =>
        paragraphs.flatMap((paragraph) => paragraph.lines),
      );
      return { text: data.text, title: findTitle(lines) };
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

/** Letters must be this much higher than those of the median line. */
const TITLE_HEIGHT = 1.2;
const MAX_TITLE_CHARACTERS = 100;
/** Of 100. Lines below it are guesses at drawings and logos. */
const MIN_CONFIDENCE = 60;

type OcrLine = Pick<Line, "text" | "confidence" | "bbox">;

function findTitle(all: OcrLine[]): string | null {
  const lines = all
    .filter(({ text, confidence }) => confidence >= MIN_CONFIDENCE && /\p{L}{2}/u.test(text))
    .map(({ text, bbox }) => ({ text: text.trim(), height: bbox.y1 - bbox.y0, top: bbox.y0 }))
    .sort((a, b) => a.top - b.top);
  if (lines.length === 0) return null;
  const heights = lines.map(({ height }) => height).sort((a, b) => a - b);
  const median = heights[Math.floor((heights.length - 1) / 2)]!;
  const largest = lines.toSorted((a, b) => b.height - a.height || a.top - b.top)[0]!;
  const first = lines[0]!;
  const isShort = ({ text }: { text: string }) => text.length <= MAX_TITLE_CHARACTERS;
  if (largest.height >= median * TITLE_HEIGHT && isShort(largest)) return largest.text;
  return lines.length > 1 && isShort(first) && !/[.,;:]$/.test(first.text) ? first.text : null;
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
