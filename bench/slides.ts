/**
 * What a page and an upload cost beside the plain tools that do nothing else: `bun bench/slides.ts`
 *
 * The decks have 20 and 60 slides with text, lines and a photograph-sized JPEG each. `slides.text_…` reads decks
 * one after the other, so the process that reads PDFs is used again; `slides.text_first` starts it for each deck.
 * Both use the compiled process, as an installation does after its first PDF. Each time is a median.
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
import { PDF_LIMITS, readPdf } from "../src/media/pdf/pdf";
import { type Figure, inTurn, isQuick, millisecondsOf, publish } from "./figures";

/** Pages of the decks, for growth. */
const SIZES = [20, 60];
const DRAWN_BY_PDFJS = 8;
/** Pages drawn by one process, as in `pipelines/document/describe.ts`. */
const PAGES_PER_DRAWING = 12;
const WARM_UP = 5;
const ROUNDS = isQuick ? 5 : 11;
const UPLOADS = isQuick ? 2 : 4;
const UPLOAD_MB = 300;

async function makeDeck(path: string, pages: number): Promise<void> {
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.Helvetica);
  for (let n = 1; n <= pages; n++) {
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

async function run(...command: string[]): Promise<void> {
  const child = Bun.spawn(command, { stdout: "ignore", stderr: "ignore" });
  if ((await child.exited) !== 0) throw new Error(`${command[0]} failed`);
}

async function readAll(path: string, memoryMb = PDF_LIMITS.memoryMb): Promise<void> {
  await using pdf = await readPdf(path, { memoryMb });
  for await (const _ of pdf.pages());
}

async function measurePages(folder: string, pages: number): Promise<Figure[]> {
  const path = join(folder, `deck-${pages}.pdf`);
  await makeDeck(path, pages);
  // The process that reads PDFs compiles its code in the first readings, and is used again.
  for (let n = 0; n < WARM_UP; n++) await readAll(path);
  const textFile = join(folder, "deck.txt");
  const text = await inTurn(
    ROUNDS,
    () => readAll(path),
    () => run("pdftotext", path, textFile),
  );
  const scale = ["-scale-to", String(LONG_SIDE_PX), "-jpegopt", "quality=85"];
  const renderer = openPageRenderer();
  const images = await inTurn(
    ROUNDS,
    () => drawInBatches(renderer, path, pages, folder),
    () => run("pdftoppm", "-jpeg", ...scale, path, join(folder, "page")),
  );
  const figure = (
    id: string,
    what: string,
    { ours, peer }: { ours: number[]; peer: number[] },
    program: string,
    at_most: number,
  ): Figure => ({
    id: `slides.${id}_${pages}`,
    what: `${what} of a deck of ${pages} pages`,
    unit: "ms/page",
    samples: ours.map((ms) => ms / pages),
    peer: { what: program, samples: peer.map((ms) => ms / pages) },
    limit: { at_most },
    growth: { of: `page ${id}`, size: pages, unit: "pages" },
  });
  return [
    figure("text", "text, layout and outline", text, "`pdftotext`", 4),
    figure("images", `images, drawn by ${renderer.name},`, images, "`pdftoppm`", 1.3),
  ];
}

/** A first deck, whose reading starts the process. */
async function measureFirst(folder: string, pages: number): Promise<Figure> {
  const path = join(folder, `deck-${pages}.pdf`);
  const textFile = join(folder, "deck.txt");
  let memoryMb = PDF_LIMITS.memoryMb;
  const times = await inTurn(
    ROUNDS,
    () => {
      memoryMb += 1; // no process is used again for a document with another limit
      return readAll(path, memoryMb);
    },
    () => run("pdftotext", path, textFile),
  );
  return {
    id: pages === SIZES[0] ? "slides.text_first" : `slides.text_first_${pages}`,
    what: `the first deck of ${pages} pages after two minutes without one, text`,
    unit: "ms",
    samples: times.ours,
    peer: { what: "`pdftotext`", samples: times.peer },
    growth: { of: "text of a first deck", size: pages, unit: "pages" },
  };
}

async function measurePdfjs(folder: string): Promise<Figure> {
  const path = join(folder, `deck-${SIZES[0]}.pdf`);
  const pages = Array.from({ length: DRAWN_BY_PDFJS }, (_, i) => i + 1);
  const ms = await millisecondsOf(() => pdfjsRenderer.renderAll(path, pages, { folder }));
  return {
    id: "slides.images_pdfjs",
    what: `images of ${DRAWN_BY_PDFJS} pages without poppler`,
    unit: "ms/page",
    samples: [ms / DRAWN_BY_PDFJS],
  };
}

async function drawInBatches(
  renderer: PageRenderer,
  path: string,
  pages: number,
  folder: string,
): Promise<void> {
  for (let n = 1; n <= pages; n += PAGES_PER_DRAWING) {
    const length = Math.min(PAGES_PER_DRAWING, pages - n + 1);
    const batch = Array.from({ length }, (_, i) => n + i);
    await renderer.renderAll(path, batch, { folder });
  }
}

type Received = { ms: number; growth_bytes: number };

async function measureUploads(folder: string): Promise<Figure[]> {
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
  const speeds = { raw: [] as number[], upload: [] as number[] };
  const growth: number[] = [];
  const mbPerSecond = ({ ms }: Received) => UPLOAD_MB / (ms / 1_000);
  for (let n = 0; n < UPLOADS; n += 1) {
    const received = await send("upload", "-F", `file=@${path};type=application/pdf`);
    speeds.upload.push(mbPerSecond(received));
    growth.push(received.growth_bytes / 1e6);
    speeds.raw.push(mbPerSecond(await send("raw", "-T", path)));
  }
  receiver.kill();
  return [
    {
      id: "slides.upload",
      what: `upload of ${UPLOAD_MB} MB: multipart, SHA-256, flushed`,
      unit: "MB/s",
      samples: speeds.upload,
      peer: { what: "a raw body to disk", samples: speeds.raw },
      limit: { at_least: 0.5 },
    },
    {
      id: "slides.upload_memory",
      what: `memory of an upload of ${UPLOAD_MB} MB`,
      unit: "MB",
      samples: growth,
      limit: { at_most: 50 },
    },
  ];
}

const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
try {
  await run(process.execPath, join(import.meta.dir, "../src/media/pdf/compile-pdf-child.ts"));
  const figures: Figure[] = [];
  for (const size of SIZES) figures.push(...(await measurePages(folder, size)));
  for (const size of SIZES) figures.push(await measureFirst(folder, size));
  figures.push(await measurePdfjs(folder));
  await publish([...figures, ...(await measureUploads(folder))]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
