import type { Viewer } from "../../principal";
import type { SuggestionPage } from "../../text/transcript/suggest-corrections";
import { visibleAsset, visiblePages } from "../access/visibility";
import type { Sql } from "../client";

const MAX_PAGES = 1_000;

/**
 * The pages whose terms a lecture probably speaks, as far as the viewer sees them: of the decks in its
 * timeline, or of all decks of the course while it has no timeline.
 */
export function listSuggestionPages(
  sql: Sql,
  lecture_id: string,
  viewer: Viewer,
): Promise<SuggestionPage[]> {
  return sql<SuggestionPage[]>`
    with spans as (select * from slide_spans where lecture_id = ${lecture_id})
    select p.document_id, p.page_number, p.normalized_description as text,
           p.metadata ->> 'title' as title, coalesce(p.metadata -> 'tags', '[]') as tags,
           coalesce((select jsonb_agg(jsonb_build_object('start_ms', s.start_ms, 'end_ms', s.end_ms))
                     from spans s
                     where s.document_id = p.document_id and s.page_number = p.page_number), '[]') as shown
    from lectures l join documents d on d.course_id = l.course_id
    join slide_descriptions p on p.document_id = d.id
    where l.id = ${lecture_id} and d.deleted_at is null
      and (d.owner_id is null or d.owner_id = l.owner_id)
      and (d.id in (select document_id from spans) or not exists (select from spans))
      ${visibleAsset(sql, viewer, "d")} ${visiblePages(sql, viewer, "p", "page_number")}
    order by d.created_at, d.id, p.page_number limit ${MAX_PAGES}`;
}
