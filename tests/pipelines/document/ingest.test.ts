import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Glob } from "bun";
import { getDocument, getDocumentStatus } from "../../../src/db/documents";
import { listProviderCalls } from "../../../src/db/jobs/provider-calls";
import { listDescriptions, listSlideChunks } from "../../../src/db/slides";
import { SEES_ALL } from "../../../src/principal";
import { findOcr } from "../../../src/providers/slides/ocr";
import { searchCourse } from "../../../src/retrieval/search";
import { DOCUMENT_FILES } from "../../../src/storage/files";
import { openS3Storage } from "../../../src/storage/s3";
import { withDatabase } from "../../support/database";
import { hurry, openDocumentWork } from "../../support/document-work";
import { deckPdf, scannedPdf } from "../../support/pdfs";
import { startS3Server } from "../../support/s3-server";
import { childrenOf } from "../../support/server";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openDocumentWork(db);
const { gemini, tools, upload, workOnce } = lab;
afterAll(() => lab[Symbol.asyncDispose]());

const blind = { ...tools, slideDescriber: null };
const deck = (pages: number, topic: string) =>
  deckPdf(
    Array.from({ length: pages }, (_, i) => ({
      title: `${topic} ${i + 1}`,
      body: [`The ${topic} of page ${i + 1} is ${(i + 1) * 37} bits`],
    })),
    topic,
  );
const requestsSince = (start: number) => gemini.requests.slice(start).map((r) => r.page_number);
const bought = async (id: string, purpose = "describe") =>
  (await listProviderCalls(db, id)).filter((call) => call.purpose === purpose);
const status = async (id: string) => {
  const { status, status_reason } = await getDocument(db, id);
  return { status, status_reason };
};

describe("a deck that a model describes", () => {
  test("completes with every page bought once, few at a time, and says what it cost", async () => {
    const start = gemini.requests.length;
    gemini.paceMs = 20;
    const id = await upload(deck(60, "entropy"));

    expect(await workOnce()).toBe("done");
    gemini.paceMs = 0;

    expect(requestsSince(start).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
    expect(gemini.mostOpen).toBeWithin(2, 4 + 1);
    expect(await getDocument(db, id)).toMatchObject({
      status: "completed",
      page_count: 60,
      described_page_count: 60,
      title: "entropy",
      language_code: "en",
    });
    const calls = await bought(id);
    expect(new Set(calls.map(({ call_key }) => call_key)).size).toBe(60);
    expect(calls[0]).toMatchObject({
      purpose: "describe",
      provider: "google",
      model: "gemini-test",
      state: "ok",
      usage: { pages: 1, input_tokens: 1_000, output_tokens: 100 },
    });
  });

  test("says what its embeddings cost", async () => {
    const id = await upload(deck(40, "costs"));

    await workOnce();

    const calls = await bought(id, "embed");
    expect(calls.map(({ provider, model }) => [provider, model])).toEqual([
      ...Array.from({ length: 2 }, () => ["openai", "text-embedding-3-small"]),
    ]);
    expect(calls[0]!.usage.tokens).toBeGreaterThan(32);
  });

  test("keeps both descriptions, and sends the model the titles around a page", async () => {
    const start = gemini.requests.length;
    const id = await upload(deck(3, "channels"));

    await workOnce();

    const [, page] = await listDescriptions(db, id, SEES_ALL);
    expect(page).toMatchObject({ described_by: "model", metadata: { title: "channels 2" } });
    expect(JSON.parse(page!.raw_description).figures).toEqual(["A sketch of zebrafish number 2"]);
    expect(page!.normalized_description).toStartWith(
      "channels 2\n\nThe channels of page 2 is 74 bits",
    );
    const asked = gemini.requests.slice(start).find(({ page_number }) => page_number === 2)!;
    expect(asked.prompt).toStartWith(
      "Slide 2 of 3.\nDeck: channels\nSlide before: channels 1\nSlide after: channels 3\n",
    );
    expect([...asked.image.subarray(0, 2)]).toEqual([0xff, 0xd8]);
  });

  test("is found by what only its picture shows, and cited by its page", async () => {
    const id = await upload(deck(3, "capacity"));
    await workOnce();

    const { course_id } = lab;
    const request = { course_id, query: "zebrafish number 3", top_k: 1, document_ids: [id] };
    const [best] = await searchCourse(
      tools,
      { ...request, viewer: SEES_ALL, sources: ["slides"], mode: "hybrid" },
      AbortSignal.timeout(60_000),
    );

    expect(best).toMatchObject({
      citation: { page_number: 3 },
      metadata: { tags: ["entropy", "term3"] },
    });
  });

  test("keeps the text of a page that is blocked or answered wrongly, and says so", async () => {
    gemini.faults.set(1, [{ kind: "safety" }]);
    gemini.faults.set(2, [{ kind: "mismatch" }, { kind: "prose" }]);
    const id = await upload(deck(3, "blocked"));

    expect(await workOnce()).toBe("done");

    const pages = await listDescriptions(db, id, SEES_ALL);
    expect(pages.map(({ described_by }) => described_by)).toEqual(["text", "text", "model"]);
    expect(pages.map(({ metadata }) => metadata.describe_error)).toEqual([
      ...["content_blocked", "answer_invalid", undefined],
    ]);
    expect(pages[0]!.normalized_description).toContain("blocked of page 1 is 37 bits");
    const failed = (await bought(id)).filter(({ state }) => state === "error");
    expect(failed.map(({ error_code }) => error_code).sort()).toEqual([
      ...["answer_invalid", "answer_invalid", "content_blocked"],
    ]);
  });

  test.each([
    [{ kind: "status", status: 429, retryAfterSeconds: 3_000 }, "provider_rate_limited", 2_900],
    [{ kind: "status", status: 500 }, "provider_unavailable", 0.5],
    [{ kind: "cut" }, "provider_unavailable", 0.5],
  ] as const)(
    "is tried again after %o, and buys only what is missing",
    async (fault, code, wait) => {
      const start = gemini.requests.length;
      gemini.faults.set(9, [fault]);
      const id = await upload(deck(20, `again ${JSON.stringify(fault)}`));

      expect(await workOnce()).toBe("retrying");
      const bought = new Set(requestsSince(start));
      const [job] = await db`
      select j.error_code,
             extract(epoch from j.next_attempt_at - j.updated_at)::float8 as wait
      from jobs j where asset_id = ${id}`;
      expect(job).toMatchObject({ error_code: code });
      expect(job!.wait).toBeGreaterThan(wait);
      expect((await getDocument(db, id)).described_page_count).toBe(bought.size - 1);
      await hurry(db);

      expect(await workOnce()).toBe("done");
      expect(requestsSince(start).length).toBe(21);
      expect(await status(id)).toEqual({ status: "completed", status_reason: null });
    },
  );

  test("fails at once when the key is refused, with the reason", async () => {
    gemini.faults.set(1, [{ kind: "status", status: 403 }]);
    const id = await upload(deck(2, "refused"));

    expect(await workOnce()).toBe("gave-up");
    expect(await status(id)).toEqual({
      status: "failed",
      status_reason:
        'A provider refused the API key: correct it, then retry ("The test server answers 403")',
    });
  });

  test("stops asking when its worker has to go, and goes on later", async () => {
    const start = gemini.requests.length;
    gemini.spoil(17, 40, { kind: "stall" });
    const id = await upload(deck(40, "drained"));
    const stop = new AbortController();
    void gemini.asked(start + 20).then(() => stop.abort());

    expect(await workOnce(tools, stop.signal)).toBe("handed-back");
    await Bun.sleep(150);
    expect(requestsSince(start).length).toBe(20);
    gemini.faults.clear();
    expect(await workOnce()).toBe("done");

    expect(requestsSince(start).length).toBeLessThanOrEqual(40 + 4);
    const calls = await bought(id);
    expect(calls.filter(({ state }) => state === "ok").length).toBe(40);
    expect(calls.length).toBe(requestsSince(start).length);
  });
});

describe("a deck without a model to describe it", () => {
  test("completes with its text", async () => {
    const id = await upload(deck(2, "textual"));

    expect(await workOnce(blind)).toBe("done");

    const pages = await listDescriptions(db, id, SEES_ALL);
    expect(pages.map(({ described_by }) => described_by)).toEqual(["text", "text"]);
    const { items } = await listSlideChunks(db, id, SEES_ALL, { limit: 10, after: -1 });
    expect(items.map(({ page_number }) => page_number)).toEqual([1, 2]);
    expect(await bought(id)).toEqual([]);
  });

  test("fails when it has no text and names the missing setting, and completes once there is a model", async () => {
    const id = await upload(scannedPdf(2));

    expect(await workOnce(blind)).toBe("gave-up");
    const failed = await status(id);
    await db`select retry_document(${id})`;
    gemini.describe = () => ({ ...EMPTY, statement: "A scanned page with stripes" });
    expect(await workOnce()).toBe("done");

    expect(failed.status).toBe("failed");
    expect(failed.status_reason).toContain("SLIDE_MODEL");
    expect(await status(id)).toEqual({ status: "completed", status_reason: null });
  });

  test("has its pictures read when OCR is installed", async () => {
    const id = await upload(await picturePdf("Entropy measures missing information"));

    expect(await workOnce({ ...blind, openOcr: findOcr() })).toBe("done");

    const [page] = await listDescriptions(db, id, SEES_ALL);
    expect(page).toMatchObject({ described_by: "ocr" });
    expect(page!.normalized_description).toContain("measures missing information");
  });
});

test("a deck in a bucket is described from there, and nothing of it stays on the disk", async () => {
  const server = await startS3Server();
  await using remote = await openDocumentWork(db, (root) =>
    openS3Storage(root, DOCUMENT_FILES, server.settings),
  );
  const id = await remote.upload(deck(3, "bucket"));

  const outcome = await remote.workOnce();

  expect(outcome).toBe("done");
  expect(await getDocument(db, id)).toMatchObject({ status: "completed", chunk_count: 3 });
  const left = new Glob("**/*.pdf").scan({ cwd: remote.tools.dataRoot, dot: true });
  expect(await Array.fromAsync(left)).toEqual([]);
  await server.close();
});

const EMPTY = {
  title: "",
  statement: "",
  figures: [],
  tables: [],
  formulas: [],
  key_terms: [],
  language: "en",
};

/** A page that is a picture of words. */
async function picturePdf(words: string): Promise<Uint8Array> {
  const { createCanvas } = await import("@napi-rs/canvas");
  const { PDFDocument } = await import("pdf-lib");
  const canvas = createCanvas(1_200, 400);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, 1_200, 400);
  context.fillStyle = "black";
  context.font = "48px sans-serif";
  context.fillText(words, 60, 200);
  const document = await PDFDocument.create();
  const image = await document.embedPng(canvas.toBuffer("image/png"));
  document.addPage([1_200, 400]).drawImage(image, { x: 0, y: 0, width: 1_200, height: 400 });
  return document.save();
}

test("a deck whose PDF reader another process kills is tried again, and completes", async () => {
  gemini.paceMs = 50;
  const start = gemini.requests.length;
  const id = await upload(deck(64, "killed")); // more pages than the reader is asked for at once
  const working = workOnce();
  await gemini.asked(start + 1);
  const [reader] = await childrenOf(process.pid, "/pdf-child.");
  process.kill(reader!, "SIGKILL");

  expect(await working).toBe("retrying");
  gemini.paceMs = 0;
  expect((await getDocumentStatus(db, id)).error_code).toBe("pdf_reader_killed");

  await hurry(db);
  expect(await workOnce()).toBe("done");
  expect(await status(id)).toEqual({ status: "completed", status_reason: null });
});
