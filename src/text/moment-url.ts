/**
 * The address that opens a recording, or our transcript view, at a moment.
 *
 * Panopto's viewer (`?start=`) and YouTube (`?t=`) read a query parameter. Vimeo and media files
 * (media fragments, W3C) read `#t=`. Our transcript view reads both parts: the query marks the line,
 * the fragment scrolls to it.
 *
 * @param url  absolute, or the path of our transcript view; a moment that it already has is replaced
 * @param start_ms  from the start of the recording; links have whole seconds
 */
export function toMomentUrl(url: string, start_ms: number): string {
  const second = String(Math.floor(start_ms / 1_000));
  if (url.startsWith("/")) return `${url.split(/[?#]/)[0]}?t=${second}#t=${second}`;
  const address = new URL(url);
  const parameter = queryParameterOf(address);
  if (parameter) address.searchParams.set(parameter, second);
  else address.hash = withTime(address.hash, VIMEO.test(address.hostname) ? `${second}s` : second);
  return address.href;
}

/** The path of the page that shows a lecture's transcript. */
export const transcriptViewPath = (lecture_id: string): string =>
  `/api/lectures/${lecture_id}/transcript/view`;

const YOUTUBE = /(?:^|\.)(?:youtube(?:-nocookie)?\.com|youtu\.be)$/i;
const VIMEO = /(?:^|\.)vimeo\.com$/i;
const PANOPTO_VIEWER = /\/(?:Viewer|Embed)\.aspx$/i;

function queryParameterOf({ hostname, pathname }: URL): string | null {
  if (PANOPTO_VIEWER.test(pathname)) return "start";
  if (YOUTUBE.test(hostname)) return pathname.startsWith("/embed/") ? "start" : "t";
  return null;
}

/** Keeps the rest of a fragment, such as the hash of an unlisted video. */
function withTime(hash: string, time: string): string {
  const others = hash
    .slice(1)
    .split("&")
    .filter((part) => part !== "" && !part.startsWith("t="));
  return [...others, `t=${time}`].join("&");
}
