import type { AuditSender } from "../db/access/audit";
import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import { keepExamAnswer, listExamAnswers } from "../db/exam-answers";
import {
  acceptLastExamRun,
  claimExam,
  type ExamKind,
  type ExamRun,
  type ExamTurn,
  endExam,
  endFailedExam,
  findBaselineRun,
  insertExamRun,
  refreshExam,
} from "../db/exam-runs";
import { findExceededBudget } from "../db/jobs/provider-calls";
import { AppError } from "../errors";
import { listCourseQuestions } from "./course-questions";
import type { ExamAnswer, ExamQuestion } from "./exam-measures";
import { type ExamSettings, type SearchSettings, settingsOf } from "./exam-settings";
import { assertSameCourse, compareReports, type GateResult } from "./gate";
import { isKnownMeasure, type Measure } from "./measures";
import { type ExamAnswers, type ExamDeps, takeExam, takeSearchExam } from "./take-exam";
import { type QuestionWriterDeps, writeQuestions } from "./write-questions";

export type CourseExamDeps = ExamDeps & QuestionWriterDeps;
export type ExamReport = {
  questions: number;
  measures: Measure[];
  /** Whether there was a baseline to compare with; runs of former versions do not have it. */
  is_compared?: boolean;
};
export type CourseExamRun = ExamRun<ExamSettings | SearchSettings, ExamReport>;
/** A stored run, and its comparison with the baseline; an empty one for the first run. */
export type TakenExam = { run: CourseExamRun; results: GateResult[] };

/** Another process can take the exam a minute after the last refresh. */
const REFRESH_MS = 15_000;

/**
 * Takes the whole exam of a course, compares it with its baseline, and stores it.
 *
 * @param baseline  of a file; by default the stored run
 * @throws AppError `course_not_found`, `exam_running`, `exam_without_questions`, `budget_exceeded`,
 *   `evaluation_set_invalid` for a baseline of another course, or of a provider
 */
export async function runCourseExam(
  course_id: string,
  deps: CourseExamDeps,
  baseline?: readonly Measure[] | null,
): Promise<TakenExam> {
  await getCourse(deps.db, course_id);
  const turn = await claimExam(deps.db, course_id);
  if (!turn) throw new AppError("exam_running");
  return duringTurn(turn, deps, (signal) =>
    examine(course_id, { ...deps, signal }, { kind: "full", baseline }),
  );
}

/**
 * Accepts the regressions of the last exam of a course, for example after a change of the model that was wanted.
 *
 * @throws AppError `course_not_found`, `exam_not_worse`
 */
export async function acceptLastExam(
  db: Sql,
  course_id: string,
  sender: AuditSender,
): Promise<CourseExamRun> {
  await getCourse(db, course_id);
  const run = await acceptLastExamRun<ExamSettings | SearchSettings, ExamReport>(
    db,
    course_id,
    sender,
  );
  if (!run) throw new AppError("exam_not_worse");
  return run;
}

/**
 * Runs the work of a claimed exam, and ends the claim.
 *
 * @param work  gets a signal that also aborts when the exam loses its turn or its course
 * @throws AppError `course_not_found` or `exam_running` after such a loss, if the work ends with its signal
 */
export async function duringTurn<T>(
  turn: ExamTurn,
  { db, signal }: Pick<ExamDeps, "db" | "signal">,
  work: (signal: AbortSignal) => Promise<T>,
  refreshMs = REFRESH_MS,
): Promise<T> {
  const lost = new AbortController();
  const check = async () => {
    if (await refreshExam(db, turn)) return;
    const reason = await getCourse(db, turn.course_id).then(
      () => new AppError("exam_running"),
      (err) => err,
    );
    lost.abort(reason);
  };
  // The next refresh follows soon. If the database does not answer for long, the claim expires.
  const refresh = setInterval(() => void check().catch(() => {}), refreshMs);
  let hasFailed = true;
  try {
    const result = await work(AbortSignal.any([signal, lost.signal]));
    hasFailed = false;
    return result;
  } finally {
    clearInterval(refresh);
    const ended = hasFailed ? endFailedExam(db, turn) : endExam(db, turn, 0);
    await ended.catch(() => {});
  }
}

type Examination = {
  kind: ExamKind;
  baseline?: readonly Measure[] | null | undefined;
};

/**
 * Takes an exam whose turn is claimed. Before a whole exam, the chat model writes questions about assets that have none
 * of it; an exam of search calls no chat model. An exam that costs money stops when a budget is used up.
 *
 * @throws AppError `exam_without_questions`, `evaluation_set_invalid`, `budget_exceeded`, those of a provider
 */
export async function examine(
  course_id: string,
  deps: CourseExamDeps,
  { kind, baseline }: Examination,
): Promise<TakenExam> {
  const { db } = deps;
  if (kind === "full") await writeQuestions(course_id, deps);
  const questions = await listCourseQuestions(db, course_id);
  if (questions.length === 0) throw new AppError("exam_without_questions");
  const covered = questions.filter((question) => question.covered);
  if (baseline) assertSameCourse(baseline, covered);
  const measures =
    kind === "search"
      ? await takeSearchExam(course_id, questions, deps, { usesPrepared: false })
      : (
          await takeExam(course_id, questions, deps, {
            comparesModes: false,
            beforeEach: () => assertWithinBudget(course_id, deps),
            answers: await openExamAnswers(course_id, deps),
          })
        ).measures;
  const stored = await findBaselineRun<ExamSettings, ExamReport>(db, course_id, kind);
  const before = (baseline ?? stored?.report.measures ?? []).filter(
    (measure) =>
      (kind === "full" || measure.section === "retrieval") && isStillAsked(measure, questions),
  );
  // A baseline of a former version can have other measures only.
  const isComparable = before.some(isKnownMeasure);
  const results = isComparable ? compareReports(before, measures) : [];
  const regressions = results.flatMap(({ section, name, is_regression }) =>
    is_regression ? [`${section} ${name}`] : [],
  );
  const asked = kind === "search" ? covered.length : questions.length;
  deps.signal.throwIfAborted();
  const run = await insertExamRun<ExamSettings | SearchSettings, ExamReport>(db, course_id, {
    kind,
    settings: settingsOf(kind, deps),
    report: { questions: asked, measures, is_compared: isComparable },
    regressions,
  });
  return { run, results };
}

/** The answers of an attempt that did not end. Answers without a model cost nothing, so none is kept. */
async function openExamAnswers(
  course_id: string,
  deps: CourseExamDeps,
): Promise<ExamAnswers | undefined> {
  if (deps.chatModel.kind !== "model") return undefined;
  const settings = settingsOf("full", deps);
  const fingerprint = ({ id, question, gold }: ExamQuestion) => {
    // The places of a term have no order.
    const places = gold.map((place) => JSON.stringify(place)).sort();
    const text = JSON.stringify([settings, id, question, places]);
    return new Bun.CryptoHasher("sha256").update(text).digest("hex");
  };
  const kept = await listExamAnswers<ExamAnswer>(deps.db, course_id);
  return {
    find: (question) => kept.get(fingerprint(question)),
    keep: (question, answer) => keepExamAnswer(deps.db, course_id, fingerprint(question), answer),
  };
}

/** @throws AppError `budget_exceeded` */
async function assertWithinBudget(
  course_id: string,
  { db, chatModel, reranker, callPolicy }: CourseExamDeps,
): Promise<void> {
  if (chatModel.kind !== "model" && !reranker) return;
  const exceeded = await findExceededBudget(db, course_id, callPolicy.budgets);
  if (exceeded) throw new AppError("budget_exceeded", { ...exceeded });
}

/** Whether a question of a former measure is still asked: deleted material makes no exam worse. */
function isStillAsked({ name, values }: Measure, questions: readonly ExamQuestion[]): boolean {
  return questions.some(({ id, gold }) => {
    if (!Object.hasOwn(values, id)) return false;
    if (PAGE_MEASURES.includes(name)) return gold.some((place) => "pages" in place);
    if (SPEECH_MEASURES.includes(name)) return gold.some((place) => !("pages" in place));
    return true;
  });
}

const PAGE_MEASURES = ["page_found_in_8", "opens_right_page", "page_focus"];
const SPEECH_MEASURES = ["speech_found_in_8", "opens_right_second", "speech_focus"];
