/**
 * Who sees which material: personal assets, and assets and pages before their release. All statements that
 * read for a caller use these conditions, so a hidden text never leaves the database.
 */
import type { Viewer } from "../../principal";
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

/** Cited places of which the viewer sees nothing now: the positions in the list. */
export async function findHiddenCitations(
  sql: Sql,
  viewer: Viewer,
  cited: { asset_id: string; page_number?: number | undefined; page_end?: number | undefined }[],
): Promise<Set<number>> {
  if (cited.length === 0 || (viewer.owner === "all" && viewer.seesUnreleased)) return new Set();
  const rows = cited.map(({ asset_id, page_number, page_end }, n) => ({
    n,
    document_id: asset_id,
    page_number: page_number ?? null,
    page_end: page_end ?? page_number ?? null,
  }));
  const hidden = await sql<{ n: number }[]>`
    select c.n from jsonb_to_recordset(${sql.json(rows)})
      as c (n int, document_id uuid, page_number int, page_end int)
    where not exists (
      select from lectures a where a.id = c.document_id ${visibleAsset(sql, viewer, "a")}
      union all
      select from documents a where a.id = c.document_id ${visibleAsset(sql, viewer, "a")}
        ${visiblePages(sql, viewer, "c", "page_end")}
    ) and (exists (select from lectures l where l.id = c.document_id)
      or exists (select from documents d where d.id = c.document_id))`;
  return new Set(hidden.map(({ n }) => n));
}
