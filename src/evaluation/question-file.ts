import { parse as parseCsvText } from "csv-parse/sync";
import { z } from "zod";
import { AppError } from "../errors";
import { editDistance } from "../text/edit-distance";
import { checkJsonLines, type FileRow, RowProblems, readEvaluationText } from "../text/json-lines";
import { parseJson } from "../text/parse-json";
import { GoldPlaceOfFolder } from "./gold";

/** macOS and other systems write the same accents differently, and reports are compared by these texts. */
const Text = (most: number) =>
  z
    .string()
    .trim()
    .min(1, "must not be empty")
    .max(most)
    .refine((text) => !text.includes("\0"), "must not contain U+0000")
    .transform((text) => text.toWellFormed().normalize());
const Question = z
  .object({
    id: Text(500).optional(),
    question: Text(8_000),
    language: Text(100).default("all"),
    kind: Text(100).default("other"),
    covered: z.boolean().optional(),
    gold: z.array(GoldPlaceOfFolder).default([]),
  })
  .refine(({ covered, gold }) => covered !== false || gold.length === 0, {
    error: "a question that is not covered has no gold",
    path: ["gold"],
  })
  .refine(({ covered, gold }) => covered === false || gold.length > 0, {
    error: "needs the pages or seconds that answer it, or covered: false",
    path: ["gold"],
  });

/** A question as its file has it. */
export type FileQuestion = z.output<typeof Question>;

/** The questions of a file, and the problems to which a caller can add others. */
export type QuestionFile = { questions: FileRow<FileQuestion>[]; problems: RowProblems };

const READERS = {
  "questions.jsonl": readFromJsonLines,
  "questions.json": readFromJson,
  "questions.csv": readFromCsv,
};
/** The names that a file of questions can have. */
export const QUESTION_FILES = Object.keys(READERS) as (keyof typeof READERS)[];

/**
 * Reads a file of questions: JSON lines, JSON with a list of the same objects, or CSV with one place in each row. Rows
 * with a problem are left out, so that the caller can check the places of the others and show all problems at once.
 *
 * @param name  one of `QUESTION_FILES`
 * @throws AppError `evaluation_set_invalid` for a file without any usable question
 */
export async function readQuestionFile(
  path: string,
  name: keyof typeof READERS,
): Promise<QuestionFile> {
  const file = await READERS[name](path);
  if (file.questions.length > 0) return file;
  file.problems.throwIfAny();
  const problem = "the file contains no questions";
  throw new AppError("evaluation_set_invalid", { path, problem });
}

async function readFromJsonLines(path: string): Promise<QuestionFile> {
  const problems = new RowProblems(path);
  const questions = await checkJsonLines(problems, Question);
  for (const { row, fields } of questions) addMisspelt(problems, row, fields, FIELDS);
  return { questions, problems };
}

async function readFromJson(path: string): Promise<QuestionFile> {
  const list = parseJson(await readEvaluationText(path));
  if (!Array.isArray(list)) {
    const problem = "not JSON with a list of questions: [{…}, {…}]";
    throw new AppError("evaluation_set_invalid", { path, problem });
  }
  const problems = new RowProblems(path, "question");
  const questions = list.flatMap((object, i): FileRow<FileQuestion>[] => {
    const value = problems.check(i + 1, object, Question);
    if (value === null) return [];
    const fields = Object.keys(object as object);
    addMisspelt(problems, i + 1, fields, FIELDS);
    return [{ value, row: i + 1, fields }];
  });
  return { questions, problems };
}

const FIELDS = Object.keys(Question.shape);
const PLACE_COLUMNS = ["file", "pages", "start_s", "end_s"];
const COLUMNS = [...FIELDS.filter((field) => field !== "gold"), ...PLACE_COLUMNS];

type CsvRecord = { record: string[]; info: { lines: number } };
/** The rows of one question. */
type CsvQuestion = { row: number; fields: Record<string, unknown>; gold: unknown[] };

/** Rows with the same id, or without ids the same question, are places of one question. */
async function readFromCsv(path: string): Promise<QuestionFile> {
  const problems = new RowProblems(path);
  const [header, ...records] = parseCsv(path, await readEvaluationText(path));
  const columns = (header?.record ?? []).map((name) => name.trim().toLowerCase());
  if (header) {
    addMisspelt(problems, header.info.lines, columns, COLUMNS);
    if (!columns.includes("question")) {
      const hint = `the first line must name the columns, such as ${COLUMNS.join(", ")}`;
      problems.add(header.info.lines, `there is no column question: ${hint}`);
    }
  }
  problems.throwIfAny();

  const questions = new Map<string, CsvQuestion>();
  for (const { record, info } of records) {
    const cells = Object.fromEntries(
      columns.flatMap((name, i) => {
        const cell = record[i]?.trim() ?? "";
        return cell === "" ? [] : [[name, cell]];
      }),
    );
    if (Object.keys(cells).length === 0) continue;
    const row = info.lines;
    const { covered, question = "", id } = cells;
    const fields = {
      ...Object.fromEntries(FIELDS.flatMap((name) => (cells[name] ? [[name, cells[name]]] : []))),
      ...(covered !== undefined && { covered: YES_OR_NO.get(covered.toLowerCase()) ?? covered }),
    };
    const place = PLACE_COLUMNS.flatMap((name) => (cells[name] ? [[name, cells[name]]] : []));
    const gold = place.length === 0 ? [] : [Object.fromEntries(place)];
    const key = (id ?? question).normalize();
    const former = questions.get(key);
    if (!former) questions.set(key, { row, fields, gold });
    else if (id !== undefined && former.fields.question !== question) {
      problems.add(row, `the id ${id} is that of another question`);
    } else former.gold.push(...gold);
  }
  const checked = [...questions.values()].flatMap(({ row, fields, gold }) => {
    const value = problems.check(row, { ...fields, gold }, Question);
    return value === null ? [] : [{ value, row, fields: columns }];
  });
  return { questions: checked, problems };
}

/** Spreadsheets write truth values in the language of the teacher. */
const YES_OR_NO = new Map(
  [
    ["true yes 1 wahr ja vrai oui", true],
    ["false no 0 falsch nein faux non", false],
  ].flatMap(([words, value]) =>
    String(words)
      .split(" ")
      .map((word) => [word, Boolean(value)]),
  ),
);

/** The delimiter is that of the first line, because spreadsheets write the one of their country. */
function parseCsv(path: string, text: string): CsvRecord[] {
  // Excel's own line about the delimiter.
  const [, named] = /^sep=(.)\r?\n/i.exec(text) ?? [];
  const rest = named ? text.replace(/^.*/, "") : text;
  const first = rest.trimStart().split("\n", 1)[0]!;
  const unquoted = first.replace(/"[^"]*"/g, "");
  const count = (delimiter: string) => unquoted.split(delimiter).length;
  const common = [",", ";", "\t"].toSorted((a, b) => count(b) - count(a))[0]!;
  try {
    return parseCsvText(rest, {
      delimiter: named ?? common,
      info: true,
      relax_column_count: true,
      // A teacher who writes the file by hand quotes a word of a question.
      relax_quotes: true,
      skip_empty_lines: true,
    }) as unknown as CsvRecord[];
  } catch (error) {
    const problem = `not a CSV file: ${error instanceof Error ? error.message : error}`;
    throw new AppError("evaluation_set_invalid", { path, problem }, { cause: error });
  }
}

/** Adds a problem for each name that is close to a field that is missing. Others, such as a note, are ignored. */
function addMisspelt(
  problems: RowProblems,
  row: number,
  names: readonly string[],
  known: readonly string[],
): void {
  for (const name of names.filter((one) => !known.includes(one))) {
    const isClose = (field: string) =>
      editDistance(name.toLowerCase(), field) <= (field.length > 4 ? 2 : 1);
    const meant = known.find((field) => !names.includes(field) && isClose(field));
    if (meant) problems.add(row, `${name} is no field: is ${meant} meant?`);
  }
}
