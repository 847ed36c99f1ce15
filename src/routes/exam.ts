import { Elysia } from "elysia";
import { z } from "zod";
import { getCourse } from "../db/courses";
import { findLastExamRun } from "../db/exam-runs";
import {
  acceptLastExam,
  type CourseExamDeps,
  type CourseExamRun,
  type ExamReport,
  runCourseExam,
} from "../evaluation/course-exam";
import { type ExamSettings, type SearchSettings, settingsOf } from "../evaluation/exam-settings";
import { auditSender } from "./http/audit";
import { requestEnd } from "./http/auth";
import { ById, Id, Time } from "./http/schemas";

const Estimated = z.object({ n: z.int(), mean: z.number(), low: z.number(), high: z.number() });
const ExamMeasure = Estimated.extend({
  section: z.enum(["retrieval", "answers", "refusal"]),
  name: z.string(),
  groups: z.record(z.string(), Estimated).describe("By the origin of the questions"),
}).meta({ id: "ExamMeasure" });
const Run = z
  .object({
    id: Id,
    kind: z.enum(["full", "search"]).describe("search: without answers and refusals"),
    questions: z.int(),
    settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    is_outdated: z.boolean().describe("Models, chunk sizes or weights changed since: run it again"),
    measures: z.array(ExamMeasure).describe("From 0 to 1, higher is better; 95 % intervals"),
    is_compared: z.boolean().describe("Whether there was an earlier exam to compare with"),
    regressions: z
      .array(z.string())
      .describe(
        "Measures that are worse than in the last run without a regression, or in an accepted run",
      ),
    accepted_at: Time.nullable().describe("When an administrator accepted the regressions"),
    created_at: Time,
  })
  .meta({ id: "ExamRun" });
const Latest = z.object({ run: Run.nullable() }).meta({ id: "LatestExamRun" });

type ExamRouteDeps = Omit<CourseExamDeps, "signal" | "say">;

/** The exam of a course: generated questions that show whether a change of models, chunking or weights harms it. */
export const examRoutes = (deps: ExamRouteDeps) =>
  new Elysia({ prefix: "/api/courses", tags: ["Courses"] })
    .post(
      "/:id/exam",
      async ({ params, request }) => {
        const { id: course_id } = await getCourse(deps.db, params.id);
        const { run } = await runCourseExam(course_id, {
          ...deps,
          signal: requestEnd(request),
          say: () => {},
        });
        return toRun(run, deps);
      },
      {
        params: ById,
        response: Run,
        detail: {
          summary: "Take the exam of a course",
          description:
            "Asks questions about the material of the course, about corrected words and well rated answers, and questions that it does not " +
            "cover, and compares the result with the last run. It takes seconds to minutes; each question costs one answer of the configured " +
            "model, which also writes questions about files that have none of it, once. Ending the request cancels the exam. " +
            "Lectern takes exams by itself too (AUTO_EXAMS); only one of a course runs at a time.",
        },
      },
    )
    .get(
      "/:id/exam",
      async ({ params }) => {
        const { id: course_id } = await getCourse(deps.db, params.id);
        const run = await findLastExamRun<ExamSettings | SearchSettings, ExamReport>(
          deps.db,
          course_id,
        );
        return { run: run && toRun(run, deps) };
      },
      {
        params: ById,
        response: Latest,
        detail: { summary: "Get the last result of a course's exam" },
      },
    )
    .post(
      "/:id/exam/accept",
      async ({ params, request }) =>
        toRun(await acceptLastExam(deps.db, params.id, auditSender(request)), deps),
      {
        params: ById,
        response: Run,
        detail: {
          summary: "Accept that a course's last exam is worse",
          description:
            "After a change that was wanted: later exams are compared with this one, and the course no longer counts in " +
            "`lectern_courses_with_worse_exam`. A run that is already accepted stays as it is.",
        },
      },
    );

/** Without the single questions, which can be those of students. */
function toRun(run: CourseExamRun, deps: ExamRouteDeps) {
  const { id, kind, settings, report, regressions, accepted_at, created_at } = run;
  const { questions, measures, is_compared = true } = report;
  return {
    id,
    kind,
    questions,
    settings,
    is_outdated: !Bun.deepEquals(settings, settingsOf(kind, deps)),
    measures: measures.map(({ section, name, n, mean, low, high, groups }) => ({
      section: section as "retrieval" | "answers" | "refusal",
      name,
      n,
      mean,
      low,
      high,
      groups,
    })),
    is_compared,
    regressions,
    accepted_at,
    created_at,
  };
}
