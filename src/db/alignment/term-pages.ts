import type { Viewer } from "../../principal";
import type { TermPage } from "../../text/deck-terms";
import { visibleAsset, visiblePages } from "../access/visibility";
import type { Sql } from "../client";

/** The limit keeps the search for terms short; a course of 40 decks has about 2 000 pages. */
const MAX_PAGES = 5_000;

/**
 * The pages whose terms a transcript can contain: those that every reader of the lecture sees now. Hidden
 * pages and decks are not included; a personal deck only for a lecture of the same owner.
 */
export async function listTermPages(
  sql: Sql,
  { course_id, owner_id }: { course_id: string; owner_id: string | null },
): Promise<TermPage[]> {
  const reader: Viewer = { owner: owner_id, seesUnreleased: false };
  return sql<TermPage[]>`
    select p.normalized_description as text, p.metadata ->> 'title' as title,
           coalesce(p.metadata -> 'tags', '[]') as tags
    from documents d join slide_descriptions p on p.document_id = d.id
    where d.course_id = ${course_id} and d.deleted_at is null
      ${visibleAsset(sql, reader, "d")} ${visiblePages(sql, reader, "p", "page_number")}
    order by d.created_at, d.id, p.page_number limit ${MAX_PAGES}`;
}
