import { decodeHTMLStrict } from "entities";
import type { MaybeTimedWord } from "./place-words";

/** A line of a cue as readers see it. */
export type CaptionLine = {
  text: string;
  speaker?: string;
  /** Words of lines with timing tags (`<00:00:01.500>`), in milliseconds; empty for others. */
  words: MaybeTimedWord[];
};

/** Our SRT writer ends a speaker's name with this, so that `Note: text` stays text. */
export const SPEAKER_END = ":\u2060 ";

/** Tags of captions. Other text in angle brackets is kept: it can be mathematics. */
const TAGS =
  /<\/?(?:(?:[cibsu]|em|strong|ruby|rt)(?:\.[^\s<>]*)?\s*|(?:v|lang|font|span)(?:[.\s][^<>]*)?)>|<\d[\d:.]*>/gi;
/** How the characters before it are read aloud; readers see it above them, in small type. */
const RUBY_TEXT = /<rt(?:\.[^\s<>]*)?>[^<>]{0,200}<\/rt>/gi;
const LINE_BREAK_TAGS = /<br\s?\/?>/gi;
const SRT_OVERRIDES = /\{\\[^{}]*\}/g;
const VOICES = /(<v(?:\.[^\s<>]*)?(?:\s[^<>]*)?>|<\/v>)/i;
const VOICE_NAME = /^<v\S*\s+([^>]*)>$/i;
const TIMING_TAG = /<(\d{1,6}(?::\d{1,3}){1,2}(?:\.\d{1,9})?)>/;

/** Reads the text of a VTT cue. A cue can hold several voices, each up to the next or its end tag. */
export function readVttText(text: string, toMs: (stamp: string) => number): CaptionLine[] {
  const [first, ...voiced] = text.split(VOICES);
  const lines = readTimedLines(first!, undefined, toMs);
  for (let i = 0; i + 1 < voiced.length; i += 2) {
    const name = VOICE_NAME.exec(voiced[i]!)?.[1];
    lines.push(...readTimedLines(voiced[i + 1]!, name && withoutMarkup(name), toMs));
  }
  return lines;
}

/** Reads the text of an SRT cue, also with the voices of VTT. */
export function readSrtText(text: string, toMs: (stamp: string) => number): CaptionLine[] {
  const plain = text.replace(SRT_OVERRIDES, "");
  if (VOICES.test(plain)) return readVttText(plain, toMs);
  const colon = plain.indexOf(SPEAKER_END);
  if (colon === -1) return readTimedLines(plain, undefined, toMs);
  const speaker = withoutMarkup(plain.slice(0, colon));
  return readTimedLines(plain.slice(colon + SPEAKER_END.length), speaker, toMs);
}

function readTimedLines(
  text: string,
  speaker: string | undefined,
  toMs: (stamp: string) => number,
): CaptionLine[] {
  const lines: CaptionLine[] = [];
  const newLine = (): CaptionLine => ({ text: "", ...(speaker && { speaker }), words: [] });
  let line = newLine();
  const chunks = text.split(TIMING_TAG);
  for (let i = 0; i < chunks.length; i += 2) {
    let start_ms = i === 0 ? null : toMs(chunks[i - 1]!);
    withoutMarkup(chunks[i]!)
      .split("\n")
      .forEach((part, row) => {
        if (row > 0) {
          lines.push(line);
          line = newLine();
        }
        line.text += part;
        if (chunks.length === 1) return;
        for (const word of part.split(/\s+/).filter(Boolean)) {
          line.words.push({ text: word, start_ms, end_ms: null, ...(speaker && { speaker }) });
          start_ms = null;
        }
      });
  }
  return [...lines, line];
}

/** Character references are decoded once: `&amp;amp;` is `&amp;`. */
function withoutMarkup(text: string): string {
  const plain = text.replace(RUBY_TEXT, "").replace(LINE_BREAK_TAGS, "\n").replace(TAGS, "");
  return plain.includes("&") ? decodeHTMLStrict(plain) : plain;
}
