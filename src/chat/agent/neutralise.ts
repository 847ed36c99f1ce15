/** Is this absolute address one that an answer may link to: our own, or that of a cited asset? */
export type IsOurs = (url: URL) => boolean;

export type Neutraliser = {
  /** Takes the next piece of an answer; returns what can be shown of it by now. */
  push(piece: string): string;
  /** The answer is over: returns what was held back. */
  end(): string;
};

type State = {
  /** The last characters that were shown. */
  shown: string;
  /** The run of signs that opened the code block we are in. */
  fence: string | undefined;
  /** Between a one-letter tag, or a formula such as a<b, and the next `>`. */
  inTag: boolean;
};
/** How much of the held text to take, and what to show instead. Undefined: more must arrive first. */
type Step = { take: number; show: string } | undefined;
type Rule = (held: string, state: State, isOurs: IsOurs, final: boolean) => Step;

/** No honest address is longer, and no code span; what is, is not held back for ever. */
const MAX_ADDRESS = 2_000;
const MAX_CODE_SPAN = 300;

const SIGN = /[`<>!\]=]|https?:\/\/|ftp:\/\/|www\./gi;
/** The end of a piece that the next piece may complete to an address. */
const ADDRESS_START =
  /(?<![a-z])(?:h(?:t(?:t(?:p(?:s?(?::\/?)?)?)?)?)?|f(?:t(?:p(?::\/?)?)?)?|ww?w?)$/i;
const BARE_ADDRESS = /^(?:https?:\/\/|ftp:\/\/|www\.)[^\s<>"`[\]()|]*/i;
/** Attributes with which a one-letter element can do more than decorate. */
const ACTIVE_ATTRIBUTE = /(?:^|[^a-z])(?:on[a-z]+|href|style|src|ping|cite|action)\s*$/i;

/**
 * Takes what could load or lead somewhere out of a model's markdown while it streams: images, raw
 * HTML, and links to other hosts. A hostile slide may ask for them, and they would carry away what
 * was said.
 *
 * One space breaks an image (`! [`) or a tag (`< img`), so only its effect is lost; a foreign link
 * leads to `#`. Code stays as it is, and so does `<` in formulas. However the answer is cut into
 * pieces, the output is the same.
 */
export function createNeutraliser(isOurs: IsOurs): Neutraliser {
  const state: State = { shown: "\n", fence: undefined, inTag: false };
  let held = "";

  const show = (final: boolean): string => {
    let out = "";
    while (held !== "") {
      const step = nextRule(held, state, final)(held, state, isOurs, final);
      if (!step) break;
      out += step.show;
      state.shown = (state.shown + step.show).slice(-40);
      // An inline tag ends with its paragraph at the latest.
      if (state.shown.endsWith("\n\n")) state.inTag = false;
      held = held.slice(step.take);
    }
    return out;
  };

  return {
    push(piece) {
      held += piece;
      return show(false);
    },
    end: () => show(true),
  };
}

function nextRule(held: string, state: State, final: boolean): Rule {
  if (state.shown.endsWith("\n")) {
    if (state.fence !== undefined) return fenceEnd;
    if (/^(?:`{3}|~{3})/.test(held)) return fenceStart;
    if (/^(?:`{1,2}|~{1,2})$/.test(held) && !final) return undecided;
  }
  if (state.fence !== undefined) return plainText;
  return RULES[held[0]!] ?? (BARE_ADDRESS.test(held) ? bareAddress : plainText);
}

const keep = (text: string): Step => ({ take: text.length, show: text });
const undecided: Rule = () => undefined;

/** Everything up to the next sign, or to the end of the line: a new line may open a code block. */
const plainText: Rule = (held, { shown, fence }, _, final) => {
  const newline = held.indexOf("\n") + 1;
  if (newline === 1 || fence !== undefined) return keep(newline ? held.slice(0, newline) : held);
  SIGN.lastIndex = 1;
  const sign = SIGN.exec(held)?.index ?? held.length;
  const end = newline > 0 ? Math.min(newline, sign) : sign;
  if (end < held.length || final) return keep(held.slice(0, end));
  const start = held.search(ADDRESS_START);
  if (start < 0 || (start === 0 && /[a-z]$/i.test(shown))) return keep(held);
  return start > 0 ? keep(held.slice(0, start)) : undefined;
};

/** Only in the first column: elsewhere a list or a quote may end the block before we know of it. */
const fenceStart: Rule = (held, state, _, final) => {
  const line = /^(`{3,}(?=[^`\n]*\n)|~{3,}(?=[^\n]*\n))[^\n]*\n/.exec(held);
  if (line) {
    state.fence = line[1]!;
    return keep(line[0]);
  }
  const open = !held.includes("\n") && held.length < MAX_CODE_SPAN;
  return open && !final ? undefined : held[0] === "`" ? codeSpan(held, state, _, final) : keep("~");
};

const fenceEnd: Rule = (held, state, _, final) => {
  const newline = held.indexOf("\n") + 1;
  const line = newline > 0 ? held.slice(0, newline) : held;
  const run = /^ {0,3}([`~]*)[ \t]*\n?$/.exec(line)?.[1];
  if (run === undefined) return keep(line);
  if (newline === 0 && !final && line.length < MAX_CODE_SPAN) return undefined;
  const { fence } = state;
  if (run.length >= fence!.length && run === fence![0]!.repeat(run.length)) state.fence = undefined;
  return keep(line);
};

/** A span of one line; with a `|` it may be two cells of a table, so its content counts as text. */
const codeSpan: Rule = (held, { shown, inTag }, _, final) => {
  if (/(?<!\\)(?:\\\\)*\\$/.test(shown)) return keep("`");
  const near = held.slice(0, MAX_CODE_SPAN);
  const [run] = /^`+/.exec(near)!;
  const waiting = near.length < MAX_CODE_SPAN && !final && !near.includes("\n");
  if (run.length === near.length) return waiting ? undefined : keep(run);
  const closing = new RegExp(`(?<!\`)${run}(?!\`)`, "g");
  closing.lastIndex = run.length;
  const end = closing.exec(near.split("\n", 1)[0]!)?.index;
  if (end === undefined) return waiting ? undefined : keep(run);
  if (end + run.length === near.length && waiting) return undefined;
  const span = near.slice(0, end + run.length);
  return keep(inTag || span.includes("|") ? run : span);
};

const image: Rule = (held, _, __, final) => {
  if (held.length < 2 && !final) return undefined;
  return { take: 1, show: held[1] === "[" ? "! " : "!" };
};

/** A letter alone may be a formula: it stays, and only attributes that act are disarmed. */
const tag: Rule = (held, state, _, final) => {
  const [, first = "", second = ""] = held;
  if (!final && (first === "" || (/[a-z]/i.test(first) && second === ""))) return undefined;
  const element = /[/!?]/.test(first) || (/[a-z]/i.test(first) && /[a-z0-9:>-]/i.test(second));
  if (/[a-z]/i.test(first) && !element) state.inTag = true;
  return { take: 1, show: element ? "< " : "<" };
};

const tagEnd: Rule = (_, state) => {
  state.inTag = false;
  return keep(">");
};

const attribute: Rule = (_, { inTag, shown }) => ({
  take: 1,
  show: inTag && ACTIVE_ATTRIBUTE.test(shown) ? ":" : "=",
});

/** What follows the `]` of a link `](…` or of a reference's definition `]: …`. */
const linkTarget: Rule = (held, _, isOurs, final) => {
  if (held.length < 2) return final ? keep("]") : undefined;
  if (held[1] !== "(" && held[1] !== ":") return keep("]");
  const near = held.slice(0, MAX_ADDRESS);
  const parsed =
    /^(\][(:][ \t]*\n?[ \t]*)(<[^<>\n]*>|(?:\\[^\s]|\((?:\\.|[^\s()\\])*\)|[^\s()\\])*)/.exec(
      near,
    )!;
  const [all, before, target] = parsed as unknown as [string, string, string];
  // An unfinished `<…`, `(…` or `\\` may still belong to the address.
  const open =
    /^(?:\\|\((?:\\.|[^\s()\\])*\\?)?$/.test(near.slice(all.length)) ||
    /^<[^>\n]*$/.test(near.slice(before.length));
  if (open && near.length < MAX_ADDRESS && !final) return undefined;
  if (leadsAway(target, isOurs)) return { take: all.length, show: `${before}#` };
  return keep(/[<>"'`=]/.test(target) ? before : all);
};

const bareAddress: Rule = (held, { shown }, isOurs, final) => {
  if (/[a-z]$/i.test(shown)) return keep(held[0]!);
  const near = held.slice(0, MAX_ADDRESS);
  const [address] = BARE_ADDRESS.exec(near)!;
  if (address.length === near.length && near.length < MAX_ADDRESS && !final) return undefined;
  const bare = address.replace(/[.,;:!?'*_~]+$/, "");
  const url = /^www\./i.test(bare) ? `https://${bare}` : bare;
  return leadsAway(url, isOurs) ? { take: bare.length, show: "(link removed)" } : keep(address);
};

/** Reads an address as a lenient browser would. Relative ones stay with us. */
function leadsAway(target: string, isOurs: IsOurs): boolean {
  const address = target
    .replace(/^<|>$/g, "")
    .replace(/\\([!-/:-@[-`{-~])/g, "$1")
    .replaceAll("&amp;", "&")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers skip them, so we do
    .replace(/[\u0000-\u0020]/g, "");
  if (/&#?[a-z0-9]+;/i.test(address)) return true;
  if (/^[\\/]{2}/.test(address)) return true;
  if (!/^[a-z][a-z0-9+.-]*:/i.test(address)) return target.startsWith("<") && /[\s=]/.test(target);
  const url = URL.parse(address);
  return !url || !/^https?:$/.test(url.protocol) || url.username !== "" || !isOurs(url);
}

const RULES: Record<string, Rule> = {
  "`": codeSpan,
  "<": tag,
  ">": tagEnd,
  "!": image,
  "]": linkTarget,
  "=": attribute,
};
