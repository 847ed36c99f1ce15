import { Elysia } from "elysia";
import { z } from "zod";
import { getCourse } from "../db/courses";
import { findExamRun } from "../db/exam";
import { type CourseExamRun, type ExamReport, runCourseExam } from "../evaluation/course-exam";
import { toExamSettings } from "../evaluation/exam-settings";
import type { ExamDeps } from "../evaluation/take-exam";
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
    questions: z.int(),
    settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    is_outdated: z.boolean().describe("Models, chunking or weights changed since: run it again"),
    measures: z.array(ExamMeasure).describe("From 0 to 1, higher is better; 95 % intervals"),
    regressions: z
      .array(z.string())
      .describe("Measures that are worse than in the last run without a regression"),
    created_at: Time,
  })
  .meta({ id: "ExamRun" });
const Latest = z.object({ run: Run.nullable() }).meta({ id: "LatestExamRun" });

type ExamRouteDeps = Omit<ExamDeps, "signal" | "say">;

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
            "model. Ending the request cancels it.",
        },
      },
    )
    .get(
      "/:id/exam",
      async ({ params }) => {
        const { id: course_id } = await getCourse(deps.db, params.id);
        const run = await findExamRun<ExamReport>(deps.db, course_id, { isBaseline: false });
        return { run: run && toRun(run, deps) };
      },
      {
        params: ById,
        response: Latest,
        detail: { summary: "Get the last result of a course's exam" },
      },
    );

/** Without the single questions, which can be those of students. */
function toRun({ id, report, regressions, created_at }: CourseExamRun, deps: ExamRouteDeps) {
  const { questions, settings, measures } = report;
  return {
    id,
    questions,
    settings,
    is_outdated: !Bun.deepEquals(settings, toExamSettings(deps)),
    measures: measures.map(({ section, name, n, mean, low, high, groups }) => ({
      section: section as "retrieval" | "answers" | "refusal",
      name,
      n,
      mean,
      low,
      high,
      groups,
    })),
    regressions,
    created_at,
  };
}
