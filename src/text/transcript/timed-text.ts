/** Reads captions in XML (TTML, DFXP, YouTube) and plain text with times. */
import { decodeHTMLStrict } from "entities";
import { toMs } from "./caption-cues";
import type { LooseSegment, LooseTranscript } from "./transcript-forms";

const XML_START =
  /^\s*(?:<\?xml[^<>]*>\s*)?(?:<!--[\s\S]{0,2000}?-->\s*)?<(?:\w{1,20}:)?(tt|transcript|timedtext)[\s>]/;
const CAPTION_START = /(<(?:\w{1,20}:)?(?:p|text)\s[^<>]*>)/;
const CAPTION_END = /<\/(?:\w{1,20}:)?(?:p|text)\s*>/;

/**
 * Reads TTML (also DFXP) and the two XML forms of YouTube. Tags are only split off, because no parser for
 * foreign XML is as safe.
 *
 * @returns null for a text of none of these forms
 */
export function readTimedXml(xml: string): LooseTranscript | null {
  const root = XML_START.exec(xml)?.[1];
  if (root === undefined) return null;
  const rates = {
    tick: Number(/[\s:]tickRate="(\d{1,9})"/.exec(xml.slice(0, 5_000))?.[1] ?? 1),
    frame: Number(/[\s:]frameRate="(\d{1,3})"/.exec(xml.slice(0, 5_000))?.[1] ?? 30),
  };
  const [head = "", ...parts] = xml.split(CAPTION_START);
  const segments: LooseSegment[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const times = timesOf(parts[i]!, rates);
    const text = textOf(parts[i + 1]!.split(CAPTION_END)[0]!);
    // YouTube escapes twice.
    const shown = root === "transcript" ? decodeHTMLStrict(text) : text;
    segments.push({ path: `caption ${i / 2 + 1}`, ...times, text: shown, words: [] });
  }
  const language = /\slang="([\w-]{2,35})"|xml:lang="([\w-]{2,35})"/.exec(head);
  return { language: language?.[1] ?? language?.[2], segments, words: [] };
}

type Rates = { tick: number; frame: number };

/** `begin`, `end` and `dur` of TTML, `start` and `dur` in seconds, or `t` and `d` in milliseconds. */
function timesOf(tag: string, rates: Rates) {
  const read = (name: string, unit = "") => {
    const value = new RegExp(`\\s${name}=["']([^"']{1,30})["']`).exec(tag)?.[1];
    return value === undefined ? null : timeOf(value.trim() + unit, rates);
  };
  const start_ms = read("begin") ?? read("start", "s") ?? read("t", "ms");
  const duration = read("dur", tag.includes("begin=") ? "" : "s") ?? read("d", "ms");
  const ends = start_ms === null || duration === null ? null : start_ms + duration;
  return { start_ms, end_ms: read("end") ?? ends };
}

const UNITS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of `00:01:02.5`, `00:01:02:12` (the last part in frames), `62.5s` and the other units. */
function timeOf(value: string, { tick, frame }: Rates): number | null {
  const frames = /^(\d{1,4}:\d{2}:\d{2}):(\d{2,3})$/.exec(value);
  if (frames) return toMs(frames[1]!) + (Number(frames[2]) * 1_000) / frame;
  if (/^(?:\d{1,4}:)?\d{1,3}:\d{2}(?:[.,]\d{1,9})?$/.test(value)) return toMs(value);
  const [, number, unit] = /^(\d{1,12}(?:\.\d{1,9})?)(h|m|s|ms|f|t)$/.exec(value) ?? [];
  if (number === undefined) return null;
  const length = unit === "t" ? 1_000 / tick : unit === "f" ? 1_000 / frame : UNITS[unit!]!;
  return Number(number) * length;
}

const textOf = (body: string) =>
  decodeHTMLStrict(
    body
      .replace(/\s*\n\s*/g, " ")
      .replace(/<(?:\w{1,20}:)?br\s?\/?>/g, "\n")
      .replace(/<[^<>]*>/g, ""),
  );

/** `0:00:00.599,0:00:04.160`: YouTube's SBV, SRT with other lines of times. */
const SBV_TIMES = /^(\d{1,3}:\d{2}:\d{2}\.\d{1,3}),(\d{1,3}:\d{2}:\d{2}\.\d{1,3})[ \t]*$/gm;
export const isSbv = (text: string): boolean =>
  /^\s*\d{1,3}:\d{2}:\d{2}\.\d{1,3},\d{1,3}:\d{2}:\d{2}\.\d{1,3}\s*$/m.test(text.slice(0, 2_000));
export const sbvToSrt = (text: string): string =>
  text.replace(/\r+\n?/g, "\n").replace(SBV_TIMES, "$1 --> $2");

/** A time, alone, behind a name, or before text: `0:05`, `[00:05] Hello`, `Jane Doe  0:05`. */
const CLOCK_LINE =
  /^(?:(?<name>\p{L}[^:\n[\](]{0,60}?)[ \t]+)?[[(]?(?<clock>(?:\d{1,3}:)?\d{1,3}:\d{2}(?:\.\d{1,3})?)[\])]?(?:[ \t]*[-–:]?[ \t]*(?<text>.*))?$/u;
const MIN_CLOCKS = 2;
/** Other texts mention times, but not at the start of so many lines. */
const MIN_CLOCK_SHARE = 0.2;

/**
 * Reads text in which lines begin with a time, as YouTube shows it and Otter and lyrics files write it.
 *
 * @returns null for a text without enough such lines, or with times that go back
 */
export function readClockLines(text: string): LooseTranscript | null {
  const lines = text.split(/\r+\n|\n|\r/).filter((line) => line.trim() !== "");
  const segments: LooseSegment[] = [];
  let latest = 0;
  for (const line of lines) {
    const found = CLOCK_LINE.exec(line.trim().slice(0, 10_000))?.groups;
    const start_ms = found ? toMs(found.clock!) : latest;
    const last = segments.at(-1);
    if (found && start_ms >= latest && !(found.name && found.text)) {
      const speaker = found.name?.trim();
      const path = `line at ${found.clock}`;
      const segment = { path, start_ms, end_ms: null, text: found.text ?? "", words: [] };
      segments.push({ ...segment, ...(speaker && { speaker }) });
      latest = start_ms;
    } else if (last) last.text = last.text === "" ? line.trim() : `${last.text}\n${line.trim()}`;
  }
  const isTimed =
    segments.length >= MIN_CLOCKS && segments.length >= lines.length * MIN_CLOCK_SHARE;
  return isTimed ? { language: null, segments, words: [] } : null;
}
