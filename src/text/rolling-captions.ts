import type { CaptionLine } from "./caption-text";
import type { TextCue } from "./text-cue";

/** YouTube puts a cue of 10 ms between two others, with the line that they share. */
const BRIDGE_MS = 50;
/** A repeated line after a longer pause is said again. */
const CONTINUES_WITHIN_MS = 1_000;

/**
 * Removes the lines that rolling captions carry over from cue to cue, so that each line is there
 * once, from the start of the cue that shows it first. Lines that grow word by word count as rolling
 * too. Other captions are returned as they are: a refrain is no rolling line.
 */
export function withoutCarriedLines(cues: readonly TextCue[]): TextCue[] {
  const visible = cues.map(withoutBlankLines).filter(({ lines }) => lines.length > 0);
  if (!isRolling(visible)) return [...cues];
  const kept: TextCue[] = [];
  visible.forEach((cue, i) => {
    const previous = visible[i - 1];
    const { count, grown } = previous ? carriedLines(previous, cue) : NOTHING_CARRIED;
    const lines = grown === undefined ? [] : [withoutPrefix(cue.lines[count - 1]!, grown)];
    lines.push(...cue.lines.slice(count));

    const last = kept.at(-1);
    if (lines.length > 0) kept.push({ ...cue, lines });
    else if (last && cue.start_ms - last.end_ms <= CONTINUES_WITHIN_MS) last.end_ms = cue.end_ms;
    else kept.push({ ...cue });
  });
  return kept;
}

function withoutBlankLines(cue: TextCue): TextCue {
  return { ...cue, lines: cue.lines.filter(({ text }) => text.trim() !== "") };
}

function isRolling(cues: readonly TextCue[]): boolean {
  let rolled = 0;
  let repeated = 0;
  let hasSign = cues.some(({ lines }) => lines.some(({ words }) => words.length > 0));
  for (let i = 1; i < cues.length; i++) {
    const cue = cues[i]!;
    const { count, grown } = carriedLines(cues[i - 1]!, cue);
    if (count === 0) continue;
    if (count < cue.lines.length || grown !== undefined) rolled++;
    else {
      repeated++;
      hasSign ||= cue.end_ms - cue.start_ms <= BRIDGE_MS;
    }
  }
  return rolled >= (hasSign ? 1 : 2) && rolled * 2 >= cues.length - 1 - repeated;
}

type Carried = {
  /** How many lines of the cue are the last ones of the cue before. */
  count: number;
  /** The text that the last carried line had before it grew; absent when it is unchanged. */
  grown?: string;
};
const NOTHING_CARRIED: Carried = { count: 0 };
/** Real captions show up to four lines; more are compared so that no input is quadratic. */
const MAX_COMPARED = 8;

function carriedLines(previous: TextCue, cue: TextCue): Carried {
  const before = previous.lines.map(lineText);
  const now = cue.lines.slice(0, MAX_COMPARED).map(lineText);
  for (let count = Math.min(before.length, now.length); count > 0; count--) {
    const shown = before.slice(-count);
    if (!shown.slice(0, -1).every((text, i) => text === now[i])) continue;
    const [last, line] = [shown.at(-1)!, now[count - 1]!];
    if (line === last) return { count };
    if (line.startsWith(`${last} `)) return { count, grown: last };
  }
  return NOTHING_CARRIED;
}

const lineText = ({ text }: CaptionLine) => text.trim().replace(/\s+/g, " ");

function withoutPrefix(line: CaptionLine, prefix: string): CaptionLine {
  const words = line.words.slice(prefix.split(" ").length);
  return { ...line, text: lineText(line).slice(prefix.length).trimStart(), words };
}
