import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import {
  type ExamRun,
  findExamRun,
  findTermPlaces,
  type GoldPlace,
  insertExamRun,
  listAssetsWithoutQuestions,
  listCorrectedTerms,
  listExamQuestions,
  listWellRated,
  type RatedQuestion,
} from "../db/exam";
import { AppError } from "../errors";
import { writeExamQuestions } from "../pipelines/exam-questions";
import { detectLanguage } from "../text/language";
import { toTermQuestion } from "../text/term-questions";
import { type ExamSettings, toExamSettings } from "./exam-settings";
import { assertSameCourse, compareReports, type GateResult } from "./gate";
import type { Measure } from "./measures";
import { outsideQuestions } from "./outside-questions";
import { type ExamDeps, type ExamQuestion, takeExam } from "./take-exam";

/** Questions of each origin, so that an exam takes seconds to minutes. */
const MOST = { terms: 120, corrections: 20, ratings: 60 };
/** A term in more places is a subject of the course; a rare mention says nothing about it. */
const MOST_PLACES = 12;

export type ExamReport = { settings: ExamSettings; questions: number; measures: Measure[] };
export type CourseExamRun = ExamRun<ExamReport>;

/**
 * The questions of a course's exam: about terms of its material, its corrected words, and well rated answers, and
 * questions that it does not cover. Assets without questions get them first.
 */
export async function listCourseQuestions(db: Sql, course_id: string): Promise<ExamQuestion[]> {
  for (const { kind, id } of await listAssetsWithoutQuestions(db, course_id)) {
    await writeExamQuestions(db, kind, id);
  }
  const stored = await listExamQuestions(db, course_id, MOST.terms);
  const languages = new Set(
    stored.flatMap(({ question }) => detectLanguage(question).language_code?.split("-")[0] ?? []),
  );
  const corrections = (await listCorrectedTerms(db, course_id)).slice(0, MOST.corrections);
  const outside = outsideQuestions(languages);
  const [language = "en"] = languages;
  const asked = [
    ...stored.map((one) => ({ ...one, group: "terms" })),
    ...corrections.map(({ id, term }) => ({
      id,
      term,
      group: "corrections",
      question: toTermQuestion(term, language),
    })),
  ];
  const terms = [...asked.map(({ term }) => term), ...outside.map(({ word }) => word)];
  const places = await findTermPlaces(db, course_id, [...new Set(terms)]);
  const about = asked.flatMap(({ id, question, term, group }): ExamQuestion[] => {
    const gold = places.get(term) ?? [];
    if (gold.length === 0 || gold.length > MOST_PLACES) return [];
    return [{ id, question, group, kind: group, covered: true, gold }];
  });
  const rated = (await listWellRated(db, course_id, MOST.ratings)).flatMap(toRatedQuestion);
  const uncovered = outside
    .filter(({ word }) => !places.has(word))
    .map(({ id, question }): ExamQuestion => {
      return { id, question, group: "outside", kind: "outside", covered: false, gold: [] };
    });
  return about.length + rated.length === 0 ? [] : [...about, ...rated, ...uncovered];
}

function toRatedQuestion({ id, question, citations }: RatedQuestion): ExamQuestion[] {
  const gold = citations.flatMap(({ asset_id, page_number, start_ms, end_ms }): GoldPlace[] => {
    if (!asset_id) return [];
    if (page_number !== undefined) return [{ asset_id, pages: [page_number] }];
    if (start_ms === undefined || end_ms === undefined) return [];
    return [{ asset_id, start_ms, end_ms }];
  });
  if (gold.length === 0) return [];
  return [{ id, question, group: "ratings", kind: "ratings", covered: true, gold }];
}

/**
 * Takes the exam of a course, compares it with the last run without a regression, and stores it.
 *
 * @param baseline  of a file; by default the stored run
 * @returns the stored run, and its comparison; an empty one for the first run
 * @throws AppError `course_not_found`, `exam_without_questions`, `evaluation_set_invalid` for a baseline of another
 *   course, or of a provider
 */
export async function runCourseExam(
  course_id: string,
  deps: ExamDeps,
  baseline?: readonly Measure[] | null,
): Promise<{ run: CourseExamRun; results: GateResult[] }> {
  const { db } = deps;
  await getCourse(db, course_id);
  const questions = await listCourseQuestions(db, course_id);
  if (questions.length === 0) throw new AppError("exam_without_questions");
  const covered = questions.filter((question) => question.covered);
  if (baseline)
    assertSameCourse(
      baseline,
      covered.map(({ id }) => id),
    );
  const stored = await findExamRun<ExamReport>(db, course_id, { isBaseline: true });
  const { measures } = await takeExam(course_id, questions, deps, { comparesModes: false });
  const report = { settings: toExamSettings(deps), questions: questions.length, measures };
  const before = baseline ?? stored?.report.measures ?? [];
  // After all material is replaced, the exam starts again.
  const isComparable = before.some((former) =>
    measures.some(
      ({ name, values }) =>
        name === former.name && Object.keys(values).some((id) => id in former.values),
    ),
  );
  const results = isComparable ? compareReports(before, measures) : [];
  const regressions = results.flatMap(({ section, name, isRegression }) =>
    isRegression ? [`${section} ${name}`] : [],
  );
  return { run: await insertExamRun(db, course_id, { report, regressions }), results };
}
