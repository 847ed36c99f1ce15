import { toCaptionTime } from "../clock";
import { SPEAKER_END } from "./caption-text";
import { hasNotice } from "./speaker-prefixes";
import { joinSpoken, type Segment, speakerTurns } from "./transcript";

/**
 * Writes WebVTT and SRT so that our own reader returns the written transcript without loss.
 *
 * VTT has a form for everything: `<v Name>` for speakers, character references for `<`, `>` and `&`.
 * SRT has neither, so the writer puts an invisible word joiner (U+2060, which cleaned text never
 * contains) after the colon of `Name: text`, which marks a speaker while `Note: text` stays text, and
 * inside text that looks like markup. Players show both as plain lines. An empty line inside a cue is
 * written as a line with one no-break space.
 */
const JOINER = "\u2060";
const NO_BREAK_SPACE = "\u00a0";

/** Segments as a WebVTT file; all times with hours. */
export function toVtt(segments: readonly Segment[]): string {
  const cues = segments.map(({ start_ms, end_ms, text, speaker }) => {
    const voice = speaker === undefined ? "" : `<v ${escapeVtt(speaker)}>`;
    const times = `${toCaptionTime(start_ms, ".")} --> ${toCaptionTime(end_ms, ".")}`;
    return `${times}\n${voice}${keepEmptyLines(escapeVtt(keepPrefixes(text)))}\n`;
  });
  return ["WEBVTT\n", ...cues].join("\n");
}

/** Chapters as a WebVTT file for `<track kind="chapters">`. A title is one line. */
export function toVttChapters(
  chapters: readonly { start_ms: number; end_ms: number; title: string }[],
): string {
  const cues = chapters.map(({ start_ms, end_ms, title }) => {
    const times = `${toCaptionTime(start_ms, ".")} --> ${toCaptionTime(end_ms, ".")}`;
    return `${times}\n${escapeVtt(title)}\n`;
  });
  return ["WEBVTT\n", ...cues].join("\n");
}

/** Segments as an SRT file. */
export function toSrt(segments: readonly Segment[]): string {
  const cues = segments.map(({ start_ms, end_ms, text, speaker }, i) => {
    const name = speaker === undefined ? "" : `${escapeSrt(speaker)}${SPEAKER_END}`;
    const times = `${toCaptionTime(start_ms, ",")} --> ${toCaptionTime(end_ms, ",")}`;
    return `${i + 1}\n${times}\n${name}${keepEmptyLines(escapeSrt(keepPrefixes(text)))}\n`;
  });
  return cues.join("\n");
}

/** Segments for people: one paragraph for each turn, with the speaker's name where it is known. */
export function toPlainText(segments: readonly Segment[]): string {
  const paragraphs = speakerTurns(segments).map((turn) => {
    const text = joinSpoken(turn.map((segment) => segment.text));
    return turn[0]!.speaker === undefined ? text : `${turn[0]!.speaker}: ${text}`;
  });
  return paragraphs.map((paragraph) => `${paragraph}\n`).join("\n");
}

/** What our reader would take for a speaker or a mark of one. */
const PREFIXES: readonly RegExp[] = [
  /^[ \t]*[[(]?s(?=peaker)/gim,
  /(?:^[ \t]*|[.?!…"”)\]] )>(?=>)/gm,
  /^[^:：\n]{1,64}(?=[:：]\s)/gm,
];

/** Protects text that only looks like a speaker or a notice, so that our reader does not remove it. */
function keepPrefixes(text: string): string {
  const lines = text.split("\n").map((line) => (hasNotice(line) ? JOINER + line : line));
  return PREFIXES.reduce((kept, prefix) => kept.replace(prefix, `$&${JOINER}`), lines.join("\n"));
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
