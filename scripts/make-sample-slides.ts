/**
 * Prints `examples/course/slides.html` to `examples/course/slides.pdf`, with Chromium.
 *
 * The same Chromium and fonts (DejaVu) give the same bytes. Run it only after a change to the slides; the
 * PDF is part of the repository.
 */
import { join } from "node:path";
import { PDFDocument } from "pdf-lib";
import { chromium } from "playwright-core";

const folder = join(import.meta.dir, "../examples/course");
const executablePath = Bun.which("chromium") ?? Bun.which("google-chrome") ?? undefined;

const html = await Bun.file(join(folder, "slides.html")).text();
const printed = await print(html.replace("{{BINARY_ENTROPY}}", binaryEntropyPath()));
await Bun.write(join(folder, "slides.pdf"), await withFixedDates(printed));

async function print(page: string): Promise<Uint8Array> {
  await using browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const tab = await browser.newPage();
  await tab.setContent(page);
  return await tab.pdf({
    preferCSSPageSize: true,
    printBackground: true,
    tagged: true,
    outline: true,
  });
}

async function withFixedDates(pdf: Uint8Array): Promise<Uint8Array> {
  const document = await PDFDocument.load(pdf, { updateMetadata: false });
  const date = new Date("2026-01-15T12:00:00Z");
  document.setCreationDate(date);
  document.setModificationDate(date);
  document.setCreator("scripts/make-sample-slides.ts");
  return await document.save();
}

/** The arch of h(p) for the plot's 320 by 210 pixels, whose origin is at (50, 250). */
function binaryEntropyPath(): string {
  const term = (p: number) => (p === 0 ? 0 : -p * Math.log2(p));
  const points = Array.from({ length: 101 }, (_, i) => {
    const p = i / 100;
    const h = term(p) + term(1 - p);
    return `${(50 + p * 320).toFixed(1)} ${(250 - h * 210).toFixed(1)}`;
  });
  return `M${points.join("L")}`;
}
