import { toClock } from "../../src/text/clock";
import type { Reference } from "../conversation/exchange";
import type { SourcePlace } from "../route/route";
import { BASE_URL } from "../server/base-url";
import { strings } from "../text/strings";

/** Where a reference is; undefined if the reader cannot see it now. */
export function toPlace(reference: Reference): SourcePlace | undefined {
  const { source, asset_id: id, page_number, start_ms = 0, withheld } = reference;
  if (withheld) return undefined;
  if (source === "lectures") return { kind: "lecture", id, ms: start_ms };
  return page_number === undefined ? undefined : { kind: "document", id, page: page_number };
}

/** The place in words: `page 4`, or `0:56`. */
export function placeName({ page_number, page_label, start_ms = 0 }: Reference): string {
  if (page_number === undefined) return toClock(start_ms);
  return strings.page(page_label ? `${page_label} (${page_number})` : String(page_number));
}

/** The place on a chip: `p. 4`, or `0:56`. */
export function shortPlaceName({ page_number, page_label, start_ms = 0 }: Reference): string {
  return page_number === undefined
    ? toClock(start_ms)
    : strings.shortPage(page_label ?? String(page_number));
}

/** The cited page, or the slide that is shown at the cited moment, as an image; undefined without one. */
export function imageUrlOf(reference: Reference): string | undefined {
  const { asset_id, page_number, sha256, slide, withheld } = reference;
  if (withheld) return undefined;
  if (page_number !== undefined) return pageImageUrl(asset_id, page_number, sha256);
  return slide && pageImageUrl(slide.document_id, slide.page_number);
}

/** @param sha256 the version of the PDF; the current one if absent */
export function pageImageUrl(document_id: string, page: number, sha256?: string): string {
  const version = sha256 ? `/versions/${sha256}` : "";
  return `${BASE_URL}/api/documents/${document_id}${version}/pages/${page}/image`;
}
