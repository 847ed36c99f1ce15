import { AppError } from "../../errors";
import type { RecordingAddress } from "../audio-source";

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PLAYER = /\/pages\/(viewer|embed)(\/default)?\.aspx$/i;
const PODCAST = /\/podcast\/(download|syndication|social|stream|embed)\/([^/]+?)(\.\w+)?$/i;
const COLLECTION =
  /\/pages\/(sessions|folders?|home|embeddedlist|browse)\b|\/podcast\/podcast\.ashx$/i;

// biome-ignore lint/suspicious/noControlCharactersInRegex: what URL parsers silently drop or turn around
const HIDDEN = /[\\\u0000-\u001f\u007f]/;

/**
 * Reads any address that Panopto shows for one recording: viewer, embedded player, podcast,
 * syndication and social links, with names in any case and further fields in any order. A name or
 * password in it is refused: sign-in is a setting.
 *
 * @throws AppError `panopto_url_not_a_session` for folders, feeds and playlists, `panopto_url_invalid`
 */
export function parsePanoptoUrl(text: string): RecordingAddress {
  const url = URL.parse(text.trim());
  if (!url || !/^https?:$/.test(url.protocol) || HIDDEN.test(text.trim())) {
    throw new AppError("panopto_url_invalid");
  }
  if (url.username || url.password) throw new AppError("panopto_url_invalid");

  const session_id = PLAYER.test(url.pathname)
    ? queryField(url, "id")
    : PODCAST.exec(url.pathname)?.[2];
  if (session_id && GUID.test(session_id)) {
    return { origin: url.origin, host: url.host, session_id: session_id.toLowerCase() };
  }
  if (queryField(url, "pid")) throw notASession("a playlist");
  if (COLLECTION.test(url.pathname)) throw notASession("a folder");
  throw new AppError("panopto_url_invalid");
}

/** The address that opens the recording in Panopto's viewer, at a moment when one is given. */
export function toViewerUrl({ origin, session_id }: RecordingAddress, start_ms?: number): string {
  const start = start_ms === undefined ? "" : `&start=${Math.floor(start_ms / 1_000)}`;
  return `${origin}/Panopto/Pages/Viewer.aspx?id=${session_id}${start}`;
}

/** Panopto reads the names of query fields in any case. */
function queryField(url: URL, wanted: string): string | undefined {
  return [...url.searchParams].find(([name]) => name.toLowerCase() === wanted)?.[1].trim();
}

const notASession = (names: string) => new AppError("panopto_url_not_a_session", { names });
