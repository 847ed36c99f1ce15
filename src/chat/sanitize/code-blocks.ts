/** Is this absolute address one that an answer may link to: our own, or that of a cited asset? */
export type IsOurs = (url: URL) => boolean;

export type State = {
  /** The last characters that were shown. */
  shown: string;
  /** The run of signs that opened the code block we are in. */
  fence: string | undefined;
  /** Between a one-letter tag, or a formula such as a<b, and the next `>`. */
  inTag: boolean;
  /** Lengths of the runs of backticks in this paragraph that nothing has closed so far. */
  unclosed: Set<number>;
  /** An indented code block that is open: a list that it may stand in could end it. */
  indented: { indent: number; fence: string } | undefined;
  /** Between the `$$` of a formula, which some clients read before code. */
  inFormula: boolean;
  /** Clients may differ on what is code from here on: nothing is. */
  isDoubtful: boolean;
};
/** How much of the held text to take, and what to show instead. Undefined: more must arrive first. */
export type Step = { take: number; show: string } | undefined;
export type Rule = (held: string, state: State, isOurs: IsOurs, final: boolean) => Step;

/** No code span is longer; what is, is not held back for ever. */
const MAX_CODE_SPAN = 300;
/** Nor a line whose end must be known: after a longer one nothing is code. */
const MAX_LINE = 1_000;

export const keep = (text: string): Step => ({ take: text.length, show: text });

/** Is this line none of an indented block's, nor empty? */
export const leaves = (line: string, indent: number) =>
  !line.startsWith(" ".repeat(indent)) && !/^[^\S\n]*(?:\n|$)/.test(line);

/** The line that begins here, without its end; undefined: more of it must arrive first. */
function wholeLine(held: string, state: State, final: boolean): string | undefined {
  const near = held.slice(0, MAX_LINE);
  const newline = near.indexOf("\n");
  if (newline >= 0) return near.slice(0, newline);
  if (near.length === MAX_LINE) state.isDoubtful = true;
  return near.length === MAX_LINE || final ? near : undefined;
}

/** A formula that takes lines of its own, whose `$$` some clients read before all else. */
export const formulaBorder: Rule = (held, state, _, final) => {
  const line = wholeLine(held, state, final);
  if (line === undefined) return undefined;
  const isOdd = (line.match(/\$\$/g) ?? []).length % 2 === 1;
  if (isOdd) state.inFormula = !state.inFormula;
  return keep(/^ {0,3}\$\$/.exec(line)![0]);
};

/** Its content counts as text: a list or a quote may end the block before we know of it. */
export const indentedFence: Rule = (held, state, _, final) => {
  const line = wholeLine(held, state, final);
  if (line === undefined) return undefined;
  const [start, blanks = "", run = ""] = /^( +)(`+|~+)/.exec(line)!;
  const rest = line.slice(start.length);
  const { indented } = state;
  if (indented) {
    const closes = blanks.length === indented.indent && run.startsWith(indented.fence);
    if (leaves(line, indented.indent)) state.isDoubtful = true;
    else if (closes && rest.trim() === "") state.indented = undefined;
  } else if (run[0] === "~" || !rest.includes("`")) {
    state.indented = { indent: blanks.length, fence: run };
  }
  return keep(start);
};

export const fenceStart: Rule = (held, state, isOurs, final) => {
  if (state.inFormula) state.isDoubtful = true;
  const [near = ""] = held.slice(0, MAX_LINE).split("\n", 1);
  const [run] = /^(?:`+|~+)/.exec(near)!;
  if (run[0] === "~" || !near.includes("`", run.length)) {
    const line = wholeLine(held, state, final);
    if (line === undefined) return undefined;
    if (!state.isDoubtful && line.length < held.length) {
      state.fence = run;
      return keep(`${line}\n`);
    }
  }
  return run[0] === "`" ? codeSpan(held, state, isOurs, final) : keep(run);
};

export const fenceEnd: Rule = (held, state, _, final) => {
  const near = held.slice(0, MAX_LINE);
  const newline = near.indexOf("\n") + 1;
  const line = newline > 0 ? near.slice(0, newline) : near;
  const run = /^ {0,3}([`~]*)[ \t]*\n?$/.exec(line)?.[1];
  if (run === undefined) return keep(line);
  const isCut = newline === 0 && near.length === MAX_LINE;
  if (newline === 0 && !isCut && !final) return undefined;
  if (isCut) state.isDoubtful = true;
  const { fence } = state;
  const closes = run.length >= fence!.length && run === fence![0]!.repeat(run.length);
  if (closes || isCut) state.fence = undefined;
  return keep(line);
};

/**
 * A span of one line. Its content counts as text where it may be none: with a `|` it may be two cells
 * of a table, with a `$` half a formula, and after a run without an end the end of that one.
 */
export const codeSpan: Rule = (held, state, _, final) => {
  const { shown, inTag, unclosed, isDoubtful } = state;
  if (/(?<!\\)(?:\\\\)*\\$/.test(shown)) return keep("`");
  const near = held.slice(0, MAX_CODE_SPAN);
  const [run] = /^`+/.exec(near)!;
  const waiting = near.length < MAX_CODE_SPAN && !final && !near.includes("\n");
  if (run.length === near.length && waiting) return undefined;
  const closing = new RegExp(`(?<!\`)${run}(?!\`)`, "g");
  closing.lastIndex = run.length;
  const end = closing.exec(near.split("\n", 1)[0]!)?.index;
  if (waiting && (end === undefined || end + run.length === near.length)) return undefined;
  const isText = inTag || isDoubtful || unclosed.has(run.length);
  const span = end === undefined ? undefined : near.slice(0, end + run.length);
  if (span !== undefined && !isText && !/[|$]/.test(span)) return keep(span);
  unclosed.add(run.length);
  return keep(run);
};
