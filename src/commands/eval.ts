import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import {
  type AlignmentReport,
  evaluateAlignment,
  readLabelledLectures,
} from "../alignment/evaluate";
import {
  evaluateRefusal,
  type RefusalRates,
  type RefusalReport,
  type RerankerReport,
  readRefusalSet,
} from "../chat/agent/evaluate-refusal";
import {
  type CitationReport,
  evaluateCitations,
  readJudgedSentences,
} from "../chat/citations/evaluate";
import { loadConfig } from "../config";
import { connect } from "../db/client";
import { deleteCourse, getCourse, insertCourse } from "../db/courses";
import { startEmbeddedDatabase } from "../db/embedded/start";
import { migrate } from "../db/migrate";
import { openDatabaseServer } from "../db/server";
import { AppError, explain } from "../errors";
import { runCourseExam } from "../evaluation/course-exam";
import { readCourseFolder } from "../evaluation/course-folder";
import { evaluateFolder } from "../evaluation/evaluate-course";
import { toExamSettings } from "../evaluation/exam-settings";
import { compareReports, readBaseline } from "../evaluation/gate";
import { toReportChart } from "../evaluation/report-chart";
import { toGateTable, toReportTable } from "../evaluation/report-table";
import { openProviders } from "../providers";
import { startLocalEmbedder } from "../providers/local/embedding-server";
import { openReranker } from "../providers/reranker";
import { readBeirSet } from "../retrieval/beir";
import {
  type EvaluationDeps,
  type EvaluationReport,
  evaluate,
  ingestSet,
  type Row,
} from "../retrieval/evaluate";
import {
  evaluateTimelineSearch,
  type TimelineRow,
  type TimelineSearchReport,
} from "../retrieval/evaluate-timeline";
import { type Estimate, MEASURES } from "../retrieval/ranking-metrics";
import { openServices } from "../services";

/**
 * `./lectern eval FOLDER [--json] [--svg FILE] [--gate [BASELINE]]`: measures retrieval, answers, refusals, the
 * citation check and the timeline with an own course: PDFs, transcripts and `questions.jsonl`
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

type EvalArguments = {
  measured: "course" | keyof typeof EVALUATIONS;
  /** Of the folder or file, or the id of a course. */
  path: string;
  /** `path` is the id of a course of the server. */
  isStored: boolean;
  asJson: boolean;
  svg: string | null;
  hasGate: boolean;
  /** The path of the baseline; null for the stored one. */
  gate: string | null;
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
  const setPath = (path: string | null) => {
    if (path === null || read.path !== "") return false;
    read.path = path;
    return true;
  };
  while (rest.length > 0) {
    const arg = rest.shift()!;
    if (arg === "--json") read.asJson = true;
    else if (arg === "--svg") {
      read.svg = value();
      if (read.svg === null) return null;
    } else if (arg === "--gate") {
      if (read.path === "") return null;
      read.hasGate = true;
      read.gate = value();
    } else if (arg === "--course") {
      read.isStored = true;
      if (!setPath(value()) || !z.guid().safeParse(read.path).success) return null;
    } else if (arg in EVALUATIONS && read.measured === "course") {
      read.measured = arg as keyof typeof EVALUATIONS;
      if (!setPath(value())) return null;
    } else if (arg.startsWith("-") || !setPath(arg)) return null;
  }
  if (read.path === "") return null;
  if (read.hasGate && !read.isStored) read.gate ??= join(read.path, "baseline.json");
  const isPart = read.measured !== "course";
  return isPart && (read.svg !== null || read.hasGate || read.isStored) ? null : read;
}

/** Takes the exam of a course of the server, stores the run, and with a gate sets the exit code 1. */
async function takeStoredExam({ path, asJson, svg, hasGate, gate }: EvalArguments): Promise<void> {
  const baseline = gate === null ? null : await readBaseline(gate);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new AppError("cancelled")));
  const config = loadConfig();
  const local = startLocalEmbedder();
  const database = await openDatabaseServer(config);
  try {
    await migrate(database.directUrl);
    const services = await openServices(
      { ...config, DATABASE_URL: database.url, LOG_LEVEL: "silent" },
      { connections: 2, localEmbedderUrl: local.url, name: "eval" },
    );
    try {
      const say = (line: string) => console.error(line);
      const deps = { ...services, signal: stop.signal, say };
      const { run, results } = await runCourseExam(path, deps, baseline);
      const { name } = await getCourse(services.db, path);
      const { created_at: made_at } = run;
      const settings = toExamSettings(services);
      const report = { ...run.report, settings, made_at, course: name, legs: null };
      print(report, asJson, toReportTable);
      if (svg) await Bun.write(svg, toReportChart(report));
      if (results.length > 0) console.error(toGateTable(results));
      else if (hasGate)
        console.error("There is no earlier run to compare with; this one is stored.");
      if (hasGate && run.regressions.length > 0) process.exitCode = 1;
    } finally {
      await services.close();
    }
  } finally {
    await database.close();
    await local.close();
  }
}

/** Measures an own course, and with a gate sets the exit code 1 when a measure is worse. */
async function evaluateCourse({ path, asJson, svg, gate }: EvalArguments): Promise<void> {
  const course = await readCourseFolder(path);
  const baseline = gate === null ? null : await readBaseline(gate);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new AppError("cancelled")));
  const local = startLocalEmbedder();
  const dataRoot = await mkdtemp(join(tmpdir(), "lectern-eval-"));
  const database = await startEmbeddedDatabase({ dataDir: null });
  try {
    await migrate(database.url);
    const config = loadConfig();
    const services = await openServices(
      {
        ...config,
        // Its own database, because the workers of a server would take these jobs.
        DATABASE_URL: database.url,
        DATABASE_DIRECT_URL: undefined,
        DATABASE_REPLICA_URL: undefined,
        DATA_ROOT: dataRoot,
        STORAGE: "disk",
        // The log is on stdout, as the report.
        LOG_LEVEL: "silent",
      },
      { connections: 2, localEmbedderUrl: local.url, name: "eval" },
    );
    const { id } = await insertCourse(services.db, { name: path });
    const report = await evaluateFolder(id, course, {
      ...services,
      maxPages: config.MAX_PAGES,
      captions: config.CAPTIONS,
      sendsTerms: config.TRANSCRIPTION_TERMS,
      signal: stop.signal,
      say: (line) => console.error(line),
    });
    await services.close();
    print(report, asJson, toReportTable);
    if (svg) await Bun.write(svg, toReportChart(report));
    if (!baseline) return;
    const results = compareReports(baseline, report.measures);
    console.error(toGateTable(results));
    if (results.some(({ isRegression }) => isRegression)) process.exitCode = 1;
  } finally {
    await database.close();
    await local.close();
    await rm(dataRoot, { recursive: true });
  }
}

/** Evaluations of one part, by their option. */
const EVALUATIONS = {
  "--citations": async (path: string, asJson: boolean) => {
    const report = evaluateCitations(await readJudgedSentences(path));
    print(report, asJson, toCitationTable);
  },
  "--refusal": async (path: string, asJson: boolean) => {
    const set = await readRefusalSet(path);
    const local = startLocalEmbedder();
    const config = loadConfig();
    const { embedder } = openProviders(config, { localEmbedderUrl: local.url });
    const reranker = openReranker(config);
    const database = await openEvaluationDatabase();
    try {
      const { signal } = new AbortController();
      print(
        await evaluateRefusal(set, { db: database.db, embedder, reranker, signal }),
        asJson,
        toRefusalTable,
      );
    } finally {
      await database.close();
      await local.close();
    }
  },
  "--enrichment": evaluateEnrichment,
  "--alignment": async (folder: string, asJson: boolean) => {
    const lectures = await readLabelledLectures(folder);
    const database = await openEvaluationDatabase();
    try {
      print(await evaluateAlignment(database.db, lectures), asJson, toAlignmentTable);
    } finally {
      await database.close();
    }
  },
};

async function evaluateEnrichment(folder: string, asJson: boolean): Promise<void> {
  const lectures = await readLabelledLectures(folder);
  await withEvaluationCourse(folder, async (course_id, deps) =>
    print(await evaluateTimelineSearch(course_id, lectures, deps), asJson, toEnrichmentText),
  );
}

function toEnrichmentText({ kinds, ...about }: TimelineSearchReport): string {
  const { model, lectures, chosen_weight, default_weight } = about;
  const cell = ({ mean, low, high }: Estimate) =>
    `${mean.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`.padEnd(25);
  const lines = (part: string, rows: TimelineRow[]) =>
    rows.map(({ mode, weight, without, enriched, gain }) => {
      const named = `${part} ${mode}${weight === null ? "" : ` ${weight.toFixed(1)}`}`;
      return named.padEnd(22) + cell(without) + cell(enriched) + cell(gain);
    });
  return [
    `${lectures} lectures, embedded by ${model}; weight of the vector leg: chosen ${chosen_weight}, default ${default_weight}`,
    "Reciprocal rank of the first right passage of ten, in brackets 95 % of resamples",
    ...Object.entries(kinds).flatMap(([kind, { questions, tuning, held_out, all }]) => [
      `\n${kind}, ${questions} questions`,
      `${"".padEnd(22)}${"without".padEnd(25)}${"enriched".padEnd(25)}gain`,
      ...lines("tuning", tuning),
      ...lines("held out", held_out),
      ...lines("all", all),
    ]),
  ]
    .map((line) => line.trimEnd())
    .join("\n");
}

function print<T>(report: T, asJson: boolean, toTable: (report: T) => string): void {
  console.log(asJson ? JSON.stringify(report, null, 2) : toTable(report));
}

/** An embedded database in memory, or the one of the settings. */
async function openEvaluationDatabase() {
  const { DATABASE_URL, DATABASE_DIRECT_URL = DATABASE_URL } = loadConfig();
  const own = DATABASE_URL ? null : await startEmbeddedDatabase({ dataDir: null });
  const url = DATABASE_DIRECT_URL ?? own!.url;
  await migrate(url);
  const db = connect(url, { max: 2 });
  return {
    db,
    close: async () => {
      await db.end();
      await own?.close();
    },
  };
}

function toAlignmentTable({ files, ...total }: AlignmentReport): string {
  const rows = [...files, { file: "mean", ...total }].map(
    ({ file, exact, within_1 }) =>
      `${file.padEnd(24)}${exact.toFixed(3).padStart(8)}${within_1.toFixed(3).padStart(10)}`,
  );
  return ["file                       exact  within_1", ...rows].join("\n");
}

function toRefusalTable({ wrong, reranker, ...rates }: RefusalReport): string {
  const mistakes = wrong.map(
    ({ language, text, covered }) => `${covered ? "refused" : "answered"} (${language}): ${text}`,
  );
  return [...toRateRows(rates), ...mistakes, ...(reranker ? toRerankerRows(reranker) : [])].join(
    "\n",
  );
}

function toRerankerRows({ unscored, calibrated, configured }: RerankerReport): string[] {
  const rows = calibrated
    ? [
        `\nBy the reranker, calibrated: RERANK_MIN_SCORE=${calibrated.min_score}`,
        "On the half of the questions that chooses it:",
        ...toRateRows(calibrated.tuning),
        "On the other half:",
        ...toRateRows(calibrated.held_out),
      ]
    : ["\nBy the reranker: not calibrated, because no covered question has a score."];
  if (configured) {
    rows.push(
      `\nAll questions by the setting RERANK_MIN_SCORE=${configured.min_score}:`,
      ...toRateRows(configured),
    );
  }
  if (unscored > 0) rows.push(`\nThe reranker failed or was too slow for ${unscored} questions.`);
  return rows;
}

function toRateRows({ languages, ...total }: RefusalRates): string[] {
  const rows = [...Object.entries(languages), ["all", total] as const].map(
    ([language, { uncovered, refused, covered, falsely_refused }]) =>
      language.padEnd(10) +
      `${refused} of ${uncovered}`.padStart(20) +
      `${falsely_refused} of ${covered}`.padStart(18),
  );
  return ["language   uncovered refused   covered refused", ...rows];
}

function toCitationTable({ kinds, ...total }: CitationReport): string {
  const share = (value: number | null) => (value === null ? "-" : value.toFixed(3)).padStart(11);
  const rows = [...Object.entries(kinds), ["all", total] as const].map(
    ([kind, { n, flagged, precision, recall }]) =>
      `${kind.padEnd(16)}${String(n).padStart(6)}${String(flagged).padStart(9)}${share(precision)}${share(recall)}`,
  );
  return ["kind                 n  flagged  precision     recall", ...rows].join("\n");
}

async function evaluateSearch(folder: string, asJson: boolean): Promise<void> {
  const set = await readBeirSet(folder);
  await withEvaluationCourse(folder, async (course_id, deps) => {
    const ids = await ingestSet(course_id, set, deps);
    print(await evaluate(course_id, set, ids, deps), asJson, toText);
  });
}

/** Runs `measure` with a new course, and removes the course afterwards. Ctrl-C cancels it. */
async function withEvaluationCourse(
  folder: string,
  measure: (course_id: string, deps: EvaluationDeps) => Promise<void>,
): Promise<void> {
  const config = loadConfig();
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new AppError("cancelled")));
  const local = startLocalEmbedder();
  const { embedder } = openProviders(config, { localEmbedderUrl: local.url });
  const database = await openEvaluationDatabase();
  const { db } = database;
  const course = await insertCourse(db, { name: `Evaluation of ${folder}` });
  try {
    const say = (line: string) => console.error(line);
    await measure(course.id, { db, embedder, signal: stop.signal, say });
  } finally {
    await deleteCourse(db, course.id);
    await database.close();
    await local.close();
  }
}

function toText(report: EvaluationReport): string {
  const { model, documents, questions, chosen_weight, default_weight, gain } = report;
  return [
    `${documents} documents, ${questions} questions, embedded by ${model}`,
    `\nEvery weight of the vector leg, on the half of the questions that chooses one:\n`,
    toTable(report.tuning),
    `\nOn the other half (chosen: ${chosen_weight}, default: ${default_weight}); in brackets 95 % of resamples:\n`,
    toTable(report.held_out, true),
    `\n* is the default: against the better leg its nDCG@10 differs by ${signed(gain.mean)} (${signed(gain.low)} to ${signed(gain.high)}).`,
  ].join("\n");
}

const signed = (value: number) => (value < 0 ? "" : "+") + value.toFixed(3);

function toTable(rows: Row[], withIntervals = false): string {
  const cell = (row: Row) => (name: (typeof MEASURES)[number]) => {
    const { mean, low, high } = row[name];
    const interval = withIntervals ? ` (${low.toFixed(3)}-${high.toFixed(3)})` : "";
    return (mean.toFixed(3) + interval).padEnd(withIntervals ? 20 : 11);
  };
  const heading = ["mode".padEnd(16), ...MEASURES.map((m) => m.padEnd(withIntervals ? 20 : 11))];
  const lines = rows.map((row) => {
    const weight = row.weight === null ? "" : ` ${row.weight.toFixed(1)}`;
    const mode = `${row.mode}${weight}${row.default ? " *" : ""}`.padEnd(16);
    return [mode, ...MEASURES.map(cell(row))].join("");
  });
  return [heading.join(""), ...lines].map((line) => line.trimEnd()).join("\n");
}

try {
  await main(Bun.argv.slice(2));
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
