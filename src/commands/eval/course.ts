import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../config";
import { getCourse, insertCourse } from "../../db/courses";
import { startEmbeddedDatabase } from "../../db/embedded/start";
import { migrate } from "../../db/migrate";
import { runCourseExam } from "../../evaluation/course-exam";
import { readCourseFolder } from "../../evaluation/course-folder";
import { evaluateFolder } from "../../evaluation/evaluate-course";
import { toExamSettings } from "../../evaluation/exam-settings";
import { assertSameCourse, compareReports, readBaseline } from "../../evaluation/gate";
import { toReportChart } from "../../evaluation/report-chart";
import { toGateTable, toReportTable } from "../../evaluation/report-table";
import { startLocalEmbedder } from "../../providers/local/embedding-server";
import { openServices } from "../../services";
import { openInstalledDatabase } from "../installed-database";
import { openStopSignal } from "../stop-signal";
import { assertWritable, print, writeChart } from "./print";

/** How the report of a course is shown and compared. */
export type CourseEvaluation = {
  /** Of the folder, or the id of a course of the server. */
  path: string;
  asJson: boolean;
  /** The file of the chart. */
  svg: string | null;
  hasGate: boolean;
  /** The path of the baseline; null for the stored one. */
  gate: string | null;
};

/** Takes the exam of a course of the server, stores the run, and with a gate sets the exit code 1. */
export async function takeStoredExam({
  path,
  asJson,
  svg,
  hasGate,
  gate,
}: CourseEvaluation): Promise<void> {
  const baseline = gate === null ? null : await readBaseline(gate);
  if (svg) await assertWritable(svg);
  const signal = openStopSignal();
  const config = loadConfig();
  const database = await openInstalledDatabase(config);
  const local = startLocalEmbedder();
  try {
    const services = await openServices(
      { ...config, DATABASE_URL: database.url, LOG_LEVEL: "silent" },
      { connections: 2, localEmbedderUrl: local.url, name: "eval" },
    );
    try {
      const say = (line: string) => console.error(line);
      const deps = { ...services, signal, say };
      const { run, results } = await runCourseExam(path, deps, baseline);
      const { name } = await getCourse(services.db, path);
      const { created_at: made_at } = run;
      const settings = toExamSettings(services);
      const { questions, measures } = run.report;
      const report = { made_at, course: name, settings, questions, measures, legs: null };
      const comparison = results.length > 0 ? results : null;
      print({ ...report, comparison }, asJson, toReportTable);
      if (svg) await writeChart(svg, toReportChart(report));
      if (results.length > 0) console.error(toGateTable(results));
      else if (hasGate)
        console.error("There is no earlier run to compare with; this one is stored.");
      if (run.regressions.length > 0 && !baseline) {
        console.error(`If this change was wanted: ./lectern exam accept ${path}`);
      }
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
export async function evaluateCourse({ path, asJson, svg, gate }: CourseEvaluation): Promise<void> {
  const signal = openStopSignal();
  const config = loadConfig();
  const say = (line: string) => console.error(line);
  const limits = { maxPages: config.MAX_PAGES, signal, warn: say };
  const course = await readCourseFolder(path, limits);
  const baseline = gate === null ? null : await readBaseline(gate);
  if (baseline) assertSameCourse(baseline, course.questions);
  if (svg) await assertWritable(svg);
  const local = startLocalEmbedder();
  const dataRoot = await mkdtemp(join(tmpdir(), "lectern-eval-"));
  const database = await startEmbeddedDatabase({ dataDir: null });
  try {
    await migrate(database.url);
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
    try {
      const { id } = await insertCourse(services.db, { name: path });
      const report = await evaluateFolder(id, course, {
        ...services,
        maxPages: config.MAX_PAGES,
        captions: config.CAPTIONS,
        sendsTerms: config.TRANSCRIPTION_TERMS,
        signal,
        say,
      });
      const comparison = baseline && compareReports(baseline, report.measures);
      print({ ...report, comparison }, asJson, toReportTable);
      if (svg) await writeChart(svg, toReportChart(report));
      if (!comparison) return;
      console.error(toGateTable(comparison));
      if (comparison.some(({ is_regression }) => is_regression)) process.exitCode = 1;
    } finally {
      await services.close();
    }
  } finally {
    await database.close();
    await local.close();
    await rm(dataRoot, { recursive: true });
  }
}
