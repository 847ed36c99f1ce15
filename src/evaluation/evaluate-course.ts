import { isFlaggedByCheck, type JudgedSentence } from "../chat/citations/evaluate";
import { listSlideSpans } from "../db/alignment/slide-spans";
import type { Sql } from "../db/client";
import { SEES_ALL } from "../principal";
import type { CourseFolder, LabelledVisit } from "./course-folder";
import type { ExamQuestion, SearchLegs } from "./exam-measures";
import { type ExamSettings, toExamSettings } from "./exam-settings";
import { type FolderDeps, ingestFolder } from "./ingest-folder";
import { addId, type Measure, SECTIONS, toMeasure } from "./measures";
import { type ExamDeps, takeExam } from "./take-exam";

/** The models and the numbers of one evaluation of a course. `ReportSchema` has it with the comparison. */
export type CourseReport = {
  /** ISO 8601. */
  made_at: string;
  course: string;
  settings: ExamSettings;
  questions: number;
  measures: Measure[];
  /** Null unless the modes were compared. */
  legs: SearchLegs | null;
};

/** Of a file that is damaged: nothing that search finds is in it. */
const NO_ASSET = "00000000-0000-0000-0000-000000000000";

/**
 * Ingests a folder into a course and measures retrieval, answers, refusals, the citation check and the timeline.
 *
 * @throws AppError `evaluation_set_invalid` for a file that cannot be ingested; AppError of a provider
 */
export async function evaluateFolder(
  course_id: string,
  course: CourseFolder,
  deps: FolderDeps & ExamDeps,
): Promise<CourseReport> {
  const assets = await ingestFolder(course_id, course, deps);
  const questions = course.questions.map(
    ({ id, question, language, kind, covered, gold }): ExamQuestion => ({
      id,
      question,
      group: language,
      kind,
      covered,
      gold: gold.map((place) =>
        "pages" in place
          ? { asset_id: assets.get(place.file) ?? NO_ASSET, pages: place.pages }
          : {
              asset_id: assets.get(place.file) ?? NO_ASSET,
              start_ms: place.start_s * 1_000,
              end_ms: place.end_s * 1_000,
            },
      ),
    }),
  );
  const { measures, legs } = await takeExam(course_id, questions, deps, { comparesModes: true });
  const all = [
    ...measures,
    ...measureCitationCheck(course.citations ?? []),
    ...(await measureTimeline(deps.db, assets, course.timeline ?? [])),
  ];
  return {
    made_at: new Date().toISOString(),
    course: course.folder,
    settings: toExamSettings(deps),
    questions: questions.length,
    measures: sort(all),
    legs,
  };
}

const sort = (measures: Measure[]) =>
  SECTIONS.flatMap((section) => measures.filter((one) => one.section === section));

function measureCitationCheck(sentences: readonly JudgedSentence[]): Measure[] {
  const ids = new Set<string>();
  const items = sentences.map((one) => ({
    id: addId(`${one.sentence} | ${one.passage}`, ids),
    group: one.kind,
    isFlagged: isFlaggedByCheck(one),
    isUnsupported: one.expected === "unsupported",
  }));
  const of = (isUnsupported: boolean) =>
    items
      .filter((item) => item.isUnsupported === isUnsupported)
      .map(({ id, group, isFlagged }) => ({
        id,
        group,
        value: Number(isFlagged === isUnsupported),
      }));
  return [
    ...toMeasure("citations", "unsupported_flagged", of(true)),
    ...toMeasure("citations", "supported_accepted", of(false)),
  ];
}

/** The share of each labelled visit in which the timeline shows its page, or one beside it. */
async function measureTimeline(
  db: Sql,
  assets: ReadonlyMap<string, string>,
  visits: readonly LabelledVisit[],
): Promise<Measure[]> {
  const lectures = [...new Set(visits.map(({ lecture }) => lecture))];
  const spans = new Map(
    await Promise.all(
      lectures.map(
        async (name) =>
          [name, await listSlideSpans(db, assets.get(name) ?? NO_ASSET, SEES_ALL)] as const,
      ),
    ),
  );
  const shareOf = ({ lecture, document, page, start_s, end_s }: LabelledVisit, reach: number) => {
    const [start, end] = [start_s * 1_000, end_s * 1_000];
    const shown = spans
      .get(lecture)!
      .filter(
        (span) =>
          span.document_id === assets.get(document) && Math.abs(span.page_number - page) <= reach,
      )
      .map((span) => Math.max(0, Math.min(end, span.end_ms) - Math.max(start, span.start_ms)));
    return Math.min(1, shown.reduce((sum, ms) => sum + ms, 0) / (end - start));
  };
  const items = (reach: number) => {
    const ids = new Set<string>();
    return visits.map((visit) => {
      const { lecture, document, page, start_s, end_s } = visit;
      const id = addId(`${lecture} ${start_s}-${end_s}: ${document} ${page}`, ids);
      return { id, group: lecture, value: shareOf(visit, reach) };
    });
  };
  return [
    ...toMeasure("timeline", "right_page", items(0)),
    ...toMeasure("timeline", "right_page_or_neighbour", items(1)),
  ];
}
