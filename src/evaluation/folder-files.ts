import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { AppError } from "../errors";
import { readPdf } from "../media/pdf/pdf";
import { editDistance } from "../text/edit-distance";
import { parseTranscriptFile } from "../text/transcript/transcript-file";

/** A PDF with its number of pages, or a transcript with the end of its speech. */
export type CourseFile =
  | { name: string; kind: "document"; page_count: number }
  | { name: string; kind: "transcript"; end_ms: number };

/** Pages of a PDF, or seconds of a recording. */
type FolderPlace =
  | { file: string; pages: readonly number[] }
  | { file: string; start_s: number; end_s: number };

const TRANSCRIPTS = [".vtt", ".srt"];

/**
 * The names of the files in a folder, without hidden ones, such as the `._deck.pdf` of macOS.
 *
 * @throws AppError `evaluation_set_invalid` for a folder that cannot be read
 */
export async function listFolder(
  folder: string,
): Promise<{ names: string[]; documents: string[]; transcripts: string[] }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    throw invalid(folder, `the folder cannot be read (${error.code ?? error.message})`);
  });
  const names = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name)
    .sort();
  const withExtension = (extensions: string[]) =>
    names.filter((name) => extensions.includes(extname(name).toLowerCase()));
  return {
    names,
    documents: withExtension([".pdf"]),
    transcripts: withExtension(TRANSCRIPTS),
  };
}

/**
 * Opens each file, so that a damaged one is found before a model is paid for.
 *
 * @throws AppError `evaluation_set_invalid` with the name of the file; the signal's reason
 */
export async function readCourseFiles(
  folder: string,
  { documents, transcripts }: { documents: readonly string[]; transcripts: readonly string[] },
  { maxPages, signal }: { maxPages: number; signal: AbortSignal },
): Promise<CourseFile[]> {
  const files: CourseFile[] = [];
  for (const name of documents) {
    files.push(
      await orInvalid(join(folder, name), signal, async (path) => {
        await using pdf = await readPdf(path, { maxPages, signal });
        return { name, kind: "document", page_count: pdf.page_count };
      }),
    );
  }
  for (const name of transcripts) {
    files.push(
      await orInvalid(join(folder, name), signal, async (path) => {
        const bytes = await Bun.file(path).bytes();
        const { segments } = parseTranscriptFile({ filename: name, bytes });
        const end_ms = segments.reduce((last, one) => Math.max(last, one.end_ms), 0);
        return { name, kind: "transcript", end_ms };
      }),
    );
  }
  return files;
}

async function orInvalid<T>(
  path: string,
  signal: AbortSignal,
  read: (path: string) => Promise<T>,
): Promise<T> {
  try {
    return await read(path);
  } catch (error) {
    signal.throwIfAborted();
    throw invalid(path, describeFailure(error), error);
  }
}

/** The title of an error, with the reason of a PDF and the first problem of a transcript. */
function describeFailure(error: unknown): string {
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
 * @returns the file of the place, or the problem
 */
export function findPlace(
  place: FolderPlace,
  files: readonly CourseFile[],
): { file: CourseFile } | { problem: string } {
  const file = findFile(place.file, files);
  if (!file) return { problem: missing(place.file, files) };
  const { name } = file;
  if ("pages" in place) {
    if (file.kind === "transcript") {
      return { problem: `${name} has no pages: write start_s and end_s` };
    }
    const beyond = place.pages.find((page) => page > file.page_count);
    if (beyond === undefined) return { file };
    return { problem: `${name} has no page ${beyond}: it has ${file.page_count}` };
  }
  if (file.kind === "document") return { problem: `${name} has no seconds: write pages` };
  // Half of it must be spoken, as in a passage that contains it.
  const [start_ms, end_ms] = [place.start_s * 1_000, place.end_s * 1_000];
  if (2 * (Math.min(end_ms, file.end_ms) - start_ms) >= end_ms - start_ms) return { file };
  const late = start_ms > file.end_ms ? place.start_s : place.end_s;
  return { problem: `${name} ends at ${file.end_ms / 1_000} s: ${late} s is too late` };
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

const invalid = (path: string, problem: string, cause?: unknown) =>
  new AppError("evaluation_set_invalid", { path, problem }, { cause });
