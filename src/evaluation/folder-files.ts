import { readdir, stat } from "node:fs/promises";
import { extname, join, parse } from "node:path";
import { AppError, ERRORS } from "../errors";
import { readPdf } from "../media/pdf/pdf";
import { editDistance } from "../text/edit-distance";
import { parseTranscriptFile } from "../text/transcript/transcript-file";
import { TRANSCRIPT_EXTENSIONS } from "../text/transcript/transcript-kinds";
import { PAGES_HINT, type WrittenPage } from "./gold";

/** A PDF with its number of pages, a transcript with the end of its speech, or a damaged file that questions name. */
export type CourseFile =
  | { name: string; kind: "document"; page_count: number; page_labels: PageLabels }
  | { name: string; kind: "transcript"; end_ms: number }
  | { name: string; kind: "damaged" };

/** How a folder is read. `warn` receives a sentence about each file that is left out. */
export type FolderLimits = {
  /** Of a PDF. */
  maxPages: number;
  signal: AbortSignal;
  warn: (warning: string) => void;
};

/** The label of each page; null when the PDF has none. */
type PageLabels = readonly (string | null)[] | null;

/** Pages of a PDF, or seconds of a recording. */
type FolderPlace =
  | { file: string; pages: readonly WrittenPage[] }
  | { file: string; start_s: number; end_s: number };

/** Files with these extensions often have other content, such as notes or a report. */
const SHARED_EXTENSIONS = ["json", "jsonl", "xml", "csv", "tsv", "txt"];

const extensionOf = (name: string) => extname(name).slice(1).toLowerCase();

/** The files of a folder that can be material of a course. */
export type FolderListing = { documents: string[]; transcripts: string[] };

/**
 * The names of the files in a folder, without hidden ones, such as the `._deck.pdf` of macOS. Material that cannot be
 * opened by its name is left out with a warning.
 *
 * @param others  names that are not transcripts, in lower case
 * @param warn  receives a sentence about each file that is left out
 * @throws AppError `evaluation_set_invalid` for a folder that cannot be read
 */
export async function listFolder(
  folder: string,
  others: readonly string[],
  warn: (warning: string) => void,
): Promise<FolderListing & { names: string[] }> {
  const listed = await readdir(folder).catch((error) => {
    throw invalid(folder, `the folder cannot be read (${error.code ?? error.message})`);
  });
  const names: string[] = [];
  const isMaterial = (name: string) => extensionOf(name) === "pdf" || isTranscript(name);
  const isTranscript = (name: string) =>
    (TRANSCRIPT_EXTENSIONS as readonly string[]).includes(extensionOf(name)) &&
    !others.includes(name.toLowerCase());
  for (const name of listed.filter((one) => !one.startsWith(".")).sort()) {
    const found = await stat(join(folder, name)).catch((error: NodeJS.ErrnoException) => error);
    if (!(found instanceof Error)) {
      if (found.isFile()) names.push(name);
    } else if (isMaterial(name)) {
      const reason = name.includes("\uFFFD")
        ? "its name is not UTF-8: rename it"
        : `it cannot be opened (${found.code ?? found.message})`;
      warn(`${name} is left out, because ${reason}`);
    }
  }
  return {
    names,
    documents: names.filter((name) => extensionOf(name) === "pdf"),
    transcripts: names.filter(isTranscript),
  };
}

/**
 * One transcript of each recording: tools such as Whisper write the same speech in several formats, and copies would
 * compete in search.
 *
 * @param named  normalized names in the questions and labels; none of these files is left out
 */
export function withoutCopies(
  transcripts: readonly string[],
  named: ReadonlySet<string>,
  warn: (warning: string) => void,
): string[] {
  const copies = Map.groupBy(transcripts, (name) => parse(name).name.normalize());
  return [...copies.values()].flatMap((names) => {
    const wanted = names.filter((name) => named.has(name.normalize()));
    const byExtension = (a: string, b: string) => rankOf(a) - rankOf(b);
    const kept = wanted.length > 0 ? wanted : names.toSorted(byExtension).slice(0, 1);
    for (const name of names.filter((one) => !kept.includes(one))) {
      warn(`${name} is left out, because ${kept.join(" and ")} has the same name`);
    }
    return kept;
  });
}

const rankOf = (name: string) =>
  (TRANSCRIPT_EXTENSIONS as readonly string[]).indexOf(extensionOf(name));

/**
 * Opens each file, so that a damaged one is found before a model is paid for. It is left out with a warning; if a
 * question names it, as `damaged`, because a typing error in a name must stay a different problem.
 *
 * @param named  normalized names in the questions and labels
 * @throws AppError `evaluation_set_invalid` if a question names a text, a table or a JSON file that is not a transcript;
 *   AppError if files cannot be read for another reason than their content; the signal's reason
 */
export async function readCourseFiles(
  folder: string,
  { documents, transcripts }: FolderListing,
  named: ReadonlySet<string>,
  { maxPages, signal, warn }: FolderLimits,
): Promise<CourseFile[]> {
  const files: CourseFile[] = [];
  const add = async (name: string, read: (path: string) => Promise<CourseFile>) => {
    try {
      files.push(await read(join(folder, name)));
    } catch (error) {
      signal.throwIfAborted();
      const cannotBeOpened = (error as NodeJS.ErrnoException).code !== undefined;
      if (!cannotBeOpened && !isFaultOfFile(error)) throw error;
      const reason = describeFailure(error);
      const isShared = SHARED_EXTENSIONS.includes(extensionOf(name));
      if (named.has(name.normalize())) {
        if (isShared) throw invalid(join(folder, name), reason);
        warn(`${name} is left out, so questions about it count as not found: ${reason}`);
        files.push({ name, kind: "damaged" });
      } else if (isShared) {
        warn(`${name} is left out, because it is not a transcript`);
      } else warn(`${name} is left out: ${reason}`);
    }
  };
  for (const name of documents) {
    await add(name, async (path) => {
      await using pdf = await readPdf(path, { maxPages, signal });
      const { page_count, page_labels } = pdf;
      return { name, kind: "document", page_count, page_labels };
    });
  }
  for (const name of transcripts) {
    await add(name, async (path) => {
      const bytes = await Bun.file(path).bytes();
      const { segments } = parseTranscriptFile({ filename: name, bytes });
      const end_ms = segments.reduce((last, one) => Math.max(last, one.end_ms), 0);
      return { name, kind: "transcript", end_ms };
    });
  }
  return files;
}

/** Too large, of another type, or not usable. */
const STATUS_OF_FILE_FAULTS: readonly number[] = [413, 415, 422];

/** Whether a failure is that of one file. Others, such as a missing program or an outage, affect all of them. */
export const isFaultOfFile = (error: unknown): boolean =>
  error instanceof AppError && STATUS_OF_FILE_FAULTS.includes(ERRORS[error.errorCode].status);

/** The title of an error, with the reason of a PDF and the first problem of a transcript. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof AppError)) {
    return `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`;
  }
  const { message, reason, problems } = error.details as Record<string, unknown>;
  const [first] = Array.isArray(problems) ? (problems as { message: string }[]) : [];
  return [message ?? error.message, reason ?? first?.message].filter(Boolean).join(": ");
}

/**
 * Checks that a place exists.
 *
 * @returns the file of the place, with its pages from 1 (none in a transcript), or the problem. Places in a damaged
 *   file are not checked.
 */
export function findPlace(
  place: FolderPlace,
  files: readonly CourseFile[],
): { file: CourseFile; pages: number[] } | { problem: string } {
  const file = findFile(place.file, files);
  if (!file) return { problem: missing(place.file, files) };
  const { name } = file;
  if (file.kind === "damaged") {
    const pages = "pages" in place ? place.pages : [];
    return { file, pages: pages.filter((page) => typeof page === "number") };
  }
  if ("pages" in place) {
    if (file.kind === "transcript") {
      return { problem: `${name} has no pages: write start_s and end_s` };
    }
    const pages = new Set<number>();
    for (const written of place.pages) {
      const found = typeof written === "number" ? [written] : findLabel(written, file.page_labels);
      if (found.length === 0) return { problem: unknownLabel(name, written, file.page_labels) };
      for (const page of found) pages.add(page);
    }
    const sorted = [...pages].sort((a, b) => a - b);
    const beyond = sorted.find((page) => page > file.page_count);
    if (beyond === undefined) return { file, pages: sorted };
    return { problem: `${name} has no page ${beyond}: it has ${file.page_count}` };
  }
  if (file.kind === "document") return { problem: `${name} has no seconds: write pages` };
  // Half of it must be spoken, as in a passage that contains it.
  const [start_ms, end_ms] = [place.start_s * 1_000, place.end_s * 1_000];
  if (2 * (Math.min(end_ms, file.end_ms) - start_ms) >= end_ms - start_ms) {
    return { file, pages: [] };
  }
  const late = start_ms > file.end_ms ? place.start_s : place.end_s;
  return { problem: `${name} ends at ${file.end_ms / 1_000} s: ${late} s is too late` };
}

/** The pages of a label or of a range of labels, such as `iv` or `iv-vi`; several pages can have the same label. */
function findLabel(written: string, labels: PageLabels): number[] {
  const pagesOf = (label: string) => {
    const pages = (isSame: (other: string) => boolean) =>
      (labels ?? []).flatMap((one, i) => (one && isSame(one.normalize()) ? [i + 1] : []));
    const exact = pages((other) => other === label);
    if (exact.length > 0) return exact;
    return pages((other) => other.toLowerCase() === label.toLowerCase());
  };
  const single = pagesOf(written);
  if (single.length > 0) return single;
  for (const { index } of written.matchAll(/[-–—]/g)) {
    const from = pagesOf(written.slice(0, index).trim())[0];
    const to = pagesOf(written.slice(index + 1).trim()).at(-1);
    if (from && to && from <= to) return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  }
  return [];
}

function unknownLabel(file: string, written: WrittenPage, labels: PageLabels): string {
  const known = [...new Set(labels?.filter((label) => label !== null))];
  const page = JSON.stringify(written);
  if (known.length === 0) return `${file} has no page labels, so it ${PAGES_HINT}, not ${page}`;
  const shown = known.length > 8 ? [...known.slice(0, 4), "…", ...known.slice(-3)] : known;
  return `${file} has no page with the label ${page}: its labels are ${shown.join(", ")}`;
}

/** The name of a file as it is on the disk: macOS and other systems write the same accents differently. */
function findFile(name: string, files: readonly CourseFile[]): CourseFile | undefined {
  const wanted = name.normalize();
  return files.find((file) => file.name.normalize() === wanted);
}

function missing(name: string, files: readonly CourseFile[]): string {
  const wanted = name.normalize().toLowerCase();
  const isClose = (file: CourseFile) =>
    editDistance(wanted, file.name.normalize().toLowerCase()) <= 2;
  const meant = files.find(isClose);
  return `there is no file ${name}${meant ? `: is ${meant.name} meant?` : ""}`;
}

const invalid = (path: string, problem: string) =>
  new AppError("evaluation_set_invalid", { path, problem });
