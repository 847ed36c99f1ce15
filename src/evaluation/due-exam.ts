import type { Config } from "../config";
import { listCoursesWithOtherModel } from "../db/chunks/embeddings";
import { claimDueExam, type ExamKind, endExam } from "../db/exam-runs";
import { findExceededBudget } from "../db/jobs/provider-calls";
import { findQueueHold } from "../db/jobs/queue-hold";
import { AppError } from "../errors";
import { type CourseExamDeps, duringTurn, examine } from "./course-exam";
import { settingsOf } from "./exam-settings";

export type DueExamDeps = Omit<CourseExamDeps, "signal" | "say"> & {
  config: Pick<Config, "AUTO_EXAMS">;
};

/** After a failure, such as an outage of a provider or a used-up budget. */
const RETRY_SECONDS = 3_600;
/** A teacher who uploads a course has paused for this long. */
const SETTLED_SECONDS = 600;

/**
 * Takes the exam of one course whose last run has other models, chunk sizes or weights than this server, or that has
 * no run yet, so that a later change has a baseline. Of all processes, one takes an exam at a time.
 *
 * @param settledSeconds  a course with a job in this time is not due
 */
export async function takeDueExam(
  deps: DueExamDeps,
  signal: AbortSignal,
  settledSeconds = SETTLED_SECONDS,
): Promise<void> {
  const { db, log, embedder } = deps;
  if (await findQueueHold(db)) return;
  const kind = automaticKind(deps);
  for (;;) {
    const turn = await claimDueExam(db, kind, settingsOf(kind, deps), settledSeconds);
    if (!turn) return;
    const { course_id } = turn;
    // Its vectors are of another model until `lectern reembed` moves them, so the exam would measure that one.
    const waits = await listCoursesWithOtherModel(db, course_id, embedder.model);
    if (waits.length > 0) {
      await endExam(db, turn, RETRY_SECONDS);
      continue;
    }
    const examDeps: CourseExamDeps = { ...deps, signal, say: () => {} };
    await duringTurn(turn, examDeps, RETRY_SECONDS, async () => {
      const checkBudget = () => assertWithinBudget(deps, course_id);
      const { run } = await examine(course_id, examDeps, { kind, beforeEach: checkBudget });
      const { regressions, report } = run;
      const fields = { course_id, kind, questions: report.questions, regressions };
      if (regressions.length === 0) log.info(fields, "the exam of a course was taken");
      else log.warn(fields, "a course is searched or answered worse than before the last change");
    });
    return;
  }
}

/** Answers of a model and a reranker can cost money for each question, so they need the setting `full`. */
function automaticKind({ config, chatModel, reranker }: DueExamDeps): ExamKind {
  const isKeyless = chatModel.kind === "extractive" && !reranker;
  return isKeyless || config.AUTO_EXAMS === "full" ? "full" : "search";
}

/** @throws AppError `budget_exceeded` */
async function assertWithinBudget(
  { db, callPolicy }: Pick<DueExamDeps, "db" | "callPolicy">,
  course_id: string,
): Promise<void> {
  const exceeded = await findExceededBudget(db, course_id, callPolicy.budgets);
  if (exceeded) throw new AppError("budget_exceeded", { ...exceeded });
}
