import { z } from "zod";

/** The name of a file in the folder of a course. */
export const FileName = z.string().min(1);

const MOST_SECONDS = 1_800_000;
const CLOCK = /^(?:(\d+):)?(\d{1,4}):([0-5]?\d(?:[.,]\d+)?)$/;

const UNITS =
  /^(?:(\d+)\s*(?:h|std\.?))?\s*(?:(\d+)\s*(?:m|min\.?))?\s*(?:(\d+(?:[.,]\d+)?)\s*(?:s|sec\.?|sek\.?))?$/i;

/** Seconds as a number, or as a time of a recording: `95.5`, `"95.5"`, `"1:35"`, `"0:01:35"`, `"1m35s"`. */
export const Seconds = z
  .union([z.number(), z.string()], { error: "must be seconds, or a time such as 12:30" })
  .transform((written, context) => {
    const seconds = typeof written === "number" ? written : toSeconds(written.trim());
    if (Number.isFinite(seconds) && seconds >= 0 && seconds <= MOST_SECONDS) return seconds;
    context.addIssue(`must be seconds, or a time such as 12:30, not ${JSON.stringify(written)}`);
    return z.NEVER;
  });

function toSeconds(text: string): number {
  if (/^\d+(?:[.,]\d+)?$/.test(text)) return Number(text.replace(",", "."));
  const parts = CLOCK.exec(text) ?? (text === "" ? null : UNITS.exec(text));
  if (!parts) return Number.NaN;
  const [, hours = "0", minutes = "0", seconds = "0"] = parts;
  if (text.split(":").length === 3 && Number(minutes) > 59) return Number.NaN;
  return Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds.replace(",", "."));
}

/** No PDF that Lectern accepts has more pages. */
const MOST_PAGES = 10_000;
export const PAGES_HINT = "must be pages from 1, such as 4, [4, 5] or 4-6";

/** A page by its position in the file, from 1, or by the label that the PDF gives it, such as `iv`. */
export type WrittenPage = number | string;

/**
 * Pages as a number, as a list, or as text: `4`, `[4, 5]`, `"4-6"`, `"2, 4-6"`, `"iv"`, `"A-3"`. A number is a position.
 * Other text is a label, which only the PDF can resolve.
 */
export const Pages = z
  .union([z.number(), z.string(), z.array(z.union([z.number(), z.string()]))], {
    error: PAGES_HINT,
  })
  .transform((written, context) => {
    const pages = [written].flat().flatMap(toPages);
    const isValid = (page: WrittenPage) =>
      typeof page === "string"
        ? page !== ""
        : Number.isInteger(page) && page >= 1 && page <= MOST_PAGES;
    if (pages.length > 0 && pages.every(isValid)) return pages;
    context.addIssue(`${PAGES_HINT}, not ${JSON.stringify(written)}`);
    return z.NEVER;
  });

function toPages(written: number | string): WrittenPage[] {
  if (typeof written === "number") return [written];
  return written.split(/[,;]/).flatMap((part): WrittenPage[] => {
    const [, first, last = first] = /^\s*(\d+)\s*(?:[-–—]\s*(\d+)\s*)?$/.exec(part) ?? [];
    const isLabel = first === undefined && !/^\s*[-+]?[\d.]*\s*$/.test(part);
    if (isLabel) return [part.trim().normalize()];
    const [from, to] = [Number(first), Number(last)];
    if (!(from <= to && to <= MOST_PAGES)) return [NaN];
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

export const isInOrder = ({ start_s, end_s }: { start_s: number; end_s: number }) =>
  start_s < end_s;
export const IN_ORDER = "end_s must be greater than start_s";

const GoldPages = z.strictObject({ file: FileName, pages: Pages });
const GoldSpeech = z
  .strictObject({ file: FileName, start_s: Seconds, end_s: Seconds })
  .refine(isInOrder, IN_ORDER);
type Gold = z.output<typeof GoldPages> | z.output<typeof GoldSpeech>;

const NEEDS_PLACE =
  "needs file and pages (of a PDF, from 1), or file, start_s and end_s (of a transcript)";

/** A place that answers a question. Its error is that of the kind of place that is meant. */
export const GoldPlaceOfFolder = z
  .record(z.string(), z.unknown(), { error: NEEDS_PLACE })
  .transform((written, context): Gold => {
    const hasPages = "pages" in written;
    const hasSeconds = "start_s" in written || "end_s" in written;
    if (!("file" in written) || hasPages === hasSeconds) {
      context.addIssue(NEEDS_PLACE);
      return z.NEVER;
    }
    const { data, error } = (hasPages ? GoldPages : GoldSpeech).safeParse(written);
    if (data) return data;
    for (const { path, message } of error!.issues) {
      context.issues.push({ code: "custom", path: [...path], message, input: written });
    }
    return z.NEVER;
  });
