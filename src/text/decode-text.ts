import { AppError } from "../errors";
import { TRANSCRIPT_KINDS } from "./transcript/transcript-kinds";

const BYTE_ORDER_MARKS = [
  [0xff, 0xfe, "utf-16le"],
  [0xfe, 0xff, "utf-16be"],
] as const;
/** The part of a file without a byte order mark that is examined for UTF-16. */
const SAMPLE_BYTES = 1_000;
/** The times of one cue have more bytes 0 in UTF-16; a few can be damage. */
const MIN_ZEROS = 16;
/** Western text has fewer letters with accents than this share; other alphabets have only those. */
const MAX_ACCENTED_SHARE = 0.3;

/**
 * The text of a file: by its byte order mark, else by the named charset, else as UTF-8 or UTF-16.
 * Files of old tools are read in the charset that their letters show, else as Windows-1252, the superset of Latin-1,
 * where that gives plausible text: a wrong guess would store wrong letters.
 *
 * @param charset  from the content type; unknown names are ignored
 * @returns the text, and a warning where the file is not what it should be
 * @throws AppError `transcript_invalid` when the text cannot be read, `content_type_invalid` for
 *   binary files
 */
export function decodeText(
  bytes: Uint8Array,
  charset?: string,
): { text: string; warning?: string } {
  const named = utf16Of(bytes) ?? knownCharset(charset) ?? "utf-8";
  const text = decode(bytes, named, true);
  if (text !== null) return { text: assertText(text) };

  const mended = decode(bytes, "utf-8", false)!;
  if (isMostlyUtf8(mended)) {
    return { text: assertText(mended), warning: "some bytes are not UTF-8: they are shown as �" };
  }
  const detected = detectCharset(bytes);
  const foreign = detected && decode(bytes, detected, true);
  if (foreign) {
    return {
      text: assertText(foreign),
      warning: `the file is not UTF-8: it is read as ${detected}`,
    };
  }
  const western = assertText(decode(bytes, "windows-1252", false)!);
  if (isWestern(western)) {
    return { text: western, warning: "the file is not UTF-8: it is read as Windows-1252" };
  }
  const problems = [{ line: 1, message: `not ${named} text: save the file as UTF-8` }];
  throw new AppError("transcript_invalid", { problems });
}

/** The part of a file whose letters are counted. */
const COUNTED_BYTES = 16_000;
/** Fewer bytes beyond ASCII decide nothing. */
const MIN_FOREIGN_BYTES = 6;
/** Of 100; a short text has less. */
const MIN_CONFIDENCE = 30;
/** How much more likely than the second charset the first must be. */
const MIN_LEAD = 1.5;

/** The charset in which the letters of a text are as frequent as in its language; undefined where several are likely. */
function detectCharset(bytes: Uint8Array): string | undefined {
  const counted = bytes.subarray(0, COUNTED_BYTES);
  if (counted.filter((byte) => byte > 0x7f).length < MIN_FOREIGN_BYTES) return undefined;
  // Loaded by the first such file: most starts do not need its tables.
  const { analyse } = require("chardet") as typeof import("chardet");
  const [best, second] = analyse(counted);
  if (!best || best.confidence < MIN_CONFIDENCE) return undefined;
  return best.confidence >= (second?.confidence ?? 0) * MIN_LEAD ? best.name : undefined;
}

function decode(bytes: Uint8Array, charset: string, fatal: boolean): string | null {
  try {
    return new TextDecoder(charset as Bun.Encoding, { fatal }).decode(bytes);
  } catch {
    return null;
  }
}

function knownCharset(charset: string | undefined): string | null {
  return charset && decode(new Uint8Array(), charset, false) !== null ? charset : null;
}

/** By the mark, or because the times and line breaks of captions have a 0 in every second byte. */
function utf16Of(bytes: Uint8Array): string | null {
  const marked = BYTE_ORDER_MARKS.find(
    ([first, second]) => bytes[0] === first && bytes[1] === second,
  );
  if (marked) return marked[2];
  const zeros = [0, 0];
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  sample.forEach((byte, i) => {
    if (byte === 0) zeros[i % 2]!++;
  });
  const enough = Math.max(MIN_ZEROS, sample.length / 50);
  // Some Chinese characters have a 0 as well, in the other byte.
  if (zeros[1]! > enough && zeros[1]! > zeros[0]! * 4) return "utf-16le";
  return zeros[0]! > enough && zeros[0]! > zeros[1]! * 4 ? "utf-16be" : null;
}

/** One bad byte in a file with other characters beyond ASCII is damage, not another charset. */
function isMostlyUtf8(mended: string): boolean {
  const broken = mended.match(/\ufffd/g)?.length ?? 0;
  const whole = mended.match(/[^\0-\x7f\ufffd]/gu)?.length ?? 0;
  return whole > broken;
}

function isWestern(text: string): boolean {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const accented = text.match(/[\u00c0-\u024f]/gu)?.length ?? 0;
  return accented <= letters * MAX_ACCENTED_SHARE;
}

/** Text holds no control characters besides line breaks and tabs. */
function assertText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they show that a file is binary
  if (/[\x01-\x08]/.test(text.slice(0, 100_000))) throw notATranscript();
  return text;
}

/** The advice for a file in an unknown format. */
export function notATranscript(): AppError {
  return new AppError("content_type_invalid", {
    message:
      `This is not a transcript with times. Send ${TRANSCRIPT_KINDS}, ` +
      "or name its format with ?format=vtt, ?format=srt or ?format=json",
    expected: ["text/vtt", "application/x-subrip", "application/json"],
  });
}
