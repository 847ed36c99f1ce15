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

/** Parses Markdown with tables and formulas. Positions in the tree are positions in the text. */
export function parseMarkdown(text: string): Root {
  return fromMarkdown(normalizeFormulas(text), {
    extensions: [gfm(), math()],
    mdastExtensions: [gfmFromMarkdown(), mathFromMarkdown()],
  });
}

export const restoreDollars = (text: string): string => text.replaceAll(DOLLAR, "$");

/** Writes all formulas with `$`, and replaces each `$` that is no formula. The length stays the same. */
function normalizeFormulas(text: string): string {
  let result = "";
  let from = 0;
  for (const { 0: code, index } of text.matchAll(CODE)) {
    result += normalizeProse(text.slice(from, index)) + code;
    from = index + code.length;
  }
  return result + normalizeProse(text.slice(from));
}

function normalizeProse(prose: string): string {
  const withDollars = prose.replace(TEX, (_, display, inline) => `$$$$${display ?? inline}$$$$`);
  let result = "";
  let from = 0;
  for (const { 0: formula, index } of withDollars.matchAll(INLINE)) {
    result += withoutSingle(withDollars.slice(from, index)) + formula;
    from = index + formula.length;
  }
  return result + withoutSingle(withDollars.slice(from));
}

const withoutSingle = (text: string) => text.replace(/(?<![\\$])\$(?!\$)/g, DOLLAR);
