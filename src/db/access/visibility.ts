/**
 * Who sees which material: personal assets, and assets and pages before their release. All statements that
 * read for a caller use these conditions, so a hidden text never leaves the database.
 */
import type { Viewer } from "../../principal";
import { CONFIDENT } from "../alignment/confidence";
import type { Sql } from "../client";

/**
 * `and …` that keeps the assets that the viewer sees.
 *
 * @param asset alias of `lectures` or `documents` in the statement
 */
export function visibleAsset(sql: Sql, { owner, seesUnreleased }: Viewer, asset: string) {
  const owner_id = sql(`${asset}.owner_id`);
  const visible_from = sql(`${asset}.visible_from`);
  const isOwn = owner === "all" ? sql`true` : sql`${owner_id} = ${owner}::uuid`;
  const ofOwner = owner === "all" ? sql`` : sql`and (${owner_id} is null or ${isOwn})`;
  const isReleased = sql`(${visible_from} is null or ${visible_from} <= now() or ${isOwn})`;
  return seesUnreleased ? ofOwner : sql`${ofOwner} and ${isReleased}`;
}

/**
 * `and …` that keeps rows of pages without any hidden page.
 *
 * @param rows alias of a table with `document_id`, `page_number` and perhaps the column `last`
 */
export const visiblePages = (
  sql: Sql,
  { seesUnreleased }: Viewer,
  rows: string,
  last: "page_number" | "page_end",
) =>
  seesUnreleased
    ? sql``
    : sql`and not exists (
        select from page_releases r
        where r.document_id = ${sql(`${rows}.document_id`)} and r.visible_from > now()
          and r.page_from <= ${sql(`${rows}.${last}`)} and r.page_to >= ${sql(`${rows}.page_number`)})`;

/**
 * The spans of lectures that show a hidden page: `select lecture_id, start_ms, end_ms`. Only confident
 * spans count, because a wrong one would hide speech that students need.
 */
const hiddenSpeech = (sql: Sql, { owner }: Viewer) => sql`
  select s.lecture_id, s.start_ms, s.end_ms
  from (
    select document_id, page_from, page_to from page_releases where visible_from > now()
    union all
    select id, 1, 2147483647 from documents
    where visible_from > now()
      and not coalesce(owner_id = ${owner === "all" ? null : owner}::uuid, false)
  ) page
  join slide_spans s on s.document_id = page.document_id
    and s.page_number between page.page_from and page.page_to
  join documents d on d.id = s.document_id
  where s.confidence >= ${CONFIDENT}::real and d.deleted_at is null`;

/**
 * `and …` that keeps rows of speech without any part over a hidden page. The lectures with hidden pages are
 * listed once for the statement, so that rows of other lectures are not compared.
 *
 * @param rows alias of a table with `lecture_id`, `start_ms` and `end_ms`
 */
export const visibleSpeech = (sql: Sql, viewer: Viewer, rows: string) =>
  viewer.seesUnreleased
    ? sql``
    : sql`and (${sql(`${rows}.lecture_id`)} <> all (array(select distinct lecture_id from (${hiddenSpeech(sql, viewer)}) hidden))
        or not exists (
        select from (${hiddenSpeech(sql, viewer)}) hidden
        where hidden.lecture_id = ${sql(`${rows}.lecture_id`)}
          and hidden.start_ms < ${sql(`${rows}.end_ms`)} and hidden.end_ms > ${sql(`${rows}.start_ms`)}))`;

/** The times of a lecture, in milliseconds, in which it shows pages that are hidden from the viewer. */
export async function listHiddenSpeech(
  sql: Sql,
  lecture_id: string,
  viewer: Viewer,
): Promise<{ start_ms: number; end_ms: number }[]> {
  if (viewer.seesUnreleased) return [];
  return sql<{ start_ms: number; end_ms: number }[]>`
    select start_ms, end_ms from (${hiddenSpeech(sql, viewer)}) hidden
    where lecture_id = ${lecture_id} order by start_ms`;
}

/** When the last hidden page of a document is released, or this page; null if nothing is hidden. */
export async function findHiddenUntil(
  sql: Sql,
  document_id: string,
  { seesUnreleased }: Viewer,
  page_number?: number,
): Promise<string | null> {
  if (seesUnreleased) return null;
  const [hidden] = await sql<{ until: string | null }[]>`
    select max(visible_from) as until from page_releases
    where document_id = ${document_id} and visible_from > now()
      ${page_number === undefined ? sql`` : sql`and ${page_number}::int between page_from and page_to`}`;
  return hidden!.until;
}

/** Pages of a document, or a part of a recording in milliseconds. */
export type CitedPlace = {
  asset_id: string;
  page_number?: number | undefined;
  page_end?: number | undefined;
  start_ms?: number | undefined;
  end_ms?: number | undefined;
};

/** Cited places of which the viewer sees nothing now: the positions in the list. */
export async function findHiddenCitations(
  sql: Sql,
  viewer: Viewer,
  cited: CitedPlace[],
): Promise<Set<number>> {
  if (cited.length === 0 || (viewer.owner === "all" && viewer.seesUnreleased)) return new Set();
  const rows = cited.map(({ asset_id, page_number, page_end, start_ms, end_ms }, n) => ({
    n,
    document_id: asset_id,
    lecture_id: asset_id,
    page_number: page_number ?? null,
    page_end: page_end ?? page_number ?? null,
    start_ms: start_ms ?? null,
    end_ms: end_ms ?? null,
  }));
  const hidden = await sql<{ n: number }[]>`
    select c.n from jsonb_to_recordset(${sql.json(rows)})
      as c (n int, document_id uuid, lecture_id uuid, page_number int, page_end int, start_ms float8, end_ms float8)
    where not exists (
      select from lectures a where a.id = c.lecture_id ${visibleAsset(sql, viewer, "a")}
        ${visibleSpeech(sql, viewer, "c")}
      union all
      select from documents a where a.id = c.document_id ${visibleAsset(sql, viewer, "a")}
        ${visiblePages(sql, viewer, "c", "page_end")}
    ) and (exists (select from lectures l where l.id = c.document_id)
      or exists (select from documents d where d.id = c.document_id))`;
  return new Set(hidden.map(({ n }) => n));
}
