import type { CourseReport } from "./evaluate-course";

const WIDTH = 720;
const LABEL_WIDTH = 290;
const ROW = 26;
const TOP = 64;
const SCALE_WIDTH = WIDTH - LABEL_WIDTH - 70;

/** A report as an SVG chart: a dot for each measure, and a line for its 95 % interval. */
export function toReportChart({ course, questions, measures, made_at }: CourseReport): string {
  const height = TOP + measures.length * ROW + 30;
  const x = (value: number) => (LABEL_WIDTH + value * SCALE_WIDTH).toFixed(1);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (tick) =>
      `<line x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 10}" y2="${height - 26}" stroke="#ccc"/>` +
      `<text x="${x(tick)}" y="${height - 10}" text-anchor="middle">${tick}</text>`,
  );
  const rows = measures.map(({ section, name, mean, low, high, n }, i) => {
    const y = TOP + i * ROW + 6;
    return (
      `<text x="${LABEL_WIDTH - 12}" y="${y + 4}" text-anchor="end">${escapeXml(`${section}: ${name.replaceAll("_", " ")}`)}</text>` +
      `<line x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}" stroke="#6b8fc4" stroke-width="4" stroke-linecap="round"/>` +
      `<circle cx="${x(mean)}" cy="${y}" r="5" fill="#1d4f91"><title>${mean.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}), n = ${n}</title></circle>` +
      `<text x="${WIDTH - 8}" y="${y + 4}" text-anchor="end">${mean.toFixed(3)}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img" aria-label="Evaluation of ${escapeXml(course)}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="22" font-size="15">${escapeXml(course)}</text>`,
    `<text x="12" y="40">${questions} questions, ${made_at.slice(0, 10)}; lines are 95 % intervals</text>`,
    ...ticks,
    ...rows,
    "</svg>\n",
  ].join("\n");
}

const escapeXml = (text: string) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
