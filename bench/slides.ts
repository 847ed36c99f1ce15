/**
 * What a page and an upload cost beside the plain tools that do nothing else: `bun bench/slides.ts`
 *
 * The deck has 60 slides with text, lines and a photograph-sized JPEG each. The first reading includes the
 * start of the process that reads PDFs; the following ones use it again. Each time is a median.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCanvas } from "@napi-rs/canvas";
import { PDFDocument, rgb, StandardFonts } from "pdf-lib";
import {
  LONG_SIDE_PX,
  openPageRenderer,
  type PageRenderer,
  pdfjsRenderer,
} from "../src/media/pdf/page-images";
import { readPdf } from "../src/media/pdf/pdf";
import { KEPT_MS } from "../src/media/pdf/pdf-children";
import { describeMachine, round, toTable } from "./lib";

const PAGES = 60;
const DRAWN_BY_PDFJS = 8;
/** Pages drawn by one process, as in `pipelines/document/describe.ts`. */
const PAGES_PER_DRAWING = 12;
/** Readings of the deck in one process; the first one starts it. */
const READINGS = 6;
const REPETITIONS = 5;
const UPLOAD_MB = 300;

type Cost = { ms: number; rss_mb: number };

async function makeDeck(path: string): Promise<void> {
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.Helvetica);
  for (let n = 1; n <= PAGES; n++) {
    const page = document.addPage([960, 540]);
    page.drawText(`Channels and their capacity, part ${n}`, { x: 40, y: 480, size: 32, font });
    for (let line = 0; line < 12; line++) {
      const text = `Point ${line}: the capacity of channel ${n} is ${n * line} bits per use of it`;
      page.drawText(text, { x: 40, y: 430 - line * 30, size: 18, font });
      page.drawLine({
        start: { x: 600, y: 60 + line * 9 },
        end: { x: 900, y: 400 - line * n },
        color: rgb(0, 0, 0.8),
      });
    }
    const photograph = await document.embedJpg(await photographOf(n));
    page.drawImage(photograph, { x: 620, y: 120, width: 300, height: 225 });
  }
  await Bun.write(path, await document.save());
}

async function photographOf(n: number): Promise<Uint8Array> {
  const canvas = createCanvas(800, 600);
  const context = canvas.getContext("2d");
  for (let i = 0; i < 400; i++) {
    context.fillStyle = `hsl(${(i * n * 7) % 360} 70% 50%)`;
    context.fillRect((i * 97) % 800, (i * 61) % 600, 90, 70);
  }
  return canvas.encode("jpeg", 80);
}

/** Some work, with the memory of the processes that it starts. */
async function measure(work: () => Promise<unknown>): Promise<Cost> {
  let rss_mb = 0;
  const watch = setInterval(() => {
    rss_mb = Math.max(rss_mb, residentMbOfChildren());
  }, 20);
  const started = performance.now();
  await work();
  const ms = performance.now() - started;
  clearInterval(watch);
  return { ms, rss_mb };
}

function residentMbOfChildren(): number {
  const { stdout } = Bun.spawnSync(["ps", "-o", "rss=,comm=", "--ppid", String(process.pid)]);
  const lines = stdout.toString().trim().split("\n");
  const sizes = lines
    .filter((line) => !/\bps$/.test(line))
    .map((line) => Number.parseInt(line, 10));
  return sizes.reduce((sum, kb) => sum + (kb || 0), 0) / 1_000;
}

async function run(...command: string[]): Promise<void> {
  const child = Bun.spawn(command, { stdout: "ignore", stderr: "ignore" });
  if ((await child.exited) !== 0) throw new Error(`${command[0]} failed`);
}

async function measureAll(times: number, work: () => Promise<unknown>): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (let i = 0; i < times; i++) costs.push(await measure(work));
  return costs;
}

/** The cost with the median time. */
function median(costs: Cost[]): Cost {
  return costs.toSorted((a, b) => a.ms - b.ms)[Math.floor(costs.length / 2)]!;
}

async function readAll(path: string): Promise<void> {
  await using pdf = await readPdf(path);
  for await (const _ of pdf.pages());
}

const row = (what: string, cost: Cost, pages: number, beside: Cost, besidePages = PAGES) => ({
  what,
  "ms/page": round(cost.ms / pages, 2),
  ratio: round(cost.ms / pages / (beside.ms / besidePages), 2),
  "memory MB": round(cost.rss_mb, 0),
});

async function measurePages(folder: string) {
  const path = join(folder, "deck.pdf");
  await makeDeck(path);
  await readAll(path); // the first start reads our code from disk
  const textFile = join(folder, "deck.txt");
  const pdftotext = median(await measureAll(REPETITIONS, () => run("pdftotext", path, textFile)));
  await Bun.sleep(KEPT_MS); // the process that read the deck ends
  const [first, ...following] = await measureAll(READINGS, () => readAll(path));

  const scale = ["-scale-to", String(LONG_SIDE_PX), "-jpegopt", "quality=85"];
  const drawAll = () => run("pdftoppm", "-jpeg", ...scale, path, join(folder, "page"));
  const pdftoppm = median(await measureAll(REPETITIONS, drawAll));
  const renderer = openPageRenderer();
  const drawn = median(await measureAll(REPETITIONS, () => drawInBatches(renderer, path, folder)));
  const single = await measure(() => renderer.render(path, 1));
  const pdfjsPages = Array.from({ length: DRAWN_BY_PDFJS }, (_, i) => i + 1);
  const byPdfjs = await measure(() => pdfjsRenderer.renderAll(path, pdfjsPages, { folder }));

  return [
    row("text: pdftotext", pdftotext, PAGES, pdftotext),
    row("text: Lectern, layout and outline included", median(following), PAGES, pdftotext),
    row("text: Lectern, first deck after 10 s without one", first!, PAGES, pdftotext),
    row("image: pdftoppm", pdftoppm, PAGES, pdftoppm),
    row(`image: Lectern with ${renderer.name}, all pages`, drawn, PAGES, pdftoppm),
    row(`image: Lectern with ${renderer.name}, a single page`, single, 1, pdftoppm),
    row("image: Lectern with pdfjs, eight pages", byPdfjs, DRAWN_BY_PDFJS, pdftoppm),
  ];
}

async function drawInBatches(renderer: PageRenderer, path: string, folder: string): Promise<void> {
  for (let n = 1; n <= PAGES; n += PAGES_PER_DRAWING) {
    const pages = Array.from({ length: PAGES_PER_DRAWING }, (_, i) => n + i);
    await renderer.renderAll(path, pages, { folder });
  }
}

type Received = { ms: number; growth_bytes: number };

async function measureUploads(folder: string) {
  const path = join(folder, "large.pdf");
  const mb = Buffer.alloc(1_000_000, "%PDF-1.7 lecture slides ");
  const sink = Bun.file(path).writer();
  for (let i = 0; i < UPLOAD_MB; i++) sink.write(mb);
  await sink.end();

  const receiver = Bun.spawn(
    [process.execPath, join(import.meta.dir, "slides/receiver.ts"), folder],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const { value } = await receiver.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  const send = async (to: string, ...how: string[]): Promise<Received> => {
    const curl = Bun.spawn(["curl", "-sSf", "-X", "POST", ...how, url + to], { stderr: "inherit" });
    return JSON.parse(await new Response(curl.stdout).text());
  };
  await send("raw", "-T", path); // once, so that the file is in the page cache for all
  const raw = await send("raw", "-T", path);
  const hashed = await send("raw-sha256", "-T", path);
  const upload = await send("upload", "-F", `file=@${path};type=application/pdf`);
  receiver.kill();

  const speed = (what: string, { ms, growth_bytes }: Received) => ({
    what,
    "MB/s": round(UPLOAD_MB / (ms / 1_000), 0),
    ratio: round(raw.ms / ms, 2),
    "memory growth MB": round(growth_bytes / 1e6, 0),
  });
  return [
    speed("a raw body to disk", raw),
    speed("the same with SHA-256", hashed),
    speed("Lectern: multipart, SHA-256, flushed", upload),
  ];
}

const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
try {
  console.log(`${describeMachine()}\n`);
  console.log(toTable(await measurePages(folder)));
  console.log(`\nUpload of ${UPLOAD_MB} MB\n\n${toTable(await measureUploads(folder))}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
