import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../errors";
import { parseLines, type RowProblems, readJsonLines } from "../text/json-lines";
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
 * @throws AppError `evaluation_set_invalid`, with the file and all lines that have a problem
 */
export async function readBeirSet(folder: string): Promise<BeirSet> {
  const read = async <T>(name: string, schema: z.ZodType<T>) =>
    (await readJsonLines(join(folder, name), schema)).map(({ value }) => value);
  const documents = await read("corpus.jsonl", Document);
  const questions = await read("queries.jsonl", Question);
  const judgedPath = join(folder, "qrels", "test.tsv");
  const judged = await parseLines(judgedPath, parseJudgment);

  const judgments = new Map<string, Map<string, number>>();
  for (const line of judged) {
    if (line.grade <= 0) continue;
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
    throw new AppError("evaluation_set_invalid", { path: judgedPath, problem });
  }
  return { documents, questions: answerable };
}

/** Null for the header line, and for a line with a problem. */
function parseJudgment(line: string, row: number, problems: RowProblems) {
  const [question = "", document = "", grade = ""] = line.trim().split("\t");
  if (question === "query-id") return null;
  if (document !== "" && /^-?\d+$/.test(grade)) return { question, document, grade: Number(grade) };
  problems.add(row, "must be question, document and grade, with tabs between them");
  return null;
}
