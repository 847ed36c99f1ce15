import { join } from "node:path";
import { z } from "zod";
import { type JudgedSentence, readJudgedSentences } from "../chat/citations/evaluate";
import { AppError } from "../errors";
import { type FileRow, RowProblems, readJsonLines } from "../text/json-lines";
import { TRANSCRIPT_EXTENSIONS } from "../text/transcript/transcript-kinds";
import {
  type CourseFile,
  type FolderLimits,
  findPlace,
  listFolder,
  readCourseFiles,
  withoutCopies,
} from "./folder-files";
import { FileName, IN_ORDER, isInOrder, Pages, Seconds } from "./gold";
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
    page: Pages,
    start_s: Seconds,
    end_s: Seconds,
  })
  .refine(isInOrder, IN_ORDER);

export type FolderQuestion = Omit<FileQuestion, "id" | "covered" | "gold"> & {
  /** The question itself if the line has no id, so that lines can be added and moved. */
  id: string;
  covered: boolean;
  gold: ({ file: string; pages: number[] } | { file: string; start_s: number; end_s: number })[];
};
/** The time in which a lecture shows a page. */
export type LabelledVisit = Omit<z.infer<typeof Visit>, "page"> & {
  /** From 1; 0 for a label in a damaged file. */
  page: number;
};

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
/** Files that are not transcripts, although some of them have such extensions. */
const OWN_FILES = [...QUESTION_FILES, CITATIONS_FILE, TIMELINE_FILE, "baseline.json"];

/**
 * Reads the questions of a course folder, the names of its PDFs and transcripts, and the optional labels. All files
 * and places must exist: a question about a page that does not exist would count as a failure of search. A damaged file
 * is not in the lists, but its questions are.
 *
 * @throws AppError `evaluation_set_invalid`, with the file, and all lines that have a problem; the signal's reason
 */
export async function readCourseFolder(
  folder: string,
  limits: FolderLimits,
): Promise<CourseFolder> {
  const { names, ...material } = await listFolder(folder, OWN_FILES, limits.warn);
  if (material.documents.length + material.transcripts.length === 0) throw noMaterial(folder);
  const questionFile = findQuestionFile(folder, names);
  const written = await readQuestionFile(join(folder, questionFile.name), questionFile.format);
  const visits = names.includes(TIMELINE_FILE)
    ? await readJsonLines(join(folder, TIMELINE_FILE), Visit)
    : null;
  const writtenNames = [
    ...written.questions.flatMap(({ value }) => value.gold.map(({ file }) => file)),
    ...(visits ?? []).flatMap(({ value }) => [value.lecture, value.document]),
  ];
  const named = new Set(writtenNames.map((name) => name.normalize()));
  const transcripts = withoutCopies(material.transcripts, named, limits.warn);
  const files = await readCourseFiles(folder, { ...material, transcripts }, named, limits);
  if (files.every(({ kind }) => kind === "damaged")) throw noMaterial(folder);
  const namesOf = (kind: CourseFile["kind"]) =>
    files.filter((file) => file.kind === kind).map(({ name }) => name);
  return {
    folder,
    documents: namesOf("document"),
    transcripts: namesOf("transcript"),
    questions: toQuestions(written, files),
    citations: names.includes(CITATIONS_FILE)
      ? await readJudgedSentences(join(folder, CITATIONS_FILE))
      : null,
    timeline: visits && toTimeline(join(folder, TIMELINE_FILE), visits, files),
  };
}

function noMaterial(folder: string): AppError {
  const extensions = TRANSCRIPT_EXTENSIONS.map((extension) => `.${extension}`).join(", ");
  const problem = `the folder contains no PDF and no transcript that can be read (${extensions})`;
  return new AppError("evaluation_set_invalid", { path: folder, problem });
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
    const gold = question.gold.flatMap((place): FolderQuestion["gold"] => {
      const found = findPlace(place, files);
      if ("problem" in found) {
        problems.add(row, found.problem);
        return [];
      }
      const file = found.file.name;
      return ["pages" in place ? { file, pages: found.pages } : { ...place, file }];
    });
    return { ...question, id, covered, gold };
  });
  problems.throwIfAny();
  return questions;
}

function toTimeline(
  path: string,
  rows: readonly FileRow<z.infer<typeof Visit>>[],
  files: readonly CourseFile[],
): LabelledVisit[] {
  const problems = new RowProblems(path);
  const visits = rows.flatMap(({ value, row }): LabelledVisit[] => {
    const { start_s, page: pages } = value;
    // The last page is often shown longer than the speech.
    const spoken = findPlace({ file: value.lecture, start_s, end_s: start_s }, files);
    const shown = findPlace({ file: value.document, pages }, files);
    for (const found of [spoken, shown]) if ("problem" in found) problems.add(row, found.problem);
    if ("problem" in spoken || "problem" in shown) return [];
    const [page, ...others] = shown.pages;
    if (others.length > 0)
      problems.add(row, `page must be one page, not ${shown.pages.join(", ")}`);
    return [{ ...value, lecture: spoken.file.name, document: shown.file.name, page: page ?? 0 }];
  });
  problems.throwIfAny();
  if (visits.length === 0) {
    const problem = "the file contains no visits of pages: fill it or remove it";
    throw new AppError("evaluation_set_invalid", { path, problem });
  }
  return visits;
}
