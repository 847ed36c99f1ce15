import { AppError } from "../../errors";
import type { Viewer } from "../../principal";
import { visibleAsset } from "../access/visibility";
import type { Sql } from "../client";

/** A deck of the course of a lecture, with its score for this lecture. */
export type LectureDeck = {
  document_id: string;
  title: string | null;
  filename: string;
  page_count: number | null;
  /** 0 to 1, higher is better; null until it is computed. */
  score: number | null;
  middle_ms: number | null;
  is_suggested: boolean;
  is_visible: boolean;
};

/** The decks that a lecture can show, best score first, also those that the viewer does not see. */
export function listLectureDecks(
  sql: Sql,
  lecture_id: string,
  viewer: Viewer,
): Promise<LectureDeck[]> {
  return sql<LectureDeck[]>`
    select d.id as document_id, d.title, d.filename, d.page_count, s.score::float8 as score, s.middle_ms,
           coalesce(s.is_suggested, false) as is_suggested,
           (true ${visibleAsset(sql, viewer, "d")}) as is_visible
    from lectures l join documents d on d.course_id = l.course_id
    left join deck_scores s on s.lecture_id = l.id and s.document_id = d.id
    where l.id = ${lecture_id} and d.deleted_at is null
      and (d.owner_id is null or d.owner_id = l.owner_id)
    order by s.score desc nulls last, d.created_at, d.id`;
}

/** The decks that a teacher assigned, in order; null: the suggested decks are used. */
export async function findAssignedSlides(sql: Sql, lecture_id: string): Promise<string[] | null> {
  const [row] = await sql<{ document_ids: string[] }[]>`
    select document_ids from slide_assignments where lecture_id = ${lecture_id}`;
  return row?.document_ids ?? null;
}

/**
 * Assigns decks to a lecture in this order, and makes its spans due: one statement. Null returns to the
 * suggested decks; an empty list means that the lecture has no slides.
 *
 * @throws AppError `lecture_not_found`
 */
export async function assignSlides(
  sql: Sql,
  lecture_id: string,
  document_ids: readonly string[] | null,
): Promise<void> {
  const [row] = await sql<{ assigned: boolean }[]>`
    select assign_slides(${lecture_id}, ${document_ids as string[] | null}::uuid[]) as assigned`;
  if (!row!.assigned) throw new AppError("lecture_not_found");
}
