import { passThrough, type SanitizerRule, type SanitizerState } from "./rule";

/** A longer code span is not waited for: its backticks count as text. */
const MAX_CODE_SPAN = 300;
/** The end of a longer line is not waited for: everything after it counts as text. */
const MAX_LINE = 1_000;

/** True for a line that is neither empty nor indented enough to continue the block. */
export const endsIndentedBlock = (line: string, indent: number) =>
  !line.startsWith(" ".repeat(indent)) && !/^[^\S\n]*(?:\n|$)/.test(line);

/** The current line without its line break; undefined if the line is not complete yet. */
function wholeLine(pending: string, state: SanitizerState, isFinal: boolean): string | undefined {
  const near = pending.slice(0, MAX_LINE);
  const newline = near.indexOf("\n");
  if (newline >= 0) return near.slice(0, newline);
  if (near.length === MAX_LINE) state.isAmbiguous = true;
  return near.length === MAX_LINE || isFinal ? near : undefined;
}

/** `$$` at the start of a line begins or ends a block formula, which some clients parse first. */
export const formulaBorder: SanitizerRule = (pending, state, isFinal) => {
  const line = wholeLine(pending, state, isFinal);
  if (line === undefined) return undefined;
  const isOdd = (line.match(/\$\$/g) ?? []).length % 2 === 1;
  if (isOdd) state.inFormula = !state.inFormula;
  return passThrough(/^ {0,3}\$\$/.exec(line)![0]);
};

/** The content counts as text, because a list or a quote around it can end the block unnoticed. */
export const indentedFence: SanitizerRule = (pending, state, isFinal) => {
  const line = wholeLine(pending, state, isFinal);
  if (line === undefined) return undefined;
  const [start, blanks = "", run = ""] = /^( +)(`+|~+)/.exec(line)!;
  const rest = line.slice(start.length);
  const { indented } = state;
  if (indented) {
    const closes = blanks.length === indented.indent && run.startsWith(indented.fence);
    if (endsIndentedBlock(line, indented.indent)) state.isAmbiguous = true;
    else if (closes && rest.trim() === "") state.indented = undefined;
  } else if (run[0] === "~" || !rest.includes("`")) {
    state.indented = { indent: blanks.length, fence: run };
  }
  return passThrough(start);
};

export const fenceStart: SanitizerRule = (pending, state, isFinal) => {
  if (state.inFormula) state.isAmbiguous = true;
  const [near = ""] = pending.slice(0, MAX_LINE).split("\n", 1);
  const [run] = /^(?:`+|~+)/.exec(near)!;
  if (run[0] === "~" || !near.includes("`", run.length)) {
    const line = wholeLine(pending, state, isFinal);
    if (line === undefined) return undefined;
    if (!state.isAmbiguous && line.length < pending.length) {
      state.fence = run;
      return passThrough(`${line}\n`);
    }
  }
  return run[0] === "`" ? codeSpan(pending, state, isFinal) : passThrough(run);
};

export const fenceEnd: SanitizerRule = (pending, state, isFinal) => {
  const near = pending.slice(0, MAX_LINE);
  const newline = near.indexOf("\n") + 1;
  const line = newline > 0 ? near.slice(0, newline) : near;
  const run = /^ {0,3}([`~]*)[ \t]*\n?$/.exec(line)?.[1];
  if (run === undefined) return passThrough(line);
  const isCut = newline === 0 && near.length === MAX_LINE;
  if (newline === 0 && !isCut && !isFinal) return undefined;
  if (isCut) state.isAmbiguous = true;
  const { fence } = state;
  const closes = run.length >= fence!.length && run === fence![0]!.repeat(run.length);
  if (closes || isCut) state.fence = undefined;
  return passThrough(line);
};

/**
 * A code span on one line. Its content counts as text if a client could parse it as something else:
 * with a `|` it can be two table cells, with a `$` half a formula, and after an unclosed run of
 * backticks it can be the end of that run.
 */
export const codeSpan: SanitizerRule = (pending, state, isFinal) => {
  const { shown, inTag, unclosed, isAmbiguous } = state;
  if (/(?<!\\)(?:\\\\)*\\$/.test(shown)) return passThrough("`");
  const near = pending.slice(0, MAX_CODE_SPAN);
  const [run] = /^`+/.exec(near)!;
  const waiting = near.length < MAX_CODE_SPAN && !isFinal && !near.includes("\n");
  if (run.length === near.length && waiting) return undefined;
  const closing = new RegExp(`(?<!\`)${run}(?!\`)`, "g");
  closing.lastIndex = run.length;
  const end = closing.exec(near.split("\n", 1)[0]!)?.index;
  if (waiting && (end === undefined || end + run.length === near.length)) return undefined;
  const isText = inTag || isAmbiguous || unclosed.has(run.length);
  const span = end === undefined ? undefined : near.slice(0, end + run.length);
  if (span !== undefined && !isText && !/[|$]/.test(span)) return passThrough(span);
  unclosed.add(run.length);
  return passThrough(run);
};
