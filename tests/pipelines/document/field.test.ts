// One engine: the subject is what PDFs contain.
/** Decks of the kinds that teachers upload, from the file to what a search finds. */

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { createCourseTools } from "../../../src/chat/agent/tools";
import { getDocument } from "../../../src/db/documents";
import { listDescriptions, listSlideChunks } from "../../../src/db/slides";
import { SEES_ALL } from "../../../src/principal";
import { findOcr } from "../../../src/providers/slides/ocr";
import { searchCourse } from "../../../src/retrieval/search";
import { migratedDatabase } from "../../support/database";
import { openDocumentWork } from "../../support/document-work";
import { portfolioPdf } from "../../support/pdfs";
import { grayImage, rawPdf, stream, text } from "../../support/raw-pdf";

setDefaultTimeout(120_000);

const db = await migratedDatabase();
const lab = await openDocumentWork(db);
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await db.end();
});
const blind = { ...lab.tools, slideDescriber: null };
const { signal } = new AbortController();

const fixture = (name: string) =>
  Bun.file(join(import.meta.dir, "../../fixtures/slides", `${name}.pdf`)).bytes();

async function ingested(bytes: Uint8Array, filename = "slides.pdf", tools = blind) {
  const id = await lab.upload(bytes, filename);
  await lab.workOnce(tools);
  return await getDocument(db, id);
}

const search = (query: string, course_id = lab.course_id) =>
  searchCourse(
    { db, embedder: lab.tools.embedder },
    { course_id, query, top_k: 8, viewer: SEES_ALL, sources: ["slides"], mode: "text" },
    signal,
  );

const readPage = async (document_id: string, page_number: number | string) => {
  const tools = createCourseTools({
    viewer: SEES_ALL,
    db,
    embedder: lab.tools.embedder,
    course_id: lab.course_id,
  });
  const tool = tools.find(({ name }) => name === "read_page")!;
  const output = await tool.execute(tool.inputSchema.parse({ document_id, page_number }), signal);
  return "passages" in output ? output.passages : [];
};

test("pages that are a picture with a stamp are read from the picture", async () => {
  const { id, status } = await ingested(await fixture("camscanner"), "scan.pdf", {
    ...blind,
    openOcr: findOcr(),
  });

  const pages = await listDescriptions(db, id, SEES_ALL);

  expect(status).toBe("completed");
  expect(pages[0]).toMatchObject({
    described_by: "ocr",
    metadata: { title: "Thermodynamics" },
  });
  expect(pages[0]!.normalized_description).toContain("The second law says entropy never decreases");
  expect(pages[0]!.normalized_description).toContain("Scanned with CamScanner");
});

test("a page whose font has no usable map is read from its picture", async () => {
  const map = `/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def
1 begincodespacerange <00> <FF> endcodespacerange
1 beginbfrange <21> <7E> <E021> endbfrange endcmap end end`;
  const font =
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 11 0 R >>";
  const page = {
    content: "BT /F2 28 Tf 40 300 Td (Entropy measures surprise) Tj ET",
  };
  const bytes = rawPdf([page], { objects: { 10: font, 11: stream(map) }, fonts: "/F2 10 0 R" });
  const { id } = await ingested(bytes, "garbled.pdf", { ...blind, openOcr: findOcr() });

  const [read] = await listDescriptions(db, id, SEES_ALL);

  expect(read).toMatchObject({
    described_by: "ocr",
    normalized_description: "Entropy measures surprise",
  });
});

test("without OCR and a model, such a document fails and names what helps; later it completes", async () => {
  await db`delete from documents`;
  const failed = await ingested(await fixture("camscanner"), "scan.pdf");
  await db`select retry_document(${failed.id})`;
  await lab.workOnce({ ...blind, openOcr: findOcr() });

  expect(failed).toMatchObject({
    status: "failed",
    status_reason: expect.stringContaining("SLIDE_MODEL"),
  });
  expect(await getDocument(db, failed.id)).toMatchObject({ status: "completed" });
});

test("a page of a few words beside a picture says that its picture was not read", async () => {
  const picture = "q 400 0 0 300 40 20 cm /Im Do Q\n";
  const resources = "/XObject << /Im 10 0 R >>";
  const pages = [
    { content: `${text("The Carnot cycle", 40, 350)}${picture}`, resources },
    { content: text("A page of text says all that it has to say in words.", 40, 350) },
    { content: `${text("C a r n o t c y c l e", 40, 350)}${picture}`, resources },
  ];
  const { id } = await ingested(rawPdf(pages, { objects: { 10: grayImage() } }));

  const [first, second, letters] = await listDescriptions(db, id, SEES_ALL);

  expect(first!.metadata.describe_error).toBe("picture_not_read");
  expect(second!.metadata.describe_error).toBeUndefined();
  expect(letters!.metadata.describe_error).toBe("picture_not_read");
});

test("decks with generic titles have their file names", async () => {
  const names = [1, 2, 3].map((week) => `Week ${week} - Lecture ${week} - Topic ${week}.pdf`);
  for (const [i, name] of names.entries()) {
    const { title, filename } = await ingested(await fixture(`generic-title-${i + 1}`), name);
    expect({ title, filename }).toEqual({ title: name.replace(".pdf", ""), filename: name });
  }

  const tools = createCourseTools({
    viewer: SEES_ALL,
    db,
    embedder: lab.tools.embedder,
    course_id: lab.course_id,
  });
  const listed = await tools.find(({ name }) => name === "list_assets")!.execute({}, signal);

  const { assets } = (listed as { answer: { assets: { filename: string }[] } }).answer;
  expect(assets.map(({ filename }) => filename)).toEqual(expect.arrayContaining(names));
});

test("a deck with a generic title and file name has the title of its first page", async () => {
  const bytes = rawPdf([text("Heat engines", 40, 350, 28) + text("Work from heat.", 40, 300)], {
    info: "/Title (PowerPoint Presentation)",
  });

  expect(await ingested(bytes, "document (2).pdf")).toMatchObject({ title: "Heat engines" });
});

test("a page is found by its printed number, and shows number and position", async () => {
  const { id } = await ingested(await fixture("printed-page-numbers"), "waves.pdf");

  expect(await readPage(id, 3)).toMatchObject([
    {
      page_number: 6,
      page_label: "3",
      filename: "waves.pdf",
      quote: expect.stringContaining("Sound needs air to travel."),
    },
  ]);
  expect(await readPage(id, "III")).toMatchObject([{ page_number: 3, page_label: "iii" }]);
  expect(await readPage(id, 8)).toMatchObject([{ page_number: 8, page_label: "5" }]);
  expect(await readPage(id, "A-7")).toEqual([]);
  const [found] = await search("seismic waves ground");
  expect(found).toMatchObject({
    filename: "waves.pdf",
    metadata: { label: "5", page_number: 8 },
    citation: { page_number: 8, page_label: "5", filename: "waves.pdf" },
  });
});

test("a running footer is in no chunk", async () => {
  const { id } = await ingested(await fixture("footer-answers"), "algebra.pdf");
  const { items } = await listSlideChunks(db, id, SEES_ALL, { limit: 50, after: -1 });

  expect(items.length).toBe(13);
  expect(items.filter(({ content }) => content.includes("Abstract Algebra"))).toEqual([]);
});

test("a portfolio completes with its cover page and says that the rest was not read", async () => {
  const { status, metadata } = await ingested(await portfolioPdf());

  expect(status).toBe("completed");
  expect(metadata.warnings).toEqual([
    {
      code: "portfolio_not_read",
      message:
        "The PDF is a portfolio. Only its cover page was read. Save the files inside it and upload each of them.",
    },
  ]);
});

test("the shell of an XFA form fails and says what to do", async () => {
  const shell = text(
    "Please wait... If this message is not eventually replaced by the document,",
    40,
    300,
  );
  const bytes = rawPdf([shell], {
    catalog: "/AcroForm << /Fields [] /XFA 10 0 R >> /NeedsRendering true",
    objects: { 10: "<< /Length 22 >>\nstream\n<xdp:xdp></xdp:xdp>   \nendstream" },
  });

  expect(await ingested(bytes)).toMatchObject({
    status: "failed",
    status_reason:
      "The PDF is an XFA form, which only Adobe software can display. Open it there, print it to a new PDF and upload that.",
  });
});

test("the states of a slide are one of eight passages, and leave room for the answer", async () => {
  await db`delete from documents`;
  await ingested(await fixture("overlays"), "optimisation.pdf");

  const found = await search("How do I set the learning rate of Adam?");

  const pages = found.map(({ citation }) => citation.page_number);
  expect(pages.filter((page) => page! >= 2 && page! <= 13)).toEqual([13]);
  expect(pages).toContain(14);
});

test("a deck that is uploaded again fills no second place, and no chunk is lost", async () => {
  await db`delete from documents`;
  const bytes = await fixture("overlays");
  const first = await ingested(bytes, "optimisation-2024.pdf");
  const again = Buffer.concat([bytes, Buffer.from("\n% another upload\n")]);
  const second = await ingested(again, "optimisation-2025.pdf");

  const found = await search("What happens when the step size is too large?");

  const failureModes = found.filter(({ content }) => content.includes("diverges to infinity"));
  expect(failureModes.map(({ asset_id }) => asset_id)).toEqual([second.id]);
  const { items } = await listSlideChunks(db, second.id, SEES_ALL, { limit: 50, after: -1 });
  const covered = items.flatMap(({ page_number, page_end }) =>
    Array.from({ length: page_end - page_number + 1 }, (_, i) => page_number + i),
  );
  expect(second.chunk_count).toBe(first.chunk_count);
  expect(covered).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
});
