import { join } from "node:path";
import { z } from "zod";
import { type JudgedSentence, readJudgedSentences } from "../chat/citations/evaluate";
import { AppError } from "../errors";
import { RowProblems, readJsonLines } from "../text/json-lines";
import { type CourseFile, findPlace, listFolder, readCourseFiles } from "./folder-files";
import { FileName, IN_ORDER, isInOrder, Seconds } from "./gold";
import { addId } from "./measures";
import {
  type FileQuestion,
  QUESTION_FILES,
  type QuestionFile,
  readQuestionFile,
} from "./question-file";

const Visit = z
  .object({
    lecture: FileName,
    document: FileName,
    page: z.int().positive(),
    start_s: Seconds,
    end_s: Seconds,
  })
  .refine(isInOrder, IN_ORDER);

export type FolderQuestion = Omit<FileQuestion, "id" | "covered"> & {
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
  const questionFile = findQuestionFile(folder, names);
  const written = await readQuestionFile(join(folder, questionFile.name), questionFile.format);
  const files = await readCourseFiles(folder, material, limits);
  return {
    folder,
    ...material,
    questions: toQuestions(written, files),
    citations: names.includes(CITATIONS_FILE)
      ? await readJudgedSentences(join(folder, CITATIONS_FILE))
      : null,
    timeline: names.includes(TIMELINE_FILE)
      ? await readTimeline(join(folder, TIMELINE_FILE), files)
      : null,
  };
}

/** The only file of questions in a folder. Its name can have capitals. */
function findQuestionFile(folder: string, names: readonly string[]) {
  const found = names.flatMap((name) => {
    const format = QUESTION_FILES.find((known) => known === name.toLowerCase());
    return format ? [{ name, format }] : [];
  });
  const [one] = found;
  if (one && found.length === 1) return one;
  const problem = one
    ? `the folder has ${found.map(({ name }) => name).join(" and ")}: keep one of them`
    : `the folder has no questions: write ${QUESTION_FILES.join(", ")}`;
  throw new AppError("evaluation_set_invalid", { path: folder, problem });
}

function toQuestions(
  { questions: written, problems }: QuestionFile,
  files: readonly CourseFile[],
): FolderQuestion[] {
  const ids = new Set<string>();
  const questions = written.map(({ value: { id: ownId, covered = true, ...question }, row }) => {
    if (ownId !== undefined && ids.has(ownId)) problems.add(row, `the id ${ownId} is used twice`);
    const id = ownId ?? addId(question.question, ids);
    ids.add(id);
    const gold = question.gold.map((place) => {
      const found = findPlace(place, files);
      if ("file" in found) return { ...place, file: found.file.name };
      problems.add(row, found.problem);
      return place;
    });
    return { ...question, id, covered, gold };
  });
  problems.throwIfAny();
  return questions;
}

async function readTimeline(path: string, files: readonly CourseFile[]): Promise<LabelledVisit[]> {
  const problems = new RowProblems(path);
  const visits = (await readJsonLines(path, Visit)).map(({ value, row }) => {
    const { start_s, page } = value;
    // The last page is often shown longer than the speech.
    const spoken = findPlace({ file: value.lecture, start_s, end_s: start_s }, files);
    const shown = findPlace({ file: value.document, pages: [page] }, files);
    for (const found of [spoken, shown]) if ("problem" in found) problems.add(row, found.problem);
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
