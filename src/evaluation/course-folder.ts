import { join } from "node:path";
import { z } from "zod";
import { type JudgedSentence, readJudgedSentences } from "../chat/citations/evaluate";
import { AppError } from "../errors";
import { editDistance } from "../text/edit-distance";
import { type CourseFile, findPlace, listFolder, readCourseFiles } from "./folder-files";
import { type JsonLine, LineProblems, readJsonLines } from "./json-lines";
import { addId } from "./measures";

const File = z.string().min(1);
const Seconds = z.number().nonnegative().max(1_800_000);
const isInOrder = ({ start_s, end_s }: { start_s: number; end_s: number }) => start_s < end_s;
const IN_ORDER = "end_s must be greater than start_s";
const Gold = z.union(
  [
    z.strictObject({ file: File, pages: z.array(z.int().positive()).min(1) }),
    z.strictObject({ file: File, start_s: Seconds, end_s: Seconds }).refine(isInOrder, IN_ORDER),
  ],
  {
    error: "needs file and pages (of a PDF, from 1), or file, start_s and end_s (of a transcript)",
  },
);
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
const QUESTION_FIELDS = Object.keys(Question.shape);
const Visit = z
  .object({
    lecture: File,
    document: File,
    page: z.int().positive(),
    start_s: Seconds,
    end_s: Seconds,
  })
  .refine(isInOrder, IN_ORDER);

type WrittenQuestion = z.infer<typeof Question>;
export type FolderQuestion = Omit<WrittenQuestion, "id" | "covered"> & {
  /** The question itself if the line has no id, so that lines can be added and moved. */
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

/**
 * Reads the questions of a course folder, the names of its PDFs and transcripts, and the optional labels. All files
 * and places must exist: a question about a page that does not exist would count as a failure of search.
 *
 * @param maxPages  of a PDF
 * @throws AppError `evaluation_set_invalid`, with the file, and all lines that have a problem; the signal's reason
 */
export async function readCourseFolder(
  folder: string,
  limits: { maxPages: number; signal: AbortSignal },
): Promise<CourseFolder> {
  const { names, ...material } = await listFolder(folder);
  if (material.documents.length + material.transcripts.length === 0) {
    const problem = "the folder contains no PDF and no transcript (.vtt, .srt)";
    throw new AppError("evaluation_set_invalid", { path: folder, problem });
  }
  const path = join(folder, QUESTIONS_FILE);
  const lines = await readJsonLines(path, Question);
  if (lines.length === 0) {
    const problem = "the file contains no questions";
    throw new AppError("evaluation_set_invalid", { path, problem });
  }
  const files = await readCourseFiles(folder, material, limits);
  return {
    folder,
    ...material,
    questions: toQuestions(path, lines, files),
    citations: names.includes(CITATIONS_FILE)
      ? await readJudgedSentences(join(folder, CITATIONS_FILE))
      : null,
    timeline: names.includes(TIMELINE_FILE)
      ? await readTimeline(join(folder, TIMELINE_FILE), files)
      : null,
  };
}

function toQuestions(
  path: string,
  lines: readonly JsonLine<WrittenQuestion>[],
  files: readonly CourseFile[],
): FolderQuestion[] {
  const problems = new LineProblems(path);
  const ids = new Set<string>();
  const questions = lines.map(
    ({ value: { id: ownId, covered = true, ...written }, line, fields }) => {
      if (ownId !== undefined && ids.has(ownId))
        problems.add(line, `the id ${ownId} is used twice`);
      const id = ownId ?? addId(written.question, ids);
      ids.add(id);
      for (const problem of findMisspelt(fields)) problems.add(line, problem);
      const gold = written.gold.map((place) => {
        const found = findPlace(place, files);
        if ("file" in found) return { ...place, file: found.file.name };
        problems.add(line, found.problem);
        return place;
      });
      return { ...written, id, covered, gold };
    },
  );
  problems.throwIfAny();
  return questions;
}

/** Other fields, such as a note, are ignored. */
function findMisspelt(fields: readonly string[]): string[] {
  return fields
    .filter((field) => !QUESTION_FIELDS.includes(field))
    .flatMap((field) => {
      const isClose = (known: string) =>
        editDistance(field.toLowerCase(), known) <= (known.length > 4 ? 2 : 1);
      const meant = QUESTION_FIELDS.find((known) => !fields.includes(known) && isClose(known));
      return meant ? [`${field} is no field: is ${meant} meant?`] : [];
    });
}

async function readTimeline(path: string, files: readonly CourseFile[]): Promise<LabelledVisit[]> {
  const problems = new LineProblems(path);
  const visits = (await readJsonLines(path, Visit)).map(({ value, line }) => {
    const { start_s, page } = value;
    // The last page is often shown longer than the speech.
    const spoken = findPlace({ file: value.lecture, start_s, end_s: start_s }, files);
    const shown = findPlace({ file: value.document, pages: [page] }, files);
    for (const found of [spoken, shown]) if ("problem" in found) problems.add(line, found.problem);
    return {
      ...value,
      ...("file" in spoken && { lecture: spoken.file.name }),
      ...("file" in shown && { document: shown.file.name }),
    };
  });
  problems.throwIfAny();
  if (visits.length === 0) {
    const problem = "the file contains no visits of pages: fill it or remove it";
    throw new AppError("evaluation_set_invalid", { path, problem });
  }
  return visits;
}
