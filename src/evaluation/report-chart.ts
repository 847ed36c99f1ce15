import type { CourseReport } from "./evaluate-course";

const WIDTH = 720;
const LABEL_WIDTH = 290;
const ROW = 26;
const TOP = 64;
const SCALE_WIDTH = WIDTH - LABEL_WIDTH - 70;
/** The longest name that fits in the width. */
const MOST_TITLE_CHARS = 88;
/** Explicit colours, because a page that embeds the chart can have a dark background. */
const STYLE =
  "svg{color-scheme:light dark}rect{fill:#fff}text{fill:#1f2328}.tick{stroke:#ccc}.interval{stroke:#6b8fc4}circle{fill:#1d4f91}" +
  "@media(prefers-color-scheme:dark){rect{fill:#0d1117}text{fill:#e6edf3}.tick{stroke:#444c56}.interval{stroke:#4d72ab}circle{fill:#9cc2ff}}";

/** A report as an SVG chart: a dot for each measure, and a line for its 95 % interval. */
export function toReportChart({ course, questions, measures, made_at }: CourseReport): string {
  const height = TOP + measures.length * ROW + 30;
  const x = (value: number) => (LABEL_WIDTH + value * SCALE_WIDTH).toFixed(1);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (tick) =>
      `<line x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 10}" y2="${height - 26}" class="tick"/>` +
      `<text x="${x(tick)}" y="${height - 10}" text-anchor="middle">${tick}</text>`,
  );
  const rows = measures.map(({ section, name, mean, low, high, n }, i) => {
    const y = TOP + i * ROW + 6;
    return (
      `<text x="${LABEL_WIDTH - 12}" y="${y + 4}" text-anchor="end">${escapeXml(`${section}: ${name.replaceAll("_", " ")}`)}</text>` +
      `<line x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}" class="interval" stroke-width="4" stroke-linecap="round"/>` +
      `<circle cx="${x(mean)}" cy="${y}" r="5"><title>${mean.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}), n = ${n}</title></circle>` +
      `<text x="${WIDTH - 8}" y="${y + 4}" text-anchor="end">${mean.toFixed(3)}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img" aria-label="Evaluation of ${escapeXml(course)}">`,
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}"/>`,
    `<text x="12" y="22" font-size="15"><title>${escapeXml(course)}</title>${escapeXml(shorten(course))}</text>`,
    `<text x="12" y="40">${questions} questions, ${made_at.slice(0, 10)}; lines are 95 % intervals</text>`,
    ...ticks,
    ...rows,
    "</svg>\n",
  ].join("\n");
}

function shorten(text: string): string {
  const signs = [...text];
  if (signs.length <= MOST_TITLE_CHARS) return text;
  return `${signs.slice(0, MOST_TITLE_CHARS - 1).join("")}…`;
}

/** XML can contain no control characters, also not escaped ones. */
const NOT_IN_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

const escapeXml = (text: string) =>
  text
    .replace(NOT_IN_XML, "�")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
