import { AppError } from "../../errors";
import { throwOwnerMissing } from "../assets";
import type { Sql } from "../client";

/** Pages of a document, both ends included, that students see from a time on. ISO 8601. */
export type PageRelease = { page_from: number; page_to: number; visible_from: string };

/** The release that a request chooses when it creates a job. Omitted fields change nothing. */
export type InitialRelease = {
  /** Students see the asset from then on. ISO 8601. */
  visible_from?: string | undefined;
  /** Documents only; these ranges are added. */
  page_releases?: PageRelease[] | undefined;
};

/** Omitted fields stay unchanged. */
export type AssetChange = {
  title?: string | undefined;
  owner_id?: string | null | undefined;
  visible_from?: string | null | undefined;
  /** Documents only; replaces all ranges. */
  page_releases?: PageRelease[] | undefined;
};

/**
 * Changes the title of an asset, who sees it and since when, and records an event: one statement.
 *
 * @throws AppError `lecture_not_found` or `document_not_found`, `user_not_found`
 */
export async function updateAsset(
  sql: Sql,
  kind: "lecture" | "document",
  id: string,
  { title, owner_id, visible_from, page_releases }: AssetChange,
): Promise<void> {
  const table = sql(`${kind}s`);
  const ranges = page_releases ?? [];
  const isReleased = [owner_id, visible_from, page_releases].some((one) => one !== undefined);
  const [changed] = await sql<{ id: string }[]>`
    with changed as (
      update ${table} set
        title = coalesce(${title ?? null}, title),
        owner_id = ${owner_id === undefined ? sql`owner_id` : sql`${owner_id}::uuid`},
        visible_from = ${visible_from === undefined ? sql`visible_from` : sql`${visible_from}::timestamptz`}
      where id = ${id} and deleted_at is null
      returning id, course_id, owner_id, visible_from
    ),
    former as (
      delete from page_releases using changed
      where document_id = changed.id and ${page_releases !== undefined}
    ),
    added as (
      insert into page_releases (document_id, page_from, page_to, visible_from)
      select changed.id, r.page_from, r.page_to, r.visible_from
      from changed, jsonb_to_recordset(${sql.json(ranges)})
        as r (page_from int, page_to int, visible_from timestamptz)
    )
    select id,
      case when ${title !== undefined} then
        record_event(${kind}, id, course_id, 'renamed', jsonb_build_object('title', ${title ?? null}::text))
      end,
      case when ${isReleased} then
        record_event(${kind}, id, course_id, 'release_changed', jsonb_build_object(
          'visible_from', visible_from, 'personal', owner_id is not null,
          'page_releases', ${page_releases === undefined ? null : sql.json(ranges)}::jsonb))
      end
    from changed`.catch(throwOwnerMissing);
  if (!changed) throw new AppError(`${kind}_not_found`);
}
