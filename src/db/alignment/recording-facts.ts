import type { Viewer } from "../../principal";
import { visibleAsset, visiblePages } from "../access/visibility";
import type { Sql } from "../client";
import type { SlideChange } from "../lectures";

/** The length and the slide changes of a lecture, without its transcript. */
export type RecordingFacts = {
  /** Of the audio, or the end of the transcript if that is later; 0 without both. */
  duration_ms: number;
  slide_changes: SlideChange[];
};

export async function findRecordingFacts(sql: Sql, lecture_id: string): Promise<RecordingFacts> {
  const [facts] = await sql<RecordingFacts[]>`
    select l.slide_changes,
           greatest(coalesce(l.audio_duration_seconds, 0)::bigint * 1000,
                    coalesce((t.word_segments -> 'segments' -> -1 ->> 'end_ms')::bigint, 0))::float8
             as duration_ms
    from lectures l left join lecture_transcripts t on t.lecture_id = l.id
    where l.id = ${lecture_id}`;
  return facts ?? { duration_ms: 0, slide_changes: [] };
}

/** Characters of a page that a caption can quote. */
const COMPARED_CHARS = 300;

/** The pages of a lecture's course that are hidden from the viewer until their release. */
export async function listHiddenPages(
  sql: Sql,
  lecture_id: string,
  viewer: Viewer,
): Promise<{ title: string | null; text: string }[]> {
  if (viewer.seesUnreleased) return [];
  return sql<{ title: string | null; text: string }[]>`
    select p.metadata ->> 'title' as title, left(p.normalized_description, ${COMPARED_CHARS}) as text
    from lectures l join documents d on d.course_id = l.course_id
    join slide_descriptions p on p.document_id = d.id
    where l.id = ${lecture_id} and d.deleted_at is null and d.owner_id is null
      and (true ${visibleAsset(sql, viewer, "d")} ${visiblePages(sql, viewer, "p", "page_number")}) is not true`;
}
