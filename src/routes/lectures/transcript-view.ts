import { createHash } from "node:crypto";
import type { Lecture } from "../../db/lectures";
import type { StoredTranscript } from "../../db/transcripts";
import { toClock } from "../../text/clock";
import { toMomentUrl } from "../../text/moment-url";
import type { Segment } from "../../text/transcript/transcript";

const STYLE = `
:root { color-scheme: light dark; font: 100%/1.6 system-ui, sans-serif }
body { max-width: 42rem; margin: 0 auto; padding: 1rem }
p { display: flex; gap: 1rem; margin: 0; padding: .25rem .5rem; scroll-margin-top: 30vh }
p > a { flex: none; min-width: 4rem; font-variant-numeric: tabular-nums }
p > span { white-space: pre-line }
.cited, p:target { background: light-dark(#fff3bf, #5c4a00) }
`;
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** Blocks scripts, images and forms, because transcripts can contain any text. */
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; ` +
    "frame-ancestors 'self'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/**
 * The transcript as a page for readers: a line for each segment, with its time, which opens the
 * recording where there is one. The line at `second` is highlighted and has the id `t=SECOND`, so
 * that `?t=75#t=75` scrolls to it without a script.
 */
export function transcriptView(
  { id, title, panopto_url, media_url }: Lecture,
  { segments, language_code }: StoredTranscript,
  second: number | undefined,
): Response {
  const recording = panopto_url ?? media_url;
  const cited = second === undefined ? -1 : indexAt(segments, second * 1_000);
  const name = Bun.escapeHTML(title ?? "Transcript");
  const lang = language_code ? ` lang="${Bun.escapeHTML(language_code)}"` : "";
  const body = segments.map((segment, i) => {
    const start = Math.floor(segment.start_ms / 1_000);
    const isFirst = i === 0 || Math.floor(segments[i - 1]!.start_ms / 1_000) !== start;
    const at = i === cited ? second : isFirst && start !== second ? start : undefined;
    const attributes = [
      at === undefined ? "" : ` id="t=${at}"`,
      i === cited ? ' class="cited"' : "",
    ].join("");
    const link = recording ? toMomentUrl(recording, segment.start_ms) : `#t=${at ?? start}`;
    const isNewSpeaker = segment.speaker && segments[i - 1]?.speaker !== segment.speaker;
    const speaker = isNewSpeaker ? `<b>${Bun.escapeHTML(segment.speaker!)}:</b> ` : "";
    return (
      `<p${attributes}><a href="${Bun.escapeHTML(link)}">${toClock(segment.start_ms)}</a>` +
      `<span dir="auto">${speaker}${Bun.escapeHTML(segment.text)}</span></p>\n`
    );
  });
  const watch = recording
    ? `<p><a href="${Bun.escapeHTML(toMomentUrl(recording, (second ?? 0) * 1_000))}">Open the recording</a></p>\n`
    : "";
  const page =
    `<!doctype html>\n<html><head><meta charset="utf-8"><title>${name}</title>` +
    `<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>\n` +
    `<body data-lecture="${id}"><h1>${name}</h1>\n${watch}<main${lang}>\n${body.join("")}</main></body></html>\n`;
  return new Response(page, { headers: HEADERS });
}

/**
 * The segment that a link to a second means: the one that starts within it, because links drop the
 * milliseconds; else the one that is spoken then. -1 before the first.
 */
function indexAt(segments: readonly Segment[], ms: number): number {
  const starting = segments.findIndex(({ start_ms }) => start_ms >= ms && start_ms < ms + 1_000);
  return starting >= 0 ? starting : segments.findLastIndex(({ start_ms }) => start_ms <= ms);
}
