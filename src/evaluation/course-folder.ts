import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { z } from "zod";
import { type JudgedSentence, readJudgedSentences } from "../chat/citations/evaluate";
import { AppError } from "../errors";

const File = z.string().min(1);
const Seconds = z.number().nonnegative().max(1_800_000);
const Gold = z.union([
  z.strictObject({ file: File, pages: z.array(z.int().positive()).min(1) }),
  z
    .strictObject({ file: File, start_s: Seconds, end_s: Seconds })
    .refine(({ start_s, end_s }) => start_s < end_s, "end_s must be greater than start_s"),
]);
const Question = z
  .object({
    id: z.string().min(1).optional(),
    question: z.string().trim().min(1).max(8_000),
    language: z.string().min(1).default("all"),
    kind: z.string().min(1).default("other"),
    covered: z.boolean().optional(),
    gold: z.array(Gold).default([]),
  })
  .refine(({ covered, gold }) => covered !== false || gold.length === 0, {
    error: "a question that is not covered has no gold",
    path: ["gold"],
  })
  .refine(({ covered, gold }) => covered === false || gold.length > 0, {
    error: "needs the pages or seconds that answer it, or covered: false",
    path: ["gold"],
  });
const Visit = z
  .object({
    lecture: File,
    document: File,
    page: z.int().positive(),
    start_s: Seconds,
    end_s: Seconds,
  })
  .refine(({ start_s, end_s }) => start_s < end_s, "end_s must be greater than start_s");

export type FolderQuestion = Omit<z.infer<typeof Question>, "id" | "covered"> & {
  id: string;
  covered: boolean;
};
/** The time in which a lecture shows a page. */
export type LabelledVisit = z.infer<typeof Visit>;

/** A course in a folder, as a teacher or `bench/course` writes it. */
export type CourseFolder = {
  folder: string;
  documents: string[];
  transcripts: string[];
  questions: FolderQuestion[];
  /** Null without `citations.jsonl`. */
  citations: JudgedSentence[] | null;
  /** Null without `timeline.jsonl`. */
  timeline: LabelledVisit[] | null;
};

export const QUESTIONS_FILE = "questions.jsonl";
const CITATIONS_FILE = "citations.jsonl";
const TIMELINE_FILE = "timeline.jsonl";
const TRANSCRIPTS = [".vtt", ".srt"];

/**
 * Reads the questions of a course folder, the names of its PDFs and transcripts, and the optional labels.
 *
 * @throws AppError `evaluation_set_invalid`, with the file, the line and the problem
 */
export async function readCourseFolder(folder: string): Promise<CourseFolder> {
  const names = (
    await readdir(folder).catch((error) => {
      throw invalid(folder, `the folder cannot be read (${error.code ?? error.message})`);
    })
  ).sort();
  const withExtension = (extensions: string[]) =>
    names.filter((name) => extensions.includes(extname(name).toLowerCase()));
  const documents = withExtension([".pdf"]);
  const transcripts = withExtension(TRANSCRIPTS);
  if (documents.length + transcripts.length === 0) {
    throw invalid(folder, "the folder contains no PDF and no transcript (.vtt, .srt)");
  }
  const path = join(folder, QUESTIONS_FILE);
  const questions = (await readLines(path, Question)).map(
    ({ value: { id, covered, ...question }, line }) => ({
      ...question,
      id: id ?? `line ${line}`,
      covered: covered ?? true,
      line,
    }),
  );
  if (questions.length === 0) throw invalid(path, "the file contains no questions");
  const ids = new Set<string>();
  for (const { id, gold, line } of questions) {
    if (ids.has(id)) throw invalid(path, `the id ${id} is used twice`, line);
    ids.add(id);
    for (const place of gold) {
      const files = "pages" in place ? documents : transcripts;
      if (!files.includes(place.file)) throw invalid(path, `there is no file ${place.file}`, line);
    }
  }
  return {
    folder,
    documents,
    transcripts,
    questions: questions.map(({ line: _, ...question }) => question),
    citations: names.includes(CITATIONS_FILE)
      ? await readJudgedSentences(join(folder, CITATIONS_FILE))
      : null,
    timeline: names.includes(TIMELINE_FILE)
      ? await readTimeline(join(folder, TIMELINE_FILE), { documents, transcripts })
      : null,
  };
}

async function readTimeline(
  path: string,
  { documents, transcripts }: Pick<CourseFolder, "documents" | "transcripts">,
): Promise<LabelledVisit[]> {
  const visits = await readLines(path, Visit);
  for (const { value, line } of visits) {
    const isKnown = transcripts.includes(value.lecture) && documents.includes(value.document);
    if (!isKnown) {
      throw invalid(path, `there is no file ${value.lecture} or ${value.document}`, line);
    }
  }
  return visits.map(({ value }) => value);
}

/** One JSON object in each line; blank lines are ignored. */
async function readLines<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<{ value: T; line: number }[]> {
  const text = await Bun.file(path)
    .text()
    .catch((error) => {
      throw invalid(path, `the file cannot be read (${error.code ?? error.message})`);
    });
  return text.split("\n").flatMap((written, i) => {
    if (written.trim() === "") return [];
    try {
      return [{ value: schema.parse(JSON.parse(written.replace(/^\uFEFF/, ""))), line: i + 1 }];
    } catch (error) {
      const problem = error instanceof z.ZodError ? z.prettifyError(error) : "not a JSON object";
      throw invalid(path, problem, i + 1);
    }
  });
}

const invalid = (path: string, problem: string, line?: number) =>
  new AppError("evaluation_set_invalid", { path, ...(line && { line }), problem });
