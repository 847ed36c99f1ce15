import {
  codeSpan,
  endsIndentedBlock,
  fenceEnd,
  fenceStart,
  formulaBorder,
  indentedFence,
} from "./code-blocks";
import { type IsAllowedUrl, passThrough, type SanitizerRule, type SanitizerState } from "./rule";

export type MarkdownSanitizer = {
  /** Takes the next piece of an answer; returns the output that is certain so far. */
  push(piece: string): string;
  /** Ends the answer; returns the rest of the output. */
  end(): string;
};

/** The end of a longer address is not waited for. */
const MAX_ADDRESS = 2_000;

const SIGN = /[`<>!\]=]|(?<!https?|ftp):|https?:\/\/|ftp:\/\/|www\./gi;
/** The end of a piece that the next piece can complete to an address. */
const ADDRESS_START =
  /(?<![a-z])(?:h(?:t(?:t(?:p(?:s?(?::\/?)?)?)?)?)?|f(?:t(?:p(?::\/?)?)?)?|ww?w?)$|(?<=https?|ftp):\/?$/i;
const BARE_ADDRESS = /^(?:https?:\/\/|ftp:\/\/|www\.)[^\s<>"`[\]()|]*/i;
/** Attributes that make a one-letter element load, link or run something. */
const ACTIVE_ATTRIBUTE = /(?:^|[^a-z])(?:on[a-z]+|href|style|src|ping|cite|action)\s*$/i;

/**
 * Removes everything from a streamed Markdown answer that can load or link to a foreign host: images,
 * raw HTML, and links. A hostile slide can make the model write them, and their addresses could
 * contain the user's text.
 *
 * A space breaks an image (`! [`) or a tag (`< img`), so the text stays readable; a foreign link gets
 * the target `#`. Code and `<` in formulas are unchanged. The output does not depend on how the
 * answer is divided into pieces.
 */
export function createMarkdownSanitizer(isAllowedUrl: IsAllowedUrl): MarkdownSanitizer {
  const state: SanitizerState = {
    isAllowedUrl,
    shown: "\n",
    fence: undefined,
    inTag: false,
    unclosed: new Set(),
    indented: undefined,
    inFormula: false,
    isAmbiguous: false,
  };
  let pending = "";

  const flush = (isFinal: boolean): string => {
    let out = "";
    while (pending !== "") {
      const replacement = nextRule(pending, state, isFinal)(pending, state, isFinal);
      if (!replacement) break;
      out += replacement.show;
      state.shown = (state.shown + replacement.show).slice(-40);
      if (state.shown.endsWith("\n\n")) endParagraph(state);
      pending = pending.slice(replacement.take);
    }
    return out;
  };

  return {
    push(piece) {
      pending += piece;
      return flush(false);
    },
    end: () => flush(true),
  };
}

/** Inline elements end with their paragraph at the latest. */
function endParagraph(state: SanitizerState): void {
  state.inTag = false;
  state.unclosed.clear();
}

function nextRule(pending: string, state: SanitizerState, isFinal: boolean): SanitizerRule {
  if (state.shown.endsWith("\n")) {
    if (state.fence !== undefined) return fenceEnd;
    if (!isFinal && /^ {0,3}(?:`{1,2}|~{1,2}|\$)?$/.test(pending)) return undecided;
    if (/^ {0,3}\$\$/.test(pending)) return formulaBorder;
    if (/^ {1,3}(?:`{3}|~{3})/.test(pending)) return indentedFence;
    if (state.indented && endsIndentedBlock(pending, state.indented.indent))
      state.isAmbiguous = true;
    if (/^(?:`{3}|~{3})/.test(pending)) return fenceStart;
  }
  if (state.fence !== undefined) return plainText;
  return RULES[pending[0]!] ?? (BARE_ADDRESS.test(pending) ? bareAddress : plainText);
}

const undecided: SanitizerRule = () => undefined;

/** Text up to the next special character or the end of the line, because a new line can open a code block. */
const plainText: SanitizerRule = (pending, { shown, fence }, isFinal) => {
  const newline = pending.indexOf("\n") + 1;
  if (newline === 1 || fence !== undefined)
    return passThrough(newline ? pending.slice(0, newline) : pending);
  const line = newline > 0 ? pending.slice(0, newline) : pending;
  SIGN.lastIndex = 1;
  const end = SIGN.exec(line)?.index ?? line.length;
  if (end < pending.length || isFinal) return passThrough(pending.slice(0, end));
  const start = pending.search(ADDRESS_START);
  if (start < 0) return passThrough(pending);
  if (start === 0 && /^[a-z]/i.test(pending) && /[a-z]$/i.test(shown))
    return passThrough(pending[0]!);
  return start > 0 ? passThrough(pending.slice(0, start)) : undefined;
};

/** Most clients do not link an address that follows a letter; this breaks it for those that do. */
const colon: SanitizerRule = (pending, { shown }, isFinal) => {
  if (!/(?:https?|ftp)$/i.test(shown)) return passThrough(":");
  if (/^:\/?$/.test(pending) && !isFinal) return undefined;
  return { take: 1, show: pending.startsWith("://") ? ": " : ":" };
};

const image: SanitizerRule = (pending, _, isFinal) => {
  if (pending.length < 2 && !isFinal) return undefined;
  return { take: 1, show: pending[1] === "[" ? "! " : "!" };
};

/**
 * A one-letter tag can be a formula such as a<b: it is kept, and only its active attributes are
 * disabled. At the start of a line it could open an HTML block, in which code fences do not count.
 */
const tag: SanitizerRule = (pending, state, isFinal) => {
  const [, first = "", second = ""] = pending;
  if (!isFinal && (first === "" || (/[a-z]/i.test(first) && second === ""))) return undefined;
  const begins = /\n *$/.test(state.shown);
  const element =
    /[/!?]/.test(first) || (/[a-z]/i.test(first) && (begins || /[a-z0-9:>-]/i.test(second)));
  if (/[a-z]/i.test(first) && !element) state.inTag = true;
  return { take: 1, show: element ? "< " : "<" };
};

const tagEnd: SanitizerRule = (_, state) => {
  state.inTag = false;
  return passThrough(">");
};

const attribute: SanitizerRule = (_, { inTag, shown }) => ({
  take: 1,
  show: inTag && ACTIVE_ATTRIBUTE.test(shown) ? ":" : "=",
});

/** The target after the `]` of a link `](…` or of a reference definition `]: …`. */
const linkTarget: SanitizerRule = (pending, state, isFinal) => {
  if (pending.length < 2) return isFinal ? passThrough("]") : undefined;
  if (pending[1] !== "(" && pending[1] !== ":") return passThrough("]");
  const near = pending.slice(0, MAX_ADDRESS);
  const parsed =
    /^(\][(:][ \t]*\n?[ \t]*)(<[^<>\n]*>|(?:\\[^\s]|\((?:\\.|[^\s()\\])*\)|[^\s()\\])*)/.exec(
      near,
    )!;
  const [all, before, target] = parsed as unknown as [string, string, string];
  // An unfinished `<…`, `(…` or `\\` can still belong to the address.
  const open =
    /^(?:\\|\((?:\\.|[^\s()\\])*\\?)?$/.test(near.slice(all.length)) ||
    /^<[^>\n]*$/.test(near.slice(before.length));
  if (open && near.length < MAX_ADDRESS && !isFinal) return undefined;
  if (isForeign(target, state.isAllowedUrl)) return { take: all.length, show: `${before}#` };
  // Some clients parse the first line of a code block as the definition's address.
  if (before.includes("\n") && /^[`~]{3}/.test(target)) state.isAmbiguous = true;
  // Without its `[` this is neither a link nor a definition, so the other rules must check it.
  return passThrough(/[<>"'`=![\]]/.test(target) ? before : all);
};

const bareAddress: SanitizerRule = (pending, { shown, isAllowedUrl }, isFinal) => {
  if (/[a-z]$/i.test(shown)) return passThrough(pending[0]!);
  const near = pending.slice(0, MAX_ADDRESS);
  const [address] = BARE_ADDRESS.exec(near)!;
  if (address.length === near.length && near.length < MAX_ADDRESS && !isFinal) return undefined;
  const bare = address.replace(/[.,;:!?'*_~]+$/, "");
  const url = /^www\./i.test(bare) ? `https://${bare}` : bare;
  return isForeign(url, isAllowedUrl)
    ? { take: bare.length, show: "(link removed)" }
    : passThrough(address);
};

/** Parses an address as leniently as browsers do. Relative addresses are not foreign. */
function isForeign(target: string, isAllowedUrl: IsAllowedUrl): boolean {
  const address = target
    .replace(/^<|>$/g, "")
    .replace(/\\([!-/:-@[-`{-~])/g, "$1")
    .replaceAll("&amp;", "&")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers skip them, so we do
    .replace(/[\u0000-\u0020]/g, "");
  if (/&#?[a-z0-9]+;/i.test(address)) return true;
  if (/^[\\/]{2}/.test(address)) return true;
  // Without the `[` of a link it is text, and clients link an address in text.
  if (/^(?!https?:).*(?:https?:|ftp:|www\.)/i.test(address)) return true;
  if (!/^[a-z][a-z0-9+.-]*:/i.test(address)) return target.startsWith("<") && /[\s=]/.test(target);
  const url = URL.parse(address);
  return !url || !/^https?:$/.test(url.protocol) || url.username !== "" || !isAllowedUrl(url);
}

const RULES: Record<string, SanitizerRule> = {
  "`": codeSpan,
  "<": tag,
  ">": tagEnd,
  "!": image,
  "]": linkTarget,
  "=": attribute,
  ":": colon,
};
