const FENCE = /^[ \t>]*(?:```|~~~)/gm;
const CLOSED = /`[^`]+`|\*\*[^*]+\*\*/g;
/** Bold or code that begins and does not end. The last star can be the first half of an end. */
const OPEN = /(\*\*|`)(?!\s)([^*`]*)(\*?)$/;

/**
 * Closes bold and code at the end of a text that grows, so that their signs are not shown until their end arrives.
 * Signs without a text after them are left out.
 *
 * @param text a block of Markdown
 */
export function closeOpen(text: string): string {
  if ((text.match(FENCE) ?? []).length % 2 === 1) return text; // the code is not complete
  const line = text.slice(text.lastIndexOf("\n") + 1);
  const [open, sign = "", words = "", half = ""] = OPEN.exec(line.replace(CLOSED, "")) ?? [];
  if (open === undefined) return text;
  if (words === "") return text.slice(0, text.length - open.length);
  if (half !== "") return sign === "**" ? `${text}*` : text;
  return text.trimEnd() + sign;
}
