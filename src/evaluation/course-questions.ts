import type { Sql } from "../db/client";
import {
  findTermPlaces,
  type GoldPlace,
  listAssetsWithoutQuestions,
  listCorrectedTerms,
  listExamQuestions,
  listWellRated,
  type RatedQuestion,
} from "../db/exam-questions";
import { writeExamQuestions } from "../pipelines/exam-questions";
import { detectLanguage } from "../text/language";
import { toTermQuestion } from "../text/term-questions";
import type { ExamQuestion } from "./exam-measures";
import { outsideQuestions } from "./outside-questions";

/** Questions of each origin, so that an exam takes seconds to minutes. */
const MOST = { terms: 120, corrections: 20, ratings: 60 };
/** A term in more places is a subject of the course; a rare mention says nothing about it. */
const MOST_PLACES = 12;

/**
 * The questions of a course's exam: about terms of its material, those that a model wrote, about its corrected words
 * and of well rated answers, and questions that it does not cover. Assets without questions get them first.
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
    ...stored.map((one) => ({ ...one, group: one.place ? "written" : "terms" })),
    ...corrections.map(({ id, term }) => ({
      id,
      term,
      place: null,
      group: "corrections",
      question: toTermQuestion(term, language),
    })),
  ];
  const terms = [...asked.map(({ term }) => term), ...outside.map(({ word }) => word)];
  const places = await findTermPlaces(db, course_id, [...new Set(terms)]);
  const about = asked.flatMap(({ id, question, term, group, place }): ExamQuestion[] => {
    const gold = [...(place ? [place] : []), ...(places.get(term) ?? [])];
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
