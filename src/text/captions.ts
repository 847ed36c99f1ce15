import { AppError } from "../errors";
import { toCaptionTime } from "./clock";
import { joinSpoken, normalizeSegments, type Segment, speakerTurns } from "./transcript";

/**
 * WebVTT and SRT, read and written so that what was written is read back without loss.
 *
 * VTT has a place for everything: `<v Name>` for speakers, character references for `<`, `>` and
 * `&`. SRT has none of these, so the writer leaves an invisible word joiner (U+2060, which never
 * occurs in cleaned text) as a note to our reader: after the colon of `Name: text`, which makes it
 * a speaker, while a plain `Note: text` stays text; and inside what looks like markup, such as
 * `<i>`, which is then neither read nor shown as such. Players show all of it as plain lines.
 * Both formats keep an empty line inside a cue as a line with one no-break space.
 */
const MAX_CUES = 100_000;
const MAX_LINE_CHARS = 1_000_000;
const MAX_PROBLEMS = 20;
const JOINER = "\u2060";
const SPEAKER_END = `:${JOINER} `;
const NO_BREAK_SPACE = "\u00a0";

/** @throws AppError `transcript_invalid`, with the line (from 1) of each problem */
export function parseVtt(vtt: string): Segment[] {
  const file = openFile(vtt);
  if (!/^WEBVTT(?:[ \t]|$)/.test(file.lines[0]!)) report(file, 0, "the first line must be WEBVTT");
  const header = file.lines.findIndex((line) => isBlank(line) || TIMING.test(line));
  for (const { from, to } of blocksOf(file.lines, header === -1 ? file.lines.length : header)) {
    if (/^(?:NOTE|STYLE|REGION)(?:[ \t]|$)/.test(file.lines[from]!)) continue;
    const named = !file.lines[from]!.includes("-->");
    readCue(file, named ? from + 1 : from, to);
  }
  return segmentsOf(file, voicesOf);
}

/** @throws AppError `transcript_invalid`, with the line (from 1) of each problem */
export function parseSrt(srt: string): Segment[] {
  const file = openFile(srt);
  for (const { from, to } of blocksOf(file.lines, 0)) {
    const numbered = /^\s*\d+\s*$/.test(file.lines[from]!);
    const timing = numbered ? from + 1 : from;
    const previous = file.cues.at(-1);
    // Many tools leave empty lines inside a cue.
    const continued = previous && !(timing < to && file.lines[timing]!.includes("-->"));
    if (continued) previous.text += `\n\n${file.lines.slice(from, to).join("\n")}`;
    else readCue(file, timing, to);
  }
  return segmentsOf(file, speakerOf);
}

/** Segments as a WebVTT file; all times with hours. */
export function toVtt(segments: readonly Segment[]): string {
  const cues = segments.map(({ start_ms, end_ms, text, speaker }) => {
    const voice = speaker === undefined ? "" : `<v ${escapeVtt(speaker)}>`;
    const times = `${toCaptionTime(start_ms, ".")} --> ${toCaptionTime(end_ms, ".")}`;
    return `${times}\n${voice}${keepEmptyLines(escapeVtt(text))}\n`;
  });
  return ["WEBVTT\n", ...cues].join("\n");
}

/** Segments as an SRT file. */
export function toSrt(segments: readonly Segment[]): string {
  const cues = segments.map(({ start_ms, end_ms, text, speaker }, i) => {
    const name = speaker === undefined ? "" : `${escapeSrt(speaker)}${SPEAKER_END}`;
    const times = `${toCaptionTime(start_ms, ",")} --> ${toCaptionTime(end_ms, ",")}`;
    return `${i + 1}\n${times}\n${name}${keepEmptyLines(escapeSrt(text))}\n`;
  });
  return cues.join("\n");
}

/** For people: a paragraph for each turn, led by the speaker's name where it is known. */
export function toPlainText(segments: readonly Segment[]): string {
  const paragraphs = speakerTurns(segments).map((turn) => {
    const text = joinSpoken(turn.map((segment) => segment.text));
    return turn[0]!.speaker === undefined ? text : `${turn[0]!.speaker}: ${text}`;
  });
  return paragraphs.map((paragraph) => `${paragraph}\n`).join("\n");
}

type Cue = { start_ms: number; end_ms: number; text: string };
type Problem = { line: number; message: string };
type CaptionFile = { lines: string[]; cues: Cue[]; problems: Problem[] };
type Spoken = { text: string; speaker?: string };

const STAMP = /(?:(\d{1,4}):)?(\d{1,2}):([0-5]?\d)(?:[.,](\d{1,3}))?/;
const TIMING = new RegExp(`^\\s*${STAMP.source}\\s*-->\\s*${STAMP.source}(?:\\s|$)`);

function openFile(text: string): CaptionFile {
  const file = { lines: text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/), cues: [], problems: [] };
  file.lines.forEach((line, i) => {
    if (line.length > MAX_LINE_CHARS) report(file, i, `longer than ${MAX_LINE_CHARS} characters`);
  });
  return file;
}

function report({ problems }: CaptionFile, index: number, message: string): void {
  problems.push({ line: index + 1, message });
  if (problems.length === MAX_PROBLEMS) throw new AppError("transcript_invalid", { problems });
}

/** A no-break space counts as text: it is how an empty line inside a cue is kept. */
const isBlank = (line: string) => /^[ \t]*$/.test(line);

/** Runs of lines between empty ones; `to` is exclusive. */
function* blocksOf(lines: string[], first: number): Generator<{ from: number; to: number }> {
  for (let from = first, to = first; from < lines.length; from = to + 1) {
    for (to = from; to < lines.length && !isBlank(lines[to]!); to++);
    if (to > from) yield { from, to };
  }
}

function readCue(file: CaptionFile, timing: number, to: number): void {
  const times = timing < to ? TIMING.exec(file.lines[timing]!) : null;
  if (!times) {
    report(file, Math.min(timing, to - 1), "expected `start --> end`");
    return;
  }
  const start_ms = toMs(times.slice(1, 5));
  const end_ms = toMs(times.slice(5, 9));
  const lines = file.lines.slice(timing + 1, to);
  const nested = lines.findIndex((line) => TIMING.test(line));

  if (end_ms < start_ms) report(file, timing, "the cue ends before it starts");
  if (nested !== -1) report(file, timing + 1 + nested, "an empty line must come before this cue");
  if (file.cues.length === MAX_CUES) report(file, timing, `more than ${MAX_CUES} cues`);
  else file.cues.push({ start_ms, end_ms, text: lines.join("\n") });
}

function toMs([hours = "0", minutes, seconds, fraction = ""]: (string | undefined)[]): number {
  const wholeSeconds = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return wholeSeconds * 1_000 + Number(fraction.padEnd(3, "0"));
}

function segmentsOf({ cues, problems }: CaptionFile, read: (text: string) => Spoken[]): Segment[] {
  if (problems.length > 0) throw new AppError("transcript_invalid", { problems });
  const segments = normalizeSegments(
    cues.flatMap(({ text, ...times }) => read(text).map((spoken) => ({ ...times, ...spoken }))),
  );
  if (segments.length > 0) return segments;
  throw new AppError("transcript_invalid", { problems: [{ line: 1, message: "no cue has text" }] });
}

/** The tags that captions know. Anything else in angle brackets is mathematics, and stays. */
const TAGS = /<\/?(?:[cibuv]|ruby|rt|lang|font|span)(?:[.\s][^<>]*)?>|<\d[\d:.]*>/gi;
const LINE_BREAK_TAGS = /<br\s?\/?>/gi;
const SRT_OVERRIDES = /\{\\[^{}]*\}/g;
const REFERENCES = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos|nbsp|lrm|rlm));/gi;
const NAMED: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: NO_BREAK_SPACE,
  lrm: "\u200e",
  rlm: "\u200f",
};

function withoutMarkup(text: string): string {
  return text.replace(LINE_BREAK_TAGS, "\n").replace(TAGS, "").replace(REFERENCES, dereference);
}

function dereference(reference: string, decimal?: string, hex?: string, name?: string): string {
  if (name) return NAMED[name.toLowerCase()]!;
  const codePoint = decimal ? Number(decimal) : Number.parseInt(hex!, 16);
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : reference;
}

/** A VTT cue may hold several voices, each up to the next one or to its closing tag. */
function voicesOf(text: string): Spoken[] {
  const [first, ...voiced] = text.split(/(<v(?:\.[^\s<>]*)?(?:\s[^<>]*)?>|<\/v>)/i);
  const spoken: Spoken[] = [{ text: withoutMarkup(first!) }];
  for (let i = 0; i + 1 < voiced.length; i += 2) {
    const name = /^<v\S*\s+([^>]*)>$/i.exec(voiced[i]!)?.[1] ?? "";
    spoken.push({ text: withoutMarkup(voiced[i + 1]!), speaker: withoutMarkup(name) });
  }
  return spoken;
}

function speakerOf(cue: string): Spoken[] {
  const text = cue.replace(SRT_OVERRIDES, "");
  const colon = text.indexOf(SPEAKER_END);
  if (colon === -1) return [{ text: withoutMarkup(text) }];
  const speaker = withoutMarkup(text.slice(0, colon));
  return [{ text: withoutMarkup(text.slice(colon + SPEAKER_END.length)), speaker }];
}

function escapeVtt(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function escapeSrt(text: string): string {
  return text.replace(/<(?=[/a-z\d])|&(?=[#a-z])|\{(?=\\)|--(?=>)/gi, `$&${JOINER}`);
}

function keepEmptyLines(text: string): string {
  return text.replace(/^$/gm, NO_BREAK_SPACE);
}
