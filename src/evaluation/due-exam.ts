import type { Config } from "../config";
import { listCoursesWithOtherModel } from "../db/chunks/embeddings";
import { claimDueExam, type ExamKind, endExam } from "../db/exam-runs";
import { findQueueHold } from "../db/jobs/queue-hold";
import { AppError } from "../errors";
import { type CourseExamDeps, duringTurn, examine } from "./course-exam";
import { settingsOf } from "./exam-settings";

export type DueExamDeps = Omit<CourseExamDeps, "signal" | "say"> & {
  config: Pick<Config, "AUTO_EXAMS">;
};

/** Until `lectern reembed` has perhaps moved the vectors of a course. */
const OTHER_MODEL_SECONDS = 3_600;
/** Until a course without a usable question perhaps has one. */
const NO_QUESTIONS_SECONDS = 86_400;
/** A teacher who uploads a course has paused for this long. */
const SETTLED_SECONDS = 600;

/**
 * Takes the exam of one course whose last run has other models, chunk sizes or weights than this server, or that has
 * no run yet, so that a later change has a baseline. Of all processes, one takes an exam at a time.
 *
 * @param settledSeconds  a course with a job in this time is not due
 * @throws AppError `budget_exceeded`, those of a provider and of `duringTurn`; the signal's reason
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
      await endExam(db, turn, OTHER_MODEL_SECONDS);
      continue;
    }
    await duringTurn(turn, { db, signal }, async (ownSignal) => {
      const examDeps: CourseExamDeps = { ...deps, signal: ownSignal, say: () => {} };
      const taken = await examine(course_id, examDeps, { kind }).catch((err) => {
        if (err instanceof AppError && err.errorCode === "exam_without_questions") return null;
        throw err;
      });
      if (!taken) return endExam(db, turn, NO_QUESTIONS_SECONDS);
      const { run } = taken;
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
