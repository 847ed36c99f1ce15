import type { Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { mathFromMarkdown } from "mdast-util-math";
import { gfm } from "micromark-extension-gfm";
import { math } from "micromark-extension-math";

/** In place of a `$` that is an amount of money. One character of private use, so that positions stay. */
const DOLLAR = "\uE000";
/** The rule of `src/chat/citations/marks.ts`: a formula has no space inside its `$`. */
const INLINE = /(?<![\\$])\$(?!\$)(?=\S)[^$\n]*?(?<=\S)\$(?![\d$])/g;
const CODE = /(?:```|~~~)[\s\S]*?(?:```|~~~|$)|`[^`\n]*`/g;
/** How models write formulas. The delimiters have the length of `$$`. */
const TEX = /\\\[([\s\S]{0,2000}?)\\\]|\\\(([\s\S]{0,2000}?)\\\)/g;

/** Quotes and lists of so many levels in one line: they take seconds to parse, and exceed the stack. */
const TOO_DEEP = /^(?:[ \t]*(?:>|(?:[*+-]|\d{1,9}[.)])[ \t])){100}/m;

/** True for a text whose source should be shown instead. */
export const isTooDeep = (text: string): boolean => TOO_DEEP.test(text);

/** Parses Markdown with tables and formulas. Positions in the tree are positions in the text. */
export function parseMarkdown(text: string): Root {
  return fromMarkdown(normalizeFormulas(text), {
    extensions: [gfm(), math()],
    mdastExtensions: [gfmFromMarkdown(), mathFromMarkdown()],
  });
}

export const restoreDollars = (text: string): string => text.replaceAll(DOLLAR, "$");

/** Writes all formulas with `$`, and replaces each `$` that is no formula. The length stays the same. */
const normalizeFormulas = (text: string): string => rewriteBetween(text, CODE, normalizeProse);

function normalizeProse(prose: string): string {
  const withDollars = prose.replace(TEX, (_, display, inline) => `$$$$${display ?? inline}$$$$`);
  return rewriteBetween(withDollars, INLINE, withoutSingle);
}

/** Rewrites the text before, between and after the matches, which stay as they are. */
function rewriteBetween(text: string, matches: RegExp, rewrite: (text: string) => string): string {
  let result = "";
  let from = 0;
  for (const { 0: match, index } of text.matchAll(matches)) {
    result += rewrite(text.slice(from, index)) + match;
    from = index + match.length;
  }
  return result + rewrite(text.slice(from));
}

const withoutSingle = (text: string) => text.replace(/(?<![\\$])\$(?!\$)/g, DOLLAR);
