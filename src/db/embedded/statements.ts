/**
 * Properties of a statement that the gateway must know before the backend runs it.
 *
 * SQL text is cut into statements with comments and string literals blanked, so that nothing a
 * user typed into a literal looks like a command. Quoted identifiers stay.
 */

/** Sticky, tried in this order: the parts of SQL text that hide their content from the parser. */
const HIDDEN = [
  /--[^\n]*/y,
  /[eE]'(?:[^'\\]|\\[\s\S]|'')*'/y,
  /'(?:[^']|'')*'/y,
  /(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[\s\S]*?\1/y,
];
const QUOTED_NAME = /"(?:[^"]|"")*"/y;
const WORD = /[\w$\u0080-\uffff]+/y;

/** The statements of a query string, trimmed, without empty ones. */
export function splitStatements(sql: string): string[] {
  const statements = [""];
  for (let at = 0; at < sql.length; ) {
    const hidden = hiddenPart(sql, at);
    const shown = hidden ? "" : shownPart(sql, at);
    at += (hidden || shown).length;

    if (shown === ";") statements.push("");
    else statements[statements.length - 1] += hidden ? " " : shown;
  }
  return statements.map((statement) => statement.trim()).filter(Boolean);
}

/** True for `copy table from stdin`, which would make PGlite wait for input that cannot come. */
export function isCopyFromClient(statement: string): boolean {
  // The grammar takes STDOUT for STDIN. A query in parentheses is the source of a COPY TO.
  return /^copy\b(?:"(?:[^"]|"")*"|[^"()])*?(?:\((?:"(?:[^"]|"")*"|[^"()])*\))?\s*\bfrom\s+std(?:in|out)\b/i.test(
    statement,
  );
}

/** `{ listen: channel }`, `{ unlisten: channel or "*" }`, or neither. */
export function readListen(statement: string): { listen?: string; unlisten?: string } {
  const match = /^(un)?listen\b\s*("(?:[^"]|"")+"|\*|[^\s"]+)$/i.exec(statement);
  if (!match) return {};
  const channel = unquote(match[2]!);
  return match[1] ? { unlisten: channel } : { listen: channel };
}

export const quoteName = (name: string) => `"${name.replaceAll('"', '""')}"`;

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

function hiddenPart(sql: string, at: number): string {
  if (sql.startsWith("/*", at)) return blockComment(sql, at);
  for (const pattern of HIDDEN) {
    const part = matchAt(pattern, sql, at);
    if (part) return part;
  }
  return "";
}

/** A whole word at a time, so that neither `a$b$` nor `type'…'` is taken for a literal's start. */
function shownPart(sql: string, at: number): string {
  return matchAt(QUOTED_NAME, sql, at) || matchAt(WORD, sql, at) || sql[at]!;
}

/** Block comments nest in PostgreSQL. */
function blockComment(sql: string, at: number): string {
  const edges = /\/\*|\*\//g;
  edges.lastIndex = at;
  for (let depth = 0, edge = edges.exec(sql); edge; edge = edges.exec(sql)) {
    depth += edge[0] === "/*" ? 1 : -1;
    if (depth === 0) return sql.slice(at, edges.lastIndex);
  }
  return sql.slice(at);
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}
