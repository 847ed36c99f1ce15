/** Reads plain text whose lines begin with times. */
import { toMs } from "./caption-cues";
import type { LooseSegment, LooseTranscript } from "./loose-transcript";
import { linesOf } from "./text-lines";

/** `1:02:03.5`, `02:03`, and with frames `00:01:02:12` or `00;01;02;12`. */
const CLOCK = "(?:\\d{1,3}[:;])?\\d{1,3}[:;]\\d{2}(?:[.,]\\d{1,9}|[:;]\\d{2})?";
const TIME = `(?:${CLOCK}|\\d{1,6}(?:\\.\\d{1,9})?s)`;
/**
 * A time, alone, behind a name, or before text: `0:05`, `[00:05] Hello`, `Jane Doe  0:05`; and with an
 * end: `[00:05.000 --> 00:07.000]  Hello`, `00:05 - 00:07`, `0:00:05.100,0:00:07.200`. A name does not end with a blank,
 * because a long run of blanks could be divided in too many ways.
 */
const CLOCK_LINE = new RegExp(
  `^(?:(?<name>\\p{L}[^:;\\n[\\](]{0,60}?(?<![ \\t]))(?:[ \\t]*[-–—|,])?[ \\t]+)?[[(<]?(?<clock>${TIME})` +
    `(?:[\\])]?[ \\t]*(?:[-–—=]{0,3}>|[-–—,]|→|(?:to|bis)[ \\t])[ \\t]*[[(]?(?<end>${TIME}))?[\\])>]?` +
    "(?:[ \\t]*[-–:,]?[ \\t]*(?<text>.*))?$",
  "u",
);
/** LRC files write the times of a refrain before one text. */
const MORE_CLOCKS = new RegExp(`^\\[(${CLOCK})\\]\\s*`);
/** Times of words in LRC. */
const INNER_CLOCKS = new RegExp(`<${CLOCK}>\\s?`, "g");
const MIN_CLOCKS = 2;
/** Other texts mention times, but not at the start of so many lines. */
const MIN_CLOCK_SHARE = 0.2;

/**
 * Reads text in which lines begin with a time or two, as YouTube shows it and Whisper, Otter, Premiere, and
 * editors of subtitles or lyrics write it.
 *
 * @returns null for a text without enough such lines, or with times that go back
 */
export function readClockLines(text: string): LooseTranscript | null {
  const lines = linesOf(text);
  const segments: LooseSegment[] = [];
  let clocks = 0;
  let latest = 0;
  for (const line of lines) {
    const found = CLOCK_LINE.exec(line.trim().slice(0, 10_000))?.groups;
    const start_ms = found ? clockToMs(found.clock!) : latest;
    const last = segments.at(-1);
    if (found && start_ms >= latest && !(found.name && found.text)) {
      const { starts, text } = readMoreClocks(found.text ?? "", start_ms);
      for (const start of starts) {
        const path = `line at ${found.clock}`;
        const end_ms = found.end === undefined ? null : clockToMs(found.end);
        const segment = { path, start_ms: start, end_ms, text, words: [] };
        const speaker = found.name?.trim();
        segments.push({ ...segment, ...(speaker && { speaker }) });
      }
      clocks++;
      latest = start_ms;
    } else if (last) last.text = last.text === "" ? line.trim() : `${last.text}\n${line.trim()}`;
  }
  const isCertain = segments.some(({ end_ms }) => end_ms !== null);
  if (clocks < (isCertain ? 1 : MIN_CLOCKS) || clocks < lines.length * MIN_CLOCK_SHARE) return null;
  segments.sort((a, b) => a.start_ms! - b.start_ms!);
  return { language: null, segments: withNameLines(segments), words: [] };
}

/** Milliseconds of a clock, or of `1.5s`. */
const clockToMs = (time: string): number =>
  time.endsWith("s") ? Number(time.slice(0, -1)) * 1_000 : toMs(time);

function readMoreClocks(text: string, start_ms: number): { starts: number[]; text: string } {
  const starts = [start_ms];
  let rest = text;
  for (let more = MORE_CLOCKS.exec(rest); more; more = MORE_CLOCKS.exec(rest)) {
    starts.push(clockToMs(more[1]!));
    rest = rest.slice(more[0].length);
  }
  return { starts, text: rest.replace(INNER_CLOCKS, "") };
}

/** `Jane Doe`, `Speaker 2`: a line without punctuation. */
const NAME_LINE = /^\p{L}[\p{L}\p{M}\p{N} .'’()-]{0,60}$/u;
const NUMBERED = /^\p{L}+ ?\d{1,3}$/u;

/** Takes the first lines as speakers where each text begins with one, as in transcripts of Word or Premiere. */
function withNameLines(segments: LooseSegment[]): LooseSegment[] {
  const split = segments.map(({ text }) => text.split("\n"));
  const names = split.map(([name = ""]) => name.trim());
  const distinct = new Set(names);
  const areNames =
    split.every((lines, i) => lines.length > 1 && NAME_LINE.test(names[i]!)) &&
    (distinct.size * 2 <= names.length || names.every((name) => NUMBERED.test(name)));
  if (!areNames) return segments;
  return segments.map((segment, i) => ({
    ...segment,
    text: split[i]!.slice(1).join("\n"),
    speaker: names[i]!,
  }));
}
