import { toAsciiDigit } from "../digits";
import { splitLines } from "./text-lines";
import type { TranscriptWarnings } from "./transcript-warnings";

/** One cue of a VTT or SRT file, its text still with markup. `line` counts from 1. */
export type Cue = { line: number; start_ms: number; end_ms: number; lines: string[] };

export type CaptionFile = {
  /** Lines of the WebVTT header; empty for SRT. */
  header: string[];
  cues: Cue[];
};

export const MAX_CUES = 100_000;
/** Of a file; captions of 100 000 cues have fewer. */
const MAX_LINES = 1_000_000;
const MAX_LINE_CHARS = 1_000_000;

/**
 * Machine translation leaves blanks inside times; some tools write a colon before the milliseconds, frames at the
 * end, or seconds alone.
 */
const STAMP =
  "(?:-?(?:\\d{1,6} ?: ?-?)?\\d{1,3} ?: ?-?\\d{1,3}(?: ?[.,] ?-?\\d{1,9}|[:;]\\d{2,3}(?!\\d))?|-?\\d{1,6}[.,]\\d{1,9})";
const NUMBER_BEFORE = "(?:(\\d{1,7})[.)]?[ \\t]+)?";
/** The end can be missing. */
const TIMING = new RegExp(
  `^\\s*${NUMBER_BEFORE}(${STAMP})\\s*-->(?:\\s*(${STAMP})(?:[ \\t]+(.*))?|\\s*)$`,
);
/** Arrows that converters write in place of `-->`. Accepted only where a timing line belongs. */
const LOOSE_TIMING = new RegExp(
  `^\\s*${NUMBER_BEFORE}(${STAMP})\\s*(?:-{1,2} ?-? ?>|=+>|[–—→]>?)\\s*(${STAMP})(?:[ \\t]+(.*))?$`,
);
/** Cue settings of VTT (`align:start`) and coordinates of SRT (`X1:40`). */
const SETTINGS =
  /^(?:(?:vertical|line|position|size|align|region|[xy][12])\s?:|(?:[\w-]+:\S+(?:[ \t]+|$))*$)/i;
const METADATA_BLOCK = /^(?:NOTE|STYLE|REGION)(?:[ \t]|$)/;
const VTT_HEADER = /^WEBVTT(?:[ \t]|$)/;

/**
 * Reads the cues of a VTT or SRT file. A defect costs at most the cue that has it; each is reported.
 *
 * The formats differ after an empty line inside a cue. WebVTT ends the cue there, so a block without
 * times is not shown by any player and is left out. SRT has no such rule and many tools write empty
 * lines, so the text stays with the cue before it.
 */
export function readCues(
  text: string,
  format: "vtt" | "srt",
  warnings: TranscriptWarnings,
): CaptionFile {
  const lines = withoutDoubledLines(splitLines(text.replace(/^\ufeff/, "")));
  if (lines.length > MAX_LINES) warnings.refuse(MAX_LINES, `more than ${MAX_LINES} lines`);
  return new CueReader(lines, format, warnings).read();
}

/** Some programs write an empty line after each line of a file. */
function withoutDoubledLines(lines: string[]): string[] {
  const isDoubled =
    lines.length > 4 &&
    lines.every((line, i) => i % 2 === 0 || line === "") &&
    lines.some((line) => TIMING.test(line));
  return isDoubled ? lines.filter((_, i) => i % 2 === 0) : lines;
}

/**
 * Writes the numbers and lines of times of captions in one way: other scripts' digits and full-width signs become
 * ASCII, an escaped arrow becomes `-->`, and invisible characters are removed.
 */
export const plainTimes = (text: string): string => text.replace(ODD_TIMES, toPlainTimes);

const ODD_TIMES =
  /^[\p{Nd}\p{Cf}\s]{1,20}$|^[\p{Nd}\p{Cf}\p{Pd}\s：:，,.−٫]{3,60}(?:--(?:>|&gt;)|→)[\p{Nd}\p{Cf}\p{Pd}\s：:，,.−٫]{0,60}/gmu;
const toPlainTimes = (line: string): string =>
  line
    .replace(/\p{Cf}/gu, "")
    .replace("&gt;", ">")
    .replace(/(?<![0-9])[−‐‑‒–—](?=\p{Nd})/gu, "-")
    .replace(/[：，]/g, (sign) => sign.normalize("NFKC"))
    .replace(/٫/g, ".")
    .replace(/(?![0-9])\p{Nd}/gu, toAsciiDigit);

/** A run of lines between empty ones. */
type Block = { from: number; lines: string[] };

class CueReader {
  readonly #lines: string[];
  readonly #isVtt: boolean;
  readonly #warnings: TranscriptWarnings;
  readonly #file: CaptionFile = { header: [], cues: [] };
  /** The cue that receives the next text lines; null after a skipped cue. */
  #cue: Cue | null = null;
  /** A cue without an end lasts until the next one. */
  #endless: Cue | null = null;
  /** Lines since the last empty one that no timing line has claimed yet. */
  #block: Block = { from: 0, lines: [] };
  #lastNumber = 0;

  constructor(lines: string[], format: "vtt" | "srt", warnings: TranscriptWarnings) {
    this.#lines = lines;
    this.#isVtt = format === "vtt";
    this.#warnings = warnings;
  }

  read(): CaptionFile {
    const first = this.#isVtt ? this.#readHeader() : 0;
    this.#block.from = first;
    for (let i = first; i < this.#lines.length; i++) this.#readLine(i);
    this.#endBlock(this.#lines.length);
    return this.#file;
  }

  #readHeader(): number {
    if (!VTT_HEADER.test(this.#lines[0]!)) {
      this.#warnings.add(1, "the first line is not WEBVTT");
      return 0;
    }
    let end = 0;
    while (
      end < this.#lines.length &&
      !isEmpty(this.#lines[end]!) &&
      !TIMING.test(this.#lines[end]!)
    )
      end++;
    this.#file.header = this.#lines.slice(0, end);
    return end;
  }

  #readLine(i: number): void {
    const line = this.#lines[i]!;
    if (line.length > MAX_LINE_CHARS) {
      this.#warnings.add(i + 1, `longer than ${MAX_LINE_CHARS} characters: this line is left out`);
      return;
    }
    // In VTT only a line without any character ends a cue: YouTube writes lines of one space.
    if (this.#isVtt && this.#isInCue() ? line === "" : isEmpty(line)) {
      this.#endBlock(i);
      return;
    }
    const times = TIMING.exec(line) ?? (this.#expectsTiming() ? LOOSE_TIMING.exec(line) : null);
    if (times) this.#openCue(i, times);
    else if (this.#expectsTiming() && isDamagedTiming(line)) this.#skipCue(i);
    else this.#block.lines.push(line);
  }

  /** Whether the block under way began with its timing line. */
  #isInCue(): boolean {
    return this.#block.from < 0;
  }

  /** A timing line is the first of its block, or the second below a number or name. */
  #expectsTiming(): boolean {
    if (this.#isInCue()) return false;
    const { lines } = this.#block;
    return lines.length === 0 || (lines.length === 1 && (this.#isVtt || isNumber(lines[0]!)));
  }

  #openCue(i: number, [line, glued, start, end, rest = ""]: RegExpExecArray): void {
    const number = glued ?? this.#takeNumber(i);
    if (number !== undefined) this.#lastNumber = Number(number);
    if (glued !== undefined) this.#warnings.add(i + 1, "the cue's number is on its line of times");
    if (!line.includes("-->")) this.#warnings.add(i + 1, "the arrow between the times is not -->");
    if (this.#file.cues.length === MAX_CUES) {
      this.#warnings.refuse(i + 1, `more than ${MAX_CUES} cues: split the file`);
    }
    const cue: Cue = { line: i + 1, ...this.#toTimes(i, start!, end), lines: [] };
    if (this.#endless) this.#endless.end_ms = Math.max(this.#endless.start_ms, cue.start_ms);
    this.#endless = end === undefined ? cue : null;
    if (!SETTINGS.test(rest)) {
      this.#warnings.add(i + 1, "the text begins on the line of times");
      cue.lines.push(rest);
    }
    this.#file.cues.push(cue);
    this.#cue = cue;
    this.#block = { from: -1, lines: cue.lines };
  }

  /** Removes a number or name above a timing line; anything else above it is text. */
  #takeNumber(i: number): string | undefined {
    const { lines } = this.#block;
    const last = lines.at(-1);
    const afterEmpty = lines.length === 1 || isEmpty(lines.at(-2) ?? "x");
    if (this.#isInCue()) {
      const isNext =
        last !== undefined && isNumber(last) && (this.#lastNumber > 0 || Number(last) === 1);
      const isName = last !== undefined && lines.length > 1 && afterEmpty && this.#isVtt;
      const number = isNext || isName ? lines.pop() : undefined;
      // A blank line in its place is too small a defect to report.
      const isSeparated = lines.length > 0 && isEmpty(lines.at(-1)!);
      if (!isSeparated) this.#warnings.add(i + 1, "an empty line is missing before this cue");
      return isNext ? number : undefined;
    }
    const isNumbered = last !== undefined && isNumber(last);
    if (isNumbered || (this.#isVtt && last !== undefined)) lines.pop();
    this.#endBlock(i);
    return isNumbered ? last : undefined;
  }

  #toTimes(i: number, start: string, end: string | undefined) {
    const [start_ms, end_ms] = [toMs(start), toMs(end ?? start)];
    if (start_ms < 0 || end_ms < 0) this.#warnings.add(i + 1, "a time is before 0: 0 is used");
    const from = Math.max(0, start_ms);
    const to = Math.max(0, end_ms);
    if (to < from) this.#warnings.add(i + 1, "the cue ends before it starts: its start is used");
    if (end === undefined) this.#warnings.add(i + 1, "the cue has no end");
    else if (to === from) this.#warnings.add(i + 1, "the cue has no length");
    return { start_ms: from, end_ms: to };
  }

  #skipCue(i: number): void {
    this.#warnings.add(i + 1, "the times cannot be read: this cue is left out");
    const number = this.#block.lines[0];
    if (number !== undefined && isNumber(number)) this.#lastNumber = Number(number);
    this.#cue = null;
    this.#block = { from: -1, lines: [] };
  }

  /** Files the lines of a block without times. @param end index of the line after the block */
  #endBlock(end: number): void {
    const { from, lines } = this.#block;
    this.#block = { from: end + 1, lines: [] };
    if (from < 0 || lines.length === 0) return;
    if (VTT_HEADER.test(lines[0]!)) {
      this.#warnings.add(from + 1, "a second WEBVTT header");
    } else if (this.#isVtt && METADATA_BLOCK.test(lines[0]!)) {
      return;
    } else if (this.#isVtt || !this.#cue) {
      this.#warnings.add(from + 1, "text without times is left out");
    } else {
      const isNext = isNumber(lines[0]!) && Number(lines[0]) === this.#lastNumber + 1;
      if (isNext && lines.length > 1) this.#lastNumber = Number(lines.shift());
      this.#warnings.add(from + 1, "text without times is kept with the cue before it");
      this.#cue.lines.push("", ...lines);
    }
  }
}

/** A no-break space counts as text: our writer keeps an empty line inside a cue with it. */
const isEmpty = (line: string) => /^[ \t]*$/.test(line);
const isDamagedTiming = (line: string) =>
  line.includes("-->") && /\d/.test(line) && !METADATA_BLOCK.test(line);
const isNumber = (line: string) => /^\s*\d{1,7}\s*$/.test(line);

/** Few cameras have another rate where no file states it. */
const FRAMES_PER_SECOND = 25;

/**
 * Milliseconds of `01:02:03,456`, `02:03.4` or `3.5`, also with frames at the end, as in `01:02:03:12`; negative
 * where any part has a minus.
 */
export function toMs(stamp: string): number {
  const [, beforeFrames, frames] = /^(.+[:;].+[:;].+)[:;](\d{2})$/.exec(stamp) ?? [];
  if (beforeFrames !== undefined) {
    return toMs(beforeFrames) + (Number(frames) * 1_000) / FRAMES_PER_SECOND;
  }
  const [clock = "", fraction = ""] = stamp
    .replace(/[- ]/g, "")
    .replaceAll(";", ":")
    .replace(/^(\d+:\d+:\d+):(?=\d{3}$)/, "$1.")
    .split(/[.,]/);
  const seconds = clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  const ms = seconds * 1_000 + Math.round(Number(`0.${fraction || 0}`) * 1_000);
  return stamp.includes("-") ? -ms : ms;
}
