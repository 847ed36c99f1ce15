import type { CaptionLine } from "./caption-text";
import type { TextCue } from "./text-cue";

/** YouTube puts a cue of 10 ms between two others, with the line that they share. */
const BRIDGE_MS = 50;
/** After a longer pause, a repeated line was spoken again. */
const CONTINUES_WITHIN_MS = 1_000;

/**
 * Removes the lines that rolling captions carry over from cue to cue, so that each line is there
 * once, from the start of the cue that shows it first. Lines that grow word by word count as rolling
 * too. Other captions are returned unchanged: a refrain is not a rolling line.
 */
export function withoutCarriedLines(cues: readonly TextCue[]): TextCue[] {
  const visible = cues.map(withoutBlankLines).filter(({ lines }) => lines.length > 0);
  if (!isRolling(visible)) return withoutCarriedWords(visible) ?? [...cues];
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
  let grownLines = 0;
  let repeated = 0;
  let hasSign = cues.some(({ lines }) => lines.some(({ words }) => words.length > 0));
  for (let i = 1; i < cues.length; i++) {
    const cue = cues[i]!;
    const { count, grown } = carriedLines(cues[i - 1]!, cue);
    if (count === 0) continue;
    if (count < cue.lines.length || grown !== undefined) {
      rolled++;
      if (grown !== undefined) grownLines++;
    } else {
      repeated++;
      hasSign ||= cue.end_ms - cue.start_ms <= BRIDGE_MS;
    }
  }
  const others = cues.length - 1 - repeated;
  const isAlways = grownLines === 0 && rolled === others;
  return rolled >= (hasSign || isAlways ? 1 : 2) && rolled * 2 >= others;
}

/** Fewer shared words are chance. */
const MIN_CARRIED_WORDS = 2;
const MAX_CARRIED_WORDS = 40;

/**
 * The same for rolling captions after a converter joined their lines: each cue begins with the last words of
 * the cue before. Null where fewer than three cues, or less than half of them, do so.
 */
function withoutCarriedWords(cues: readonly TextCue[]): TextCue[] | null {
  const texts = cues.map(({ lines }) => lines.map(lineText).join(" ").split(" "));
  const counts = texts.map((words, i) => (i === 0 ? 0 : sharedWords(texts[i - 1]!, words)));
  const carried = counts.filter((count) => count > 0).length;
  if (carried < 3 || carried * 2 < cues.length - 1) return null;
  return cues.flatMap((cue, i) => {
    const rest = texts[i]!.slice(counts[i]!);
    if (counts[i] === 0) return [cue];
    if (rest.length === 0) return [];
    const words = cue.lines.flatMap((line) => line.words).slice(-rest.length);
    return [{ ...cue, lines: [{ ...cue.lines.at(-1)!, text: rest.join(" "), words }] }];
  });
}

/** The number of words at the end of one text that begin the next. */
function sharedWords(before: readonly string[], now: readonly string[]): number {
  const most = Math.min(before.length, now.length, MAX_CARRIED_WORDS);
  for (let count = most; count >= MIN_CARRIED_WORDS; count--) {
    if (now.slice(0, count).every((word, i) => word === before[before.length - count + i])) {
      return count;
    }
  }
  return 0;
}

type Carried = {
  /** The number of first lines of the cue that repeat the last lines of the previous cue. */
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
