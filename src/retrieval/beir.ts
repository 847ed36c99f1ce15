import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../errors";
import type { Judgments } from "./ranking-metrics";

export type BeirSet = {
  documents: { _id: string; title: string; text: string }[];
  /** Only questions with at least one relevant document in the set. */
  questions: { _id: string; text: string; judgments: Judgments }[];
};

const Document = z.object({ _id: z.string(), title: z.string().default(""), text: z.string() });
const Question = z.object({ _id: z.string(), text: z.string().min(1) });

/**
 * Reads a set in BEIR's layout: `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv`.
 *
 * @throws AppError `evaluation_set_invalid`, with the file, the line and the problem
 */
export async function readBeirSet(folder: string): Promise<BeirSet> {
  const documents = await readLines(join(folder, "corpus.jsonl"), parseAs(Document));
  const questions = await readLines(join(folder, "queries.jsonl"), parseAs(Question));
  const judged = await readLines(join(folder, "qrels", "test.tsv"), parseJudgment);

  const judgments = new Map<string, Map<string, number>>();
  for (const line of judged) {
    if (line === null || line.grade <= 0) continue;
    const ofQuestion = judgments.get(line.question) ?? new Map<string, number>();
    judgments.set(line.question, ofQuestion.set(line.document, line.grade));
  }
  const known = new Set(documents.map(({ _id }) => _id));
  const answerable = questions.flatMap((question) => {
    const relevant = judgments.get(question._id) ?? new Map<string, number>();
    const isAnswerable = [...relevant.keys()].some((id) => known.has(id));
    return isAnswerable ? [{ ...question, judgments: relevant }] : [];
  });
  // One half chooses the weight, the other half measures it.
  if (answerable.length < 2) {
    const problem = "fewer than two questions have a relevant document in the corpus";
    throw invalid(join(folder, "qrels", "test.tsv"), 0, problem);
  }
  return { documents, questions: answerable };
}

async function readLines<T>(path: string, parse: (line: string) => T): Promise<T[]> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw invalid(path, 0, "the file is missing");
  const lines = (await file.text()).replace(/^\uFEFF/, "").split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [parse(line)];
    } catch (error) {
      const problem =
        error instanceof z.ZodError
          ? z.prettifyError(error)
          : error instanceof SyntaxError
            ? "not a JSON object"
            : (error as Error).message;
      throw invalid(path, i + 1, problem);
    }
  });
}

const parseAs =
  <T>(schema: z.ZodType<T>) =>
  (line: string): T =>
    schema.parse(JSON.parse(line));

/** Null for the header line. */
function parseJudgment(line: string) {
  const [question = "", document = "", grade = ""] = line.trim().split("\t");
  if (question === "query-id") return null;
  if (document === "" || !/^-?\d+$/.test(grade)) throw new Error("not: question, document, grade");
  return { question, document, grade: Number(grade) };
}

const invalid = (path: string, line: number, problem: string) =>
  new AppError("evaluation_set_invalid", { path, ...(line > 0 && { line }), problem });
