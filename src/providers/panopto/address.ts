import { AppError } from "../../errors";
import type { RecordingAddress } from "../audio-source";

const GUID = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f-])/i;
const PLAYER = /\/pages\/(viewer|embed)(\/default)?\.aspx$/i;
const PODCAST = /\/podcast\/(download|syndication|social|stream|embed)\/([^/]+?)(\.\w+)?$/i;
const LTI = /\/panopto\/(?:basic)?lti\//i;
const COLLECTION =
  /\/pages\/(sessions|folders?|home|embeddedlist|browse)\b|\/podcast\/podcast\.ashx$/i;

/** Fields that name a session, in the player and in links of learning platforms (LTI). */
const PLAYER_FIELDS = /^(?:id|deliveryid|sessionid)$/i;
const LTI_FIELDS = /^(?:id|(?:custom_)?(?:context_)?(?:delivery|session)(?:_?id)?)$/i;

// biome-ignore lint/suspicious/noControlCharactersInRegex: URL parsers drop or change these
const HIDDEN = /[\\\u0000-\u001f\u007f]/;

/** An address inside an address, such as the target of a login page, a SafeLink or an LTI launch. */
const MAX_DEPTH = 4;
const MAX_CHARS = 8_000;

/**
 * Reads the address of one recording from the addresses that users paste: viewer, embedded player, podcast,
 * syndication, social and LTI links, also inside a login redirect, a SafeLink, an embed code,
 * Markdown or brackets, with HTML entities, without a scheme, and with punctuation behind it. An
 * address with a name or password is refused: sign-in is a setting.
 *
 * @throws AppError `panopto_url_not_a_session` for folders, feeds and playlists, `panopto_url_invalid`
 */
export function parsePanoptoUrl(text: string): RecordingAddress {
  let refusal: AppError | undefined;
  for (const address of findAddresses(text.slice(0, MAX_CHARS))) {
    const found = readAddress(address, 0);
    if (!(found instanceof AppError)) return found;
    if (found.errorCode === "panopto_url_not_a_session") refusal ??= found;
  }
  throw refusal ?? new AppError("panopto_url_invalid");
}

/** The address that opens the recording in Panopto's viewer, at a moment when one is given. */
export function toViewerUrl({ origin, session_id }: RecordingAddress, start_ms?: number): string {
  const start = start_ms === undefined ? "" : `&start=${Math.floor(start_ms / 1_000)}`;
  return `${origin}/Panopto/Pages/Viewer.aspx?id=${session_id}${start}`;
}

const WITH_SCHEME = /[a-z][a-z0-9+.-]*:\/\/[^\s"'<>`]+/gi;
const WITHOUT_SCHEME =
  /(?<![\w@:/.\\-])(?:\/\/)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d+)?\/(?:panopto)\/[^\s"'<>`]+/gi;
const TRAILING = ")]}>.,;:!?*_'\"\u00bb\u201d\u2019\u3002\uff0c\uff09";

/** The addresses in a text. Addresses without a scheme count only if no address has a scheme. */
function findAddresses(text: string): string[] {
  const decoded = decodeEntities(text);
  const found = decoded.match(WITH_SCHEME) ?? [];
  const addresses =
    found.length > 0
      ? found
      : (decoded.match(WITHOUT_SCHEME) ?? []).map((address) =>
          address.replace(/^(?:\/\/)?/, "https://"),
        );
  return addresses.map((address) => withoutTrailing(address.split("](")[0]!));
}

/** Without the punctuation behind an address. A loop: a regular expression would backtrack. */
function withoutTrailing(address: string): string {
  let end = address.length;
  while (end > 0 && TRAILING.includes(address[end - 1]!)) end--;
  return address.slice(0, end);
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Twice: text that was copied from a page's source is often escaped once more. */
function decodeEntities(text: string): string {
  const once = (escaped: string) =>
    escaped.replace(/&(amp|lt|gt|quot|apos|#38|#x26);/gi, (_, name: string) =>
      name.startsWith("#") ? "&" : ENTITIES[name.toLowerCase()]!,
    );
  return once(once(text));
}

function readAddress(text: string, depth: number): RecordingAddress | AppError {
  const invalid = new AppError("panopto_url_invalid");
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || HIDDEN.test(text)) return invalid;
  if (url.username || url.password) return invalid;

  const session_id = readSessionId(url);
  if (session_id) return { origin: url.origin, host: url.host, session_id };
  if (depth < MAX_DEPTH) {
    for (const inner of innerAddresses(url)) {
      const found = readAddress(inner, depth + 1);
      if (!(found instanceof AppError)) return found;
      if (found.errorCode === "panopto_url_not_a_session") return found;
    }
  }
  if (PLAYER.test(url.pathname) && queryField(url, /^pid$/i)) return notASession("a playlist");
  if (COLLECTION.test(url.pathname)) return notASession("a folder");
  return invalid;
}

function readSessionId(url: URL): string | undefined {
  if (WRAPPED.test(url.pathname)) return undefined;
  const named = PLAYER.test(url.pathname)
    ? queryField(url, PLAYER_FIELDS)
    : LTI.test(url.pathname)
      ? queryField(url, LTI_FIELDS)
      : PODCAST.exec(url.pathname)?.[2];
  return GUID.exec(named ?? "")?.[1]?.toLowerCase();
}

/** `urldefense.com/v3/__https://…__;!!…` */
const WRAPPED = /__https?:/;

/** Panopto reads the names of query fields in any case. */
function queryField(url: URL, wanted: RegExp): string | undefined {
  const fields = [...url.searchParams].filter(([name]) => wanted.test(name));
  const values = fields.map(([, value]) => value.trim());
  return values.find((value) => GUID.test(value)) ?? values[0];
}

/** Addresses in the query, the fragment and the path; a path alone belongs to the same site. */
function innerAddresses(url: URL): string[] {
  const fragment = new URLSearchParams(url.hash.slice(1).replace(/^[^?]*\?/, ""));
  const values = [...url.searchParams.values(), ...fragment.values()];
  const fields = values.flatMap((value) => {
    const decoded = value.includes("%") ? [value, safelyDecoded(value)] : [value];
    if (PROOFPOINT.test(value)) decoded.push(fromProofpoint(value));
    return decoded.flatMap((text) =>
      text.startsWith("/") ? sitePath(text, url) : findAddresses(text),
    );
  });
  const wrapped = WRAPPED.test(url.pathname)
    ? /__(https?:\/{1,2}.+?)__/.exec(url.pathname + url.search)?.[1]
    : undefined;
  const restored = wrapped?.replace(/^(https?:)\/+/, "$1//");
  return restored ? [restored, ...fields] : fields;
}

/** `urldefense.proofpoint.com/v2/url?u=https-3A__…`: `-` in place of `%`, `_` in place of `/`. */
const PROOFPOINT = /^https?-3A__/i;
const fromProofpoint = (value: string) =>
  safelyDecoded(value.replaceAll("-", "%").replaceAll("_", "/"));

const sitePath = (text: string, { origin }: URL): string[] =>
  /^\/panopto\//i.test(text) ? [origin + text] : [];

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const notASession = (names: string) => new AppError("panopto_url_not_a_session", { names });
