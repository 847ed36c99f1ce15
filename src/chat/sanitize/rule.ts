/** True if an answer can link to this absolute URL: it is ours, or on the host of a cited asset. */
export type IsAllowedUrl = (url: URL) => boolean;

export type SanitizerState = {
  isAllowedUrl: IsAllowedUrl;
  /** The last characters of the output. */
  shown: string;
  /** The backticks or tildes that opened the current code block. */
  fence: string | undefined;
  /** Between a one-letter tag, or a formula such as a<b, and the next `>`. */
  inTag: boolean;
  /** Lengths of backtick runs in this paragraph that are not closed yet. */
  unclosed: Set<number>;
  /** An open indented code block. A list around it could end it. */
  indented: { indent: number; fence: string } | undefined;
  /** Between the `$$` of a formula, which some clients parse before code. */
  inFormula: boolean;
  /** From here on, Markdown parsers can disagree about code, so everything counts as text. */
  isAmbiguous: boolean;
};

/** The length of the pending text to consume, and its output. Undefined: the rule needs more text. */
export type Replacement = { take: number; show: string } | undefined;

/** @param isFinal no more text follows */
export type SanitizerRule = (
  pending: string,
  state: SanitizerState,
  isFinal: boolean,
) => Replacement;

export const passThrough = (text: string): Replacement => ({ take: text.length, show: text });
