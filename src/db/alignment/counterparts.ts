import type { Viewer } from "../../principal";
import { visibleAsset, visiblePages, visibleSpeech } from "../access/visibility";
import type { Sql } from "../client";
import { CONFIDENT } from "./confidence";

/** A page of a document, or a moment of a lecture. */
export type CounterpartQuery = {
  asset_id: string;
  page_number?: number | undefined;
  start_ms?: number | undefined;
};

/** The slide that is shown at a moment. */
export type StoredSlide = {
  n: number;
  document_id: string;
  page_number: number;
  page_label: string | null;
  title: string | null;
  sha256: string;
  confidence: number;
};

/** A moment at which a page is shown. */
export type StoredMoment = {
  n: number;
  lecture_id: string;
  title: string | null;
  viewer_url: string | null;
  start_ms: number;
  end_ms: number;
  confidence: number;
};

/**
 * The slide at each moment, and the moments of each page, that the viewer sees: confident ones only. `n` is the
 * position in the list.
 *
 * @param mostMoments of one page; the longest are returned, in order of time
 */
export async function findCounterparts(
  sql: Sql,
  viewer: Viewer,
  places: readonly CounterpartQuery[],
  mostMoments: number,
): Promise<{ slides: StoredSlide[]; moments: StoredMoment[] }> {
  const rows = places.map(({ asset_id, page_number, start_ms }, n) => ({
    n,
    asset_id,
    page_number: page_number ?? null,
    start_ms: start_ms ?? null,
  }));
  const [found] = await sql<{ slides: StoredSlide[]; moments: StoredMoment[] }[]>`
    with place as materialized (
      select * from jsonb_to_recordset(${sql.json(rows)})
        as p (n int, asset_id uuid, page_number int, start_ms int)
    ),
    slide as (
      select place.n, s.document_id, s.page_number, p.metadata->>'label' as page_label,
             coalesce(d.title, d.filename) as title, d.sha256, s.confidence::float8 as confidence
      from place join slide_spans s on s.lecture_id = place.asset_id
        and place.start_ms >= s.start_ms and place.start_ms < s.end_ms
      join documents d on d.id = s.document_id
      left join slide_descriptions p on p.document_id = d.id and p.page_number = s.page_number
      where place.page_number is null and s.confidence >= ${CONFIDENT}::real and d.deleted_at is null
        ${visibleAsset(sql, viewer, "d")} ${visiblePages(sql, viewer, "s", "page_number")}
    ),
    moment as (
      select place.n, s.lecture_id, l.title, coalesce(l.panopto_url, l.media_url) as viewer_url,
             s.start_ms, s.end_ms, s.confidence::float8 as confidence, l.created_at,
             row_number() over (partition by place.n order by s.end_ms - s.start_ms desc, s.start_ms) as place
      from place join slide_spans s on s.document_id = place.asset_id
        and s.page_number = place.page_number
      join lectures l on l.id = s.lecture_id
      where s.confidence >= ${CONFIDENT}::real and l.deleted_at is null
        ${visibleAsset(sql, viewer, "l")} ${visibleSpeech(sql, viewer, "s")}
    )
    select coalesce((select json_agg(slide) from slide), '[]') as slides,
           coalesce((select json_agg(m order by m.created_at, m.lecture_id, m.start_ms)
                     from moment m where m.place <= ${mostMoments}::int), '[]') as moments`;
  return found!;
}
