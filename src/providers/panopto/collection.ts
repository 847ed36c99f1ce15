import { XMLParser } from "fast-xml-parser";
import { z } from "zod";
import type { ListedRecording } from "../../db/course-sources";
import { AppError } from "../../errors";
import { cleanLine } from "../../text/clean-text";
import { parseJson } from "../../text/parse-json";
import type { CollectionAddress } from "../audio-source";
import { parsePanoptoUrl, toViewerUrl } from "./address";

const GUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
const FOLDER_PAGE = /\/pages\/(sessions\/(list|embeddedlist)|folders?\b|home|browse|embeddedlist)/i;
const FEED_PAGE = /\/podcast\/podcast\.ashx$/i;

/**
 * Reads the address of a folder (`…/Pages/Sessions/List.aspx#folderID="…"`) or of its podcast feed
 * (`…/Podcast/Podcast.ashx?courseid=…`), as users copy them, also with `feed:` or `itpc:` in front.
 *
 * @throws AppError `panopto_collection_invalid`
 */
export function parseCollectionUrl(text: string): CollectionAddress {
  const invalid = new AppError("panopto_collection_invalid");
  const address = text.trim().replace(/^(feed|itpc|pcast):(\/\/)?(?=https?:)/i, "");
  const url = URL.parse(address.replace(/^(feed|itpc|pcast):\/\//i, "https://"));
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) throw invalid;
  const fields = [...url.searchParams, ...new URLSearchParams(url.hash.slice(1))];
  const field = (name: RegExp) =>
    GUID.exec(fields.find(([key]) => name.test(key))?.[1] ?? "")?.[0].toLowerCase();
  const { origin, host, pathname } = url;
  const feed = FEED_PAGE.test(pathname) ? field(/^courseid$/i) : undefined;
  if (feed) return { kind: "feed", origin, host, folder_id: feed };
  const folder = FOLDER_PAGE.test(pathname) ? field(/^(embedded)?folderid$/i) : undefined;
  if (folder) return { kind: "folder", origin, host, folder_id: folder };
  throw invalid;
}

/** The address of a collection in one form, so that equal collections have equal addresses. */
export const toCollectionUrl = ({ kind, origin, folder_id }: CollectionAddress): string =>
  kind === "feed"
    ? `${origin}/Panopto/Podcast/Podcast.ashx?courseid=${folder_id}&type=mp4`
    : `${origin}/Panopto/Pages/Sessions/List.aspx#folderID=%22${folder_id}%22`;

/** Foreign JSON: a flaw in one field or entry must not affect the others. */
const FolderEntry = z.object({
  DeliveryID: z.string().regex(new RegExp(`^${GUID.source}$`, "i")),
  SessionName: z.string().transform(cleanLine).nullish().catch(null),
  Duration: z.number().nonnegative().nullish().catch(null),
  StartTime: z.string().nullish().catch(null),
});
const FolderPage = z.object({
  d: z.object({ Results: z.array(z.unknown()), TotalNumber: z.number().nullable().catch(null) }),
});

/**
 * The recordings on one page of a folder; entries without a recording, such as playlists, are left out.
 *
 * @returns also the number of entries on the page and in the folder, null where the site does not state it
 * @throws AppError `panopto_collection_unreadable`
 */
export function readFolderPage(
  text: string,
  { origin }: Pick<CollectionAddress, "origin">,
): { recordings: ListedRecording[]; entries: number; total: number | null } {
  const page = FolderPage.safeParse(parseJson(text));
  if (!page.success) throw new AppError("panopto_collection_unreadable");
  const { Results, TotalNumber } = page.data.d;
  const recordings = Results.flatMap((result) => {
    const entry = FolderEntry.safeParse(result);
    if (!entry.success) return [];
    const { DeliveryID, SessionName, Duration, StartTime } = entry.data;
    const session_id = DeliveryID.toLowerCase();
    return {
      session_id,
      url: toViewerUrl({ origin, host: "", session_id }),
      title: SessionName || null,
      duration_ms: Duration ? Math.round(Duration * 1_000) : null,
      recorded_at: toTime(/^\/Date\((\d+)/.exec(StartTime ?? "")?.[1]),
    };
  });
  return { recordings, entries: Results.length, total: TotalNumber };
}

const xml = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  isArray: (name) => name === "item",
});
const Text = z
  .union([z.string(), z.object({ "#text": z.string() }).transform((node) => node["#text"])])
  .nullish()
  .catch(null);
const FeedItem = z.object({
  title: Text,
  guid: Text,
  link: Text,
  pubDate: Text,
  "itunes:duration": Text,
  enclosure: z.object({ url: z.string() }).nullish().catch(null),
});
/** The parser returns an empty channel as an empty text. */
const Channel = z.union([
  z.literal("").transform(() => ({ item: [] })),
  z.object({ item: z.array(z.unknown()).default([]) }),
]);
const Feed = z.object({ rss: z.object({ channel: Channel }) });

/**
 * The recordings of a podcast feed, each once. Items without an address of this site are left out.
 *
 * @throws AppError `panopto_collection_unreadable`
 */
export function readFeed(text: string, { origin, host }: CollectionAddress): ListedRecording[] {
  // A document type can define entities that expand without limit.
  const feed = /<!DOCTYPE/i.test(text) ? null : Feed.safeParse(parseXml(text));
  if (!feed?.success) throw new AppError("panopto_collection_unreadable");
  const found = feed.data.rss.channel.item.flatMap((one) => {
    const item = FeedItem.safeParse(one);
    if (!item.success) return [];
    const { title, guid, link, pubDate, enclosure, "itunes:duration": duration } = item.data;
    const session_id = [enclosure?.url, link, guid].flatMap((url) => sessionOf(url, host))[0];
    if (!session_id) return [];
    return {
      session_id,
      url: toViewerUrl({ origin, host, session_id }),
      title: cleanLine(title ?? "") || null,
      duration_ms: toDurationMs(duration),
      recorded_at: toTime(pubDate ? Date.parse(pubDate) : undefined),
    };
  });
  return [...new Map(found.map((one) => [one.session_id, one])).values()];
}

function sessionOf(url: string | null | undefined, host: string): string[] {
  if (!url) return [];
  try {
    const address = parsePanoptoUrl(url);
    return address.host === host ? [address.session_id] : [];
  } catch {
    return [];
  }
}

/** `3600`, `59:30` or `1:02:03`. */
function toDurationMs(text: string | null | undefined): number | null {
  if (!text || !/^\d+(:\d{1,2}){0,2}$/.test(text.trim())) return null;
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) * 1_000;
}

function toTime(ms: string | number | undefined): string | null {
  const time = new Date(Number(ms));
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

function parseXml(text: string): unknown {
  try {
    return xml.parse(text);
  } catch {
    return null;
  }
}
