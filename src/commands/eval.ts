import { join } from "node:path";
import { z } from "zod";
import { fromCallerFolder } from "../config";
import { AppError } from "../errors";
import { type CourseEvaluation, evaluateCourse, takeStoredExam } from "./eval/course";
import { EVALUATIONS, evaluateSearch } from "./eval/parts";
import { runMain } from "./run-main";

/**
 * `./lectern eval FOLDER [--json] [--svg FILE] [--gate [BASELINE]]`: measures retrieval, answers, refusals, the
 * citation check and the timeline with an own course: PDFs, transcripts and a file of questions
 * (docs/evaluation.md). It is ingested into an embedded database in memory. `--gate` compares the report with a
 * baseline, by default `FOLDER/baseline.json`, and fails when a measure is worse.
 *
 * `./lectern eval --course ID` takes the exam of a course of the server: generated questions, corrected words, well
 * rated answers and questions that it does not cover. It stores the run; `--gate` compares it with the last run
 * without a regression, or with a file. Stop a server with the embedded database first.
 *
 * A folder in BEIR's layout (`corpus.jsonl`) measures search only, by mode and by weight. It uses an embedded
 * database in memory, or with DATABASE_URL a course of its own there, which it removes.
 *
 * `./lectern eval --citations FILE [--json]`: how well the citation check finds unsupported
 * sentences. Needs no database and no model.
 *
 * `./lectern eval --refusal FILE [--json]`: how often answers without a model refuse questions that a
 * course does not cover, and questions that it covers, by language. With RERANK_BASE_URL, also by the score
 * of the reranker, with a calibrated RERANK_MIN_SCORE.
 *
 * `./lectern eval --alignment FOLDER [--json]`: how well slides and speech are aligned, by lectures
 * with labels. The database stems words only; nothing is stored.
 *
 * `./lectern eval --enrichment FOLDER [--json]`: what search gains from the timeline, by the same lectures in a
 * course of their own, which it removes: titles of pages and spoken sentences, before and after the alignment.
 */
const USAGE = `Usage: ./lectern eval FOLDER [--json] [--svg FILE] [--gate [BASELINE]]
       ./lectern eval --course ID [--json] [--svg FILE] [--gate [BASELINE]]
       ./lectern eval --citations FILE [--json]
       ./lectern eval --refusal FILE [--json]
       ./lectern eval --alignment FOLDER [--json]
       ./lectern eval --enrichment FOLDER [--json]`;

async function main(args: string[]): Promise<void> {
  const options = readArguments(args);
  if (!options) {
    console.error(USAGE);
    process.exit(2);
  }
  const { path, asJson } = options;
  if (options.measured !== "course") await EVALUATIONS[options.measured](path, asJson);
  else if (options.isStored) await takeStoredExam(options);
  else if (await Bun.file(join(path, "corpus.jsonl")).exists()) {
    if (options.hasGate || options.svg !== null) {
      const problem =
        "a folder in BEIR's layout has no gate and no chart: leave out --gate and --svg";
      throw new AppError("evaluation_set_invalid", { path, problem });
    }
    await evaluateSearch(path, asJson);
  } else await evaluateCourse(options);
}

type EvalArguments = CourseEvaluation & {
  measured: "course" | keyof typeof EVALUATIONS;
  /** `path` is the id of a course of the server. */
  isStored: boolean;
};

/** Null if the arguments are not understood. */
function readArguments(args: string[]): EvalArguments | null {
  const rest = [...args];
  const read: EvalArguments = {
    measured: "course",
    path: "",
    isStored: false,
    asJson: false,
    svg: null,
    hasGate: false,
    gate: null,
  };
  /** The next argument, unless it is an option. */
  const value = () => (rest[0] && !rest[0].startsWith("-") ? rest.shift()! : null);
  const file = () => {
    const path = value();
    return path === null ? null : fromCallerFolder(path);
  };
  const setPath = (path: string | null) => {
    if (path === null || read.path !== "") return false;
    read.path = path;
    return true;
  };
  while (rest.length > 0) {
    const arg = rest.shift()!;
    if (arg === "--json") read.asJson = true;
    else if (arg === "--svg") {
      read.svg = file();
      if (read.svg === null) return null;
    } else if (arg === "--gate") {
      if (read.path === "") return null;
      read.hasGate = true;
      read.gate = file();
    } else if (arg === "--course") {
      read.isStored = true;
      if (!setPath(value()) || !z.guid().safeParse(read.path).success) return null;
    } else if (arg in EVALUATIONS && read.measured === "course") {
      read.measured = arg as keyof typeof EVALUATIONS;
      if (!setPath(file())) return null;
    } else if (arg.startsWith("-") || !setPath(fromCallerFolder(arg))) return null;
  }
  if (read.path === "") return null;
  if (read.hasGate && !read.isStored) read.gate ??= join(read.path, "baseline.json");
  const isPart = read.measured !== "course";
  return isPart && (read.svg !== null || read.hasGate || read.isStored) ? null : read;
}

await runMain(main);
