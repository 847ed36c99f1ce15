// One engine: the subject is what PDFs contain.
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { getDocument } from "../../../src/db/documents";
import { listDescriptions } from "../../../src/db/slides";
import { ERRORS, type ErrorCode } from "../../../src/errors";
import { SEES_ALL } from "../../../src/principal";
import * as broken from "../../support/broken-pdfs";
import { withDatabase } from "../../support/database";
import { openDocumentWork } from "../../support/document-work";
import { failureOf } from "../../support/failures";
import * as pdfs from "../../support/pdfs";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openDocumentWork(db);
afterAll(() => lab[Symbol.asyncDispose]());
const NO_USAGE = { requests: 1, input_tokens: 0, output_tokens: 0 };
const blind = { ...lab.tools, slideDescriber: null };

type Make = () => Uint8Array | Promise<Uint8Array>;

async function ingested(make: Make, tools = lab.tools) {
  const id = await lab.upload(await make());
  const outcome = await lab.workOnce(tools);
  const { status, status_reason, page_count, chunk_count } = await getDocument(db, id);
  return { id, outcome, status, status_reason, page_count, chunk_count };
}

describe("a strange PDF", () => {
  test.each<[string, Make, number]>([
    ["rotated", pdfs.rotatedPdf, 4],
    ["in two columns", pdfs.twoColumnPdf, 1],
    ["with a page of 20 km", pdfs.hugePagePdf, 1],
    ["with a form", pdfs.formPdf, 1],
    ["with an attachment", pdfs.attachmentPdf, 1],
    ["that is a portfolio", pdfs.portfolioPdf, 1],
    ["with an outline", pdfs.outlinedPdf, 3],
    ["in Chinese", broken.cjkPdf, 1],
    ["from right to left", broken.rightToLeftPdf, 1],
  ])("%s completes, with a model and without", async (_, make, pages) => {
    const seen = await ingested(make);
    await db`delete from documents where id = ${seen.id}`;
    const unseen = await ingested(make, blind);

    for (const result of [seen, unseen]) {
      expect(result).toMatchObject({ outcome: "done", status: "completed", page_count: pages });
      expect(result.chunk_count).toBeGreaterThan(0);
    }
  });

  test("of a thousand pages completes", async () => {
    const result = await ingested(() => pdfs.manyPagesPdf(1_000), blind);

    expect(result).toMatchObject({ status: "completed", page_count: 1_000, chunk_count: 1_000 });
  });

  test.each<[string, Make, ErrorCode]>([
    ["a cut-off file", broken.truncatedPdf, "pdf_invalid"],
    ["garbage behind the mark", broken.garbageWithMark, "pdf_invalid"],
    ["a password", broken.encryptedPdf, "pdf_encrypted"],
    ["no pages", broken.noPagesPdf, "pdf_empty"],
    ["a page tree that loops", broken.loopingTreePdf, "pdf_invalid"],
    ["a bomb", () => broken.bombPdf(512), "pdf_too_complex"],
  ])("with %s fails at once and says why", async (_, make, code) => {
    const result = await ingested(make);

    const status_reason = ERRORS[code].title;
    expect(result).toMatchObject({ outcome: "gave-up", status: "failed", status_reason });
  });

  test.each<[string, Make]>([
    ["only pictures", () => pdfs.scannedPdf(3)],
    ["a picture of a terapixel", broken.hugeImagePdf],
    ["fewer pages than it says", broken.lyingCountPdf],
  ])("of %s fails without a model, naming what helps", async (_, make) => {
    const result = await ingested(make, blind);

    expect(result).toMatchObject({ outcome: "gave-up", status: "failed" });
    expect(result.status_reason).toContain("SLIDE_MODEL");
  });

  test("of blank pages fails, and does not ask for a model that looked already", async () => {
    const result = await ingested(() => pdfs.deckPdf([{ title: "", body: [] }]), {
      ...lab.tools,
      slideDescriber: {
        model: "test:blank",
        isFree: true,
        describe: async () => ({ raw: "", usage: NO_USAGE, problem: "content_blocked" as const }),
      },
    });

    expect(result).toMatchObject({ outcome: "gave-up", status: "failed" });
    expect(result.status_reason).toBe("No page has words to search for: content_blocked");
  });

  test("whose page cannot be drawn keeps its text, and says so", async () => {
    const undrawable = () => pdfs.deckPdf([{ title: "Cover", body: [] }]);
    const { outcome, id } = await ingested(undrawable, {
      ...lab.tools,
      pageRenderer: {
        ...lab.tools.pageRenderer,
        renderAll: (_path, n, o) => lab.tools.pageRenderer.renderAll("/dev/null", n, o),
      },
    });

    expect(outcome).toBe("done");
    const [page] = await listDescriptions(db, id, SEES_ALL);
    expect(page).toMatchObject({
      described_by: "text",
      normalized_description: "Cover",
      metadata: { describe_error: "page_render_failed" },
    });
  });

  test.each<[string, Make]>([
    ["garbage", broken.garbage],
    ["nothing at all", () => new Uint8Array()],
  ])("that is %s is refused before anything is kept", async (_, make) => {
    const refused = await failureOf(lab.upload(await make()));

    expect(refused.code).toBe("pdf_invalid");
    expect(await lab.workOnce()).toBeNull();
  });

  test("delays no other deck: the next one completes", async () => {
    await lab.upload(broken.bombPdf(520));
    const next = await lab.upload(pdfs.deckPdf([{ title: "Next", body: ["Still served"] }]));

    await lab.workOnce();
    await lab.workOnce();

    expect((await getDocument(db, next)).status).toBe("completed");
  });
});
