import {
  codeSpan,
  fenceEnd,
  fenceStart,
  formulaBorder,
  type IsOurs,
  indentedFence,
  keep,
  leaves,
  type Rule,
  type State,
} from "./code-blocks";

export type { IsOurs } from "./code-blocks";

export type Neutraliser = {
  /** Takes the next piece of an answer; returns what can be shown of it by now. */
  push(piece: string): string;
  /** The answer is over: returns what was held back. */
  end(): string;
};

/** No honest address is longer; what is, is not held back for ever. */
const MAX_ADDRESS = 2_000;

const SIGN = /[`<>!\]=]|(?<!https?|ftp):|https?:\/\/|ftp:\/\/|www\./gi;
/** The end of a piece that the next piece may complete to an address. */
const ADDRESS_START =
  /(?<![a-z])(?:h(?:t(?:t(?:p(?:s?(?::\/?)?)?)?)?)?|f(?:t(?:p(?::\/?)?)?)?|ww?w?)$|(?<=https?|ftp):\/?$/i;
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
  const state: State = {
    ...{ shown: "\n", fence: undefined, inTag: false, unclosed: new Set() },
    ...{ indented: undefined, inFormula: false, isDoubtful: false },
  };
  let held = "";

  const show = (final: boolean): string => {
    let out = "";
    while (held !== "") {
      const step = nextRule(held, state, final)(held, state, isOurs, final);
      if (!step) break;
      out += step.show;
      state.shown = (state.shown + step.show).slice(-40);
      if (state.shown.endsWith("\n\n")) endParagraph(state);
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

/** What is inline ends with its paragraph at the latest. */
function endParagraph(state: State): void {
  state.inTag = false;
  state.unclosed.clear();
}

function nextRule(held: string, state: State, final: boolean): Rule {
  if (state.shown.endsWith("\n")) {
    if (state.fence !== undefined) return fenceEnd;
    if (!final && /^ {0,3}(?:`{1,2}|~{1,2}|\$)?$/.test(held)) return undecided;
    if (/^ {0,3}\$\$/.test(held)) return formulaBorder;
    if (/^ {1,3}(?:`{3}|~{3})/.test(held)) return indentedFence;
    if (state.indented && leaves(held, state.indented.indent)) state.isDoubtful = true;
    if (/^(?:`{3}|~{3})/.test(held)) return fenceStart;
  }
  if (state.fence !== undefined) return plainText;
  return RULES[held[0]!] ?? (BARE_ADDRESS.test(held) ? bareAddress : plainText);
}

const undecided: Rule = () => undefined;

/** Everything up to the next sign, or to the end of the line: a new line may open a code block. */
const plainText: Rule = (held, { shown, fence }, _, final) => {
  const newline = held.indexOf("\n") + 1;
  if (newline === 1 || fence !== undefined) return keep(newline ? held.slice(0, newline) : held);
  const line = newline > 0 ? held.slice(0, newline) : held;
  SIGN.lastIndex = 1;
  const end = SIGN.exec(line)?.index ?? line.length;
  if (end < held.length || final) return keep(held.slice(0, end));
  const start = held.search(ADDRESS_START);
  if (start < 0) return keep(held);
  if (start === 0 && /^[a-z]/i.test(held) && /[a-z]$/i.test(shown)) return keep(held[0]!);
  return start > 0 ? keep(held.slice(0, start)) : undefined;
};

/** An address behind a letter is none to most clients; to the others it is broken here. */
const colon: Rule = (held, { shown }, _, final) => {
  if (!/(?:https?|ftp)$/i.test(shown)) return keep(":");
  if (/^:\/?$/.test(held) && !final) return undefined;
  return { take: 1, show: held.startsWith("://") ? ": " : ":" };
};

const image: Rule = (held, _, __, final) => {
  if (held.length < 2 && !final) return undefined;
  return { take: 1, show: held[1] === "[" ? "! " : "!" };
};

/**
 * A letter alone may be a formula: it stays, and only attributes that act are disarmed. One that
 * begins a line could make a block of HTML, in which a fence is none.
 */
const tag: Rule = (held, state, _, final) => {
  const [, first = "", second = ""] = held;
  if (!final && (first === "" || (/[a-z]/i.test(first) && second === ""))) return undefined;
  const begins = /\n *$/.test(state.shown);
  const element =
    /[/!?]/.test(first) || (/[a-z]/i.test(first) && (begins || /[a-z0-9:>-]/i.test(second)));
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
const linkTarget: Rule = (held, state, isOurs, final) => {
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
  // Some clients read the first line of a code block as the definition's address.
  if (before.includes("\n") && /^[`~]{3}/.test(target)) state.isDoubtful = true;
  // No definition, or no link without its `[`: then other rules must see what stands there.
  return keep(/[<>"'`=![\]]/.test(target) ? before : all);
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
  // Without the `[` of a link it is text, in which an address becomes one.
  if (/^(?!https?:).*(?:https?:|ftp:|www\.)/i.test(address)) return true;
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
  ":": colon,
};
