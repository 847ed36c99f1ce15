/** Reads captions in markup: TTML (also DFXP), YouTube's XML, SAMI. */
import { decodeHTMLStrict } from "entities";
import { toMs } from "./caption-cues";
import type { LooseSegment, LooseTranscript } from "./loose-transcript";

const XML_START =
  /^\s*(?:<\?xml[^<>]*>\s*)?(?:<!--[\s\S]{0,2000}?-->\s*)?<(?:\w{1,20}:)?(tt|transcript|timedtext|sami)[\s>]/i;
const CAPTION_START = /(<(?:\w{1,20}:)?(?:p|text)[\s>][^<>]*>?)/;
const CAPTION_END = /<\/(?:\w{1,20}:)?(?:p|text)\s*>/;

/**
 * Reads TTML, the two XML forms of YouTube, and SAMI. Tags are only split off, because no parser for
 * foreign XML is as safe.
 *
 * @returns null for a text of none of these forms
 */
export function readTimedXml(xml: string): LooseTranscript | null {
  const root = XML_START.exec(xml)?.[1]?.toLowerCase();
  if (root === undefined) return null;
  if (root === "sami") return readSami(xml);
  const rates = {
    tick: Number(/[\s:]tickRate="(\d{1,9})"/.exec(xml.slice(0, 5_000))?.[1] ?? 1),
    frame: Number(/[\s:]frameRate="(\d{1,3})"/.exec(xml.slice(0, 5_000))?.[1] ?? 30),
  };
  const [head = "", ...parts] = xml.split(CAPTION_START);
  const parents = new ParentTimes(rates);
  parents.read(head);
  const segments: LooseSegment[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [body = "", after = ""] = parts[i + 1]!.split(CAPTION_END);
    const { start_ms, end_ms } = timesOf(parts[i]!, body, rates);
    const text = textOf(body);
    const later = (time: number | null) => (time === null ? null : time + parents.start_ms);
    segments.push({
      path: `caption ${i / 2 + 1}`,
      start_ms: later(start_ms),
      end_ms: later(end_ms),
      // YouTube escapes twice.
      text: root === "transcript" ? decodeHTMLStrict(text) : text,
      words: [],
    });
    parents.read(after);
  }
  const language = /\slang="([\w-]{2,35})"|xml:lang="([\w-]{2,35})"/.exec(head);
  return { language: language?.[1] ?? language?.[2], segments, words: [] };
}

type Rates = { tick: number; frame: number };

/** The start of the `body` and `div` around a caption of TTML; the times of a caption count from there. */
class ParentTimes {
  #body = 0;
  #div = 0;
  readonly #rates: Rates;

  constructor(rates: Rates) {
    this.#rates = rates;
  }

  get start_ms(): number {
    return this.#body + this.#div;
  }

  /** @param between  markup outside captions */
  read(between: string): void {
    for (const [tag, name] of between.matchAll(/<(?:\w{1,20}:)?(body|div)(?:\s[^<>]*)?>/g)) {
      const begin = ownTimesOf(tag, this.#rates).start_ms ?? 0;
      if (name === "body") this.#body = begin;
      else this.#div = begin;
    }
  }
}

/** The times of a caption. One without own times starts and ends with the timed `span`s in it. */
function timesOf(tag: string, body: string, rates: Rates) {
  const own = ownTimesOf(tag, rates);
  if (own.start_ms !== null) return own;
  const spans = [...body.matchAll(/<(?:\w{1,20}:)?span\s[^<>]*>/g)].map(([span]) =>
    ownTimesOf(span, rates),
  );
  const end = spans.findLast(({ end_ms }) => end_ms !== null)?.end_ms ?? null;
  return {
    start_ms: spans.find(({ start_ms }) => start_ms !== null)?.start_ms ?? null,
    end_ms: end,
  };
}

/** `begin`, `end` and `dur` of TTML, `start` and `dur` in seconds, or `t` and `d` in milliseconds. */
function ownTimesOf(tag: string, rates: Rates) {
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
      .replace(/\s+/g, (blanks) => (blanks.includes("\n") ? " " : blanks))
      .replace(/<(?:\w{1,20}:)?br\s?\/?>/gi, "\n")
      .replace(/<[^<>]*>/g, ""),
  );

/** Parts of tags have a limit of length, so that every file is read quickly. */
const SYNC = /<sync\s[^<>]{0,200}?start\s{0,9}=\s{0,9}["']?(\d{1,10})[^<>]{0,500}>/i;
const PARAGRAPH =
  /<p(?:\s[^<>]{0,200}?class\s{0,9}=\s{0,9}["']?([\w-]{1,40})[^<>]{0,500}|\s[^<>]{0,700})?>/i;

/** SAMI: each text is shown until the next `<SYNC>`. Of several languages, the first is read. */
function readSami(sami: string): LooseTranscript {
  const [, ...parts] = sami.split(SYNC);
  const first = PARAGRAPH.exec(parts.join(""))?.[1]?.toLowerCase();
  const segments: LooseSegment[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [before = "", ...paragraphs] = parts[i + 1]!.split(PARAGRAPH);
    const shown = paragraphs.flatMap((text, j) => {
      const name = paragraphs[j - 1]?.toLowerCase();
      return j % 2 === 1 && (name === undefined || name === first) ? [text] : [];
    });
    segments.push({
      path: `caption ${i / 2 + 1}`,
      start_ms: Number(parts[i]),
      end_ms: parts[i + 2] === undefined ? null : Number(parts[i + 2]),
      text: textOf([before, ...shown].join(" "))
        .replaceAll("\u00a0", " ")
        .trim(),
      words: [],
    });
  }
  const language = /\slang\s*:\s*([\w-]{2,35})/i.exec(sami.slice(0, 5_000))?.[1];
  return { language, segments: segments.filter(({ text }) => text !== ""), words: [] };
}
