/** Reads tables whose rows are texts with times: TSV and CSV, labels of Audacity, and ASS subtitles. */
import { parse } from "csv-parse/sync";
import type { Json } from "./json-values";
import type { LooseTranscript } from "./loose-transcript";
import { linesOf } from "./text-lines";
import { readTimedLists } from "./timed-lists";

/** One row more than a transcript can have segments, so that a longer table is refused. */
const MAX_ROWS = 100_001;
/** A table with more columns is no transcript, and each row would be compared with all of them. */
const MAX_COLUMNS = 200;

/**
 * @returns null for a text that is no such table
 */
export function readTimedTable(text: string): LooseTranscript | null {
  const rows = readSubStation(text) ?? readLabels(text) ?? readDelimited(text);
  return rows && readTimedLists({ rows });
}

/** Audacity's labels, also written by aeneas: start and end in seconds, then the text. */
const LABEL = /^(\d{1,6}(?:[.,]\d{1,9})?)\t(\d{1,6}(?:[.,]\d{1,9})?)\t(.*)$/;

function readLabels(text: string): Json[] | null {
  const lines = linesOf(text);
  const rows = lines.slice(0, MAX_ROWS).flatMap((line) => {
    const [, start, end, label] = LABEL.exec(line) ?? [];
    if (start === undefined) return [];
    return [{ start: start.replace(",", "."), end: end!.replace(",", "."), text: label }];
  });
  return rows.length > 0 && rows.length * 2 > Math.min(lines.length, MAX_ROWS) ? rows : null;
}

const DECIMAL_COMMA = /^(\d{1,6}),(\d{1,9})$/;

/** The first row names the columns. */
function readDelimited(text: string): Json[] | null {
  const [head = ""] = linesOf(text);
  const delimiter = ["\t", ";", ","].find((one) => head.includes(one));
  if (delimiter === undefined || !/start|begin|time|anfang|von|inicio/i.test(head)) return null;
  if (head.split(delimiter).length > MAX_COLUMNS) return null;
  try {
    return parse(text, {
      bom: true,
      columns: true,
      delimiter,
      relaxColumnCount: true,
      // Whisper writes TSV without quoting.
      ...(delimiter === "\t" ? { quote: false } : { relaxQuotes: true }),
      skipEmptyLines: true,
      to: MAX_ROWS,
      // Spreadsheets of many languages.
      ...(delimiter !== "," && { cast: (cell) => cell.replace(DECIMAL_COMMA, "$1.$2") }),
    });
  } catch {
    return null;
  }
}

const STYLES = /\{[^{}]*\}/g;
/** Text after `\p1` is a drawing. */
const DRAWING = /\{[^{}]*\\p[1-9]/;

/** ASS and SSA: lines of `[Events]`, with the order of their fields in `Format:`. */
function readSubStation(text: string): Json[] | null {
  if (!/^\s*\[Script Info\]/i.test(text)) return null;
  const events = text.slice(text.search(/^\[Events\]/im));
  const names = (/^Format:(.*)$/im.exec(events)?.[1] ?? "").split(",").map((name) => name.trim());
  if (names.length > MAX_COLUMNS) return null;
  return [...events.matchAll(/^Dialogue:(.*)$/gim)]
    .slice(0, MAX_ROWS)
    .flatMap(([, fields = ""]) => {
      const values = fields.trim().split(",");
      const last = values.slice(names.length - 1).join(",");
      const fieldOf = (name: string) => values[names.indexOf(name)]?.trim();
      if (DRAWING.test(last)) return [];
      const shown = last
        .replace(STYLES, "")
        .replace(/\\[Nn]/g, "\n")
        .replace(/\\h/g, " ");
      return [
        {
          start: fieldOf("Start"),
          end: fieldOf("End"),
          speaker: fieldOf("Name"),
          text: shown.trim(),
        },
      ];
    });
}
