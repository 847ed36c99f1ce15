/**
 * Well-formed PDFs, made by code: each is the smallest file that shows its feature.
 * What no library writes on purpose is in `broken-pdfs.ts`.
 */
import { deflateSync } from "node:zlib";
import { degrees, PDFDocument, PDFName, PDFString, StandardFonts } from "pdf-lib";

/** Same bytes on every run. */
const DATE = new Date("2026-01-15T12:00:00Z");

async function newDocument(): Promise<PDFDocument> {
  const document = await PDFDocument.create();
  for (const set of ["setCreationDate", "setModificationDate"] as const) document[set](DATE);
  return document;
}

export type SlideText = { title: string; body: string[] };

/** A deck of landscape slides with a title and body lines each. */
export async function deckPdf(slides: SlideText[], title = "A deck"): Promise<Uint8Array> {
  const document = await newDocument();
  document.setTitle(title);
  const font = await document.embedFont(StandardFonts.Helvetica);
  for (const slide of slides) {
    const page = document.addPage([720, 405]);
    page.drawText(slide.title, { x: 40, y: 350, size: 28, font });
    for (const [i, line] of slide.body.entries()) {
      page.drawText(line, { x: 40, y: 300 - i * 22, size: 16, font });
    }
  }
  return document.save();
}

export function manyPagesPdf(count: number): Promise<Uint8Array> {
  const slides = Array.from({ length: count }, (_, i) => `Page ${i + 1} of ${count}`);
  return deckPdf(slides.map((title) => ({ title, body: ["The same body on every page."] })));
}

/** Text drawn upright on pages that are turned by 0, 90, 180 and 270 degrees. */
export async function rotatedPdf(): Promise<Uint8Array> {
  const document = await newDocument();
  for (const angle of [0, 90, 180, 270]) {
    const page = document.addPage([400, 300]);
    page.setRotation(degrees(angle));
    page.drawText(`First line at ${angle}`, { x: 50, y: 200, size: 14 });
    page.drawText(`Second line at ${angle}`, { x: 50, y: 180, size: 14 });
  }
  return document.save();
}

/** Two columns of prose under one title, drawn line by line across both. */
export async function twoColumnPdf(): Promise<Uint8Array> {
  const document = await newDocument();
  const page = document.addPage([600, 400]);
  page.drawText("A title across both columns of the page", { x: 40, y: 350, size: 24 });
  const left = [
    "The left column begins here and is",
    "read to its very end before any of",
    "the other column is looked at.",
  ];
  const right = [
    "Only then comes the right column,",
    "which is drawn at the same heights",
    "and would interleave otherwise.",
  ];
  for (let i = 0; i < 3; i++) {
    page.drawText(left[i]!, { x: 40, y: 300 - i * 16, size: 12 });
    page.drawText(right[i]!, { x: 320, y: 300 - i * 16, size: 12 });
  }
  return document.save();
}

/** A page box of 20 km; the format allows it, a bitmap of it does not exist. */
export async function hugePagePdf(): Promise<Uint8Array> {
  const document = await newDocument();
  const page = document.addPage([56_000_000, 14_400_000]);
  page.drawText("A very large page", { x: 1_000_000, y: 7_000_000, size: 2_000_000 });
  return document.save();
}

/** Poppler cannot write down how many dots an inch of it would have. */
export async function tinyPagePdf(): Promise<Uint8Array> {
  const document = await newDocument();
  document.addPage([1, 1]);
  return document.save();
}

export async function formPdf(): Promise<Uint8Array> {
  const document = await newDocument();
  const page = document.addPage([400, 300]);
  page.drawText("Name:", { x: 40, y: 250, size: 12 });
  const form = document.getForm();
  const name = form.createTextField("name");
  name.setText("Ada Lovelace");
  name.addToPage(page, { x: 90, y: 245, width: 200, height: 20 });
  const topic = form.createDropdown("topic");
  topic.addOptions(["Entropy", "Channels"]);
  topic.select("Channels");
  topic.addToPage(page, { x: 90, y: 205, width: 200, height: 20 });
  const isRead = form.createCheckBox("read");
  isRead.addToPage(page, { x: 90, y: 165, width: 20, height: 20 });
  isRead.check();
  return document.save();
}

export async function attachmentPdf(): Promise<Uint8Array> {
  const document = await newDocument();
  document.addPage([400, 300]).drawText("The data is attached.", { x: 40, y: 250, size: 12 });
  await document.attach(Buffer.from("a,b\n1,2\n"), "data.csv", { creationDate: DATE });
  return document.save();
}

/** A collection of files behind a cover page. */
export async function portfolioPdf(): Promise<Uint8Array> {
  const document = await PDFDocument.load(await attachmentPdf(), { updateMetadata: false });
  document.catalog.set(
    PDFName.of("Collection"),
    document.context.obj({ Type: "Collection", View: "D" }),
  );
  return document.save();
}

/** Page labels i, ii, 1 and an outline of a chapter with one section. */
export async function outlinedPdf(): Promise<Uint8Array> {
  const document = await newDocument();
  const pages = ["Cover", "Contents", "Coding"].map((text) => {
    const page = document.addPage([720, 405]);
    page.drawText(text, { x: 40, y: 350, size: 28 });
    return page.ref;
  });
  const { context, catalog } = document;
  const outlines = context.nextRef();
  const chapter = context.nextRef();
  const section = context.nextRef();
  const dest = (i: number) => [pages[i]!, PDFName.of("Fit")];
  const title = (text: string) => PDFString.of(text);
  context.assign(
    outlines,
    context.obj({ Type: "Outlines", First: chapter, Last: chapter, Count: 2 }),
  );
  context.assign(
    chapter,
    context.obj({
      Title: title("Basics"),
      Parent: outlines,
      Dest: dest(1),
      First: section,
      Last: section,
      Count: 1,
    }),
  );
  context.assign(section, context.obj({ Title: title("Codes"), Parent: chapter, Dest: dest(2) }));
  catalog.set(PDFName.of("Outlines"), outlines);
  catalog.set(PDFName.of("PageLabels"), context.obj({ Nums: [0, { S: "r" }, 2, { S: "D" }] }));
  catalog.set(PDFName.of("Lang"), PDFString.of("en-GB"));
  return document.save();
}

/** Pages that are pictures: nothing to select, everything to see. */
export async function scannedPdf(pages = 2): Promise<Uint8Array> {
  const document = await newDocument();
  const scan = await document.embedPng(grayPng(400, 300));
  for (let i = 0; i < pages; i++) {
    document.addPage([400, 300]).drawImage(scan, { x: 0, y: 0, width: 400, height: 300 });
  }
  return document.save();
}

/** A PNG of vertical stripes. */
function grayPng(width: number, height: number): Uint8Array {
  const row = Buffer.from([
    0,
    ...Array.from({ length: width }, (_, x) => (x % 20 < 10 ? 255 : 40)),
  ]);
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(Bun.hash.crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0], 8); // eight bits, gray
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const parts = [chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}
