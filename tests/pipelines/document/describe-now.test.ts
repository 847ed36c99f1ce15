import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { deleteAsset } from "../../../src/db/assets";
import { getDocument } from "../../../src/db/documents";
import { listProviderCalls } from "../../../src/db/jobs/provider-calls";
import { listDescriptions, listSlideChunks } from "../../../src/db/slides";
import { describeNow } from "../../../src/pipelines/document/describe-now";
import { SEES_ALL } from "../../../src/principal";
import { claimJob } from "../../../src/queue/queue";
import { withDatabase } from "../../support/database";
import { openDocumentWork } from "../../support/document-work";
import { silentLog } from "../../support/factories";
import { failureOf } from "../../support/failures";
import { deckPdf, scannedPdf } from "../../support/pdfs";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openDocumentWork(db);
const { gemini, upload, workOnce } = lab;
afterAll(() => lab[Symbol.asyncDispose]());

const tools = { ...lab.tools, log: silentLog };
const never = new AbortController().signal;
const deck = (pages: number, topic: string) =>
  deckPdf(
    Array.from({ length: pages }, (_, i) => ({ title: `${topic} ${i + 1}`, body: ["text"] })),
  );
const askedFor = async (work: () => Promise<unknown>) => {
  const start = gemini.requests.length;
  await work();
  return gemini.requests.slice(start).map(({ page_number }) => page_number);
};
/** A caller who leaves as soon as the model looks at `pages` pages. */
function callerUntil(pages: number): AbortSignal {
  const leaving = new AbortController();
  void gemini.asked(gemini.requests.length + pages).then(() => leaving.abort());
  return leaving.signal;
}
const pagesBought = async (id: string) =>
  (await listProviderCalls(db, id)).filter(
    ({ purpose, state }) => purpose === "describe" && state === "ok",
  ).length;
const completed = async (topic: string, pages = 3) => {
  const id = await upload(deck(pages, topic));
  await workOnce();
  return id;
};

describe("describeNow", () => {
  test("takes the waiting job, describes, and leaves chunks and embeddings to the workers", async () => {
    const id = await upload(deck(3, "now"));

    const described = await describeNow(id, tools, {}, never);
    const asked = await askedFor(() => workOnce());

    expect(described).toMatchObject({ status: "described", described_page_count: 3 });
    expect(asked).toEqual([]);
    expect(await getDocument(db, id)).toMatchObject({ status: "completed", chunk_count: 3 });
  });

  test("buys nothing for a document that is described", async () => {
    const id = await completed("whole");

    const asked = await askedFor(() => describeNow(id, tools, {}, never));

    expect(asked).toEqual([]);
    expect((await getDocument(db, id)).status).toBe("completed");
    expect(await workOnce()).toBeNull();
  });

  test("describes named pages again when forced, and has the chunks replaced", async () => {
    const id = await completed("forced");
    const { describe: describeSlide } = gemini;
    gemini.describe = () => ({ ...describeSlide(2, "forced 2"), statement: "Seen anew" });

    const wanted = { force: true, pages: [2] };
    const asked = await askedFor(() => describeNow(id, tools, wanted, never));
    gemini.describe = describeSlide;
    await workOnce();

    expect(asked).toEqual([2]);
    expect(await pagesBought(id)).toBe(4);
    const { items } = await listSlideChunks(db, id, SEES_ALL, { limit: 9, after: -1 });
    expect(items.map(({ content }) => content.includes("Seen anew"))).toEqual([false, true, false]);
    expect((await getDocument(db, id)).status).toBe("completed");
  });

  test("stops asking the model when its caller leaves; the workers finish a waiting document", async () => {
    const id = await upload(deck(12, "left"));
    gemini.spoil(5, 12, { kind: "stall" });
    const start = gemini.requests.length;

    const left = describeNow(id, tools, {}, callerUntil(8)).catch((error: Error) => error.name);

    expect(await left).toBe("AbortError");
    await Bun.sleep(200);
    expect(gemini.requests.length).toBe(start + 8);
    expect((await getDocument(db, id)).described_page_count).toBeLessThan(12);
    gemini.faults.clear();
    expect(await workOnce()).toBe("done");
    expect(await pagesBought(id)).toBe(12);
  });

  test("leaves a whole document whole when its caller leaves or the model fails", async () => {
    const id = await completed("kept");
    gemini.faults.set(2, [{ kind: "status", status: 403 }]);

    const failure = await failureOf(describeNow(id, tools, { force: true }, never));
    await workOnce();

    expect(failure.code).toBe("provider_unauthorized");
    expect(await getDocument(db, id)).toMatchObject({ status: "completed", chunk_count: 3 });
  });

  test("tries a failed document again, and lets it fail again when its caller leaves", async () => {
    gemini.faults.set(1, [{ kind: "status", status: 403 }]);
    const id = await completed("failed");
    const { status } = await getDocument(db, id);
    gemini.faults.set(1, [{ kind: "stall" }]);

    await describeNow(id, tools, {}, callerUntil(1)).catch(() => {});
    const left = await getDocument(db, id);
    const again = await describeNow(id, tools, {}, never);

    expect([status, left.status, again.status]).toEqual(["failed", "failed", "described"]);
    expect(left.status_reason).toContain("cancelled");
    await workOnce();
  });

  test("waits for the worker that has the document, and does not take it away", async () => {
    const id = await upload(deck(6, "shared"));
    const looked = Promise.withResolvers<void>();
    gemini.spoil(1, 6, { kind: "late", until: looked.promise });
    const start = gemini.requests.length;
    let described: Awaited<ReturnType<typeof describeNow>> | undefined;

    const asked = await askedFor(async () => {
      const working = workOnce();
      await gemini.asked(start + 1);
      const refused = await failureOf(describeNow(id, tools, { force: true }, never));
      expect(refused.code).toBe("document_busy");
      const waiting = describeNow(id, tools, {}, never);
      looked.resolve();
      described = await waiting;
      await working;
    });

    expect(asked.length).toBe(6);
    expect(described).toMatchObject({ described_page_count: 6 });
  });

  test("of two callers one describes and the other waits for it", async () => {
    const id = await upload(deck(4, "twice"));

    const asked = await askedFor(() =>
      Promise.all([describeNow(id, tools, {}, never), describeNow(id, tools, {}, never)]),
    );

    expect(asked.sort()).toEqual([1, 2, 3, 4]);
    await workOnce();
  });

  test("refuses pages that are not there, and documents that are not", async () => {
    const id = await completed("short");

    const beyond = await failureOf(describeNow(id, tools, { pages: [4] }, never));
    const unknown = await failureOf(describeNow(crypto.randomUUID(), tools, {}, never));

    expect(beyond).toEqual({ code: "page_not_found", page_count: 3, pages: [4] });
    expect(unknown.code).toBe("document_not_found");
  });

  test("fails with the reason when there is nothing to describe with", async () => {
    const id = await upload(scannedPdf(1));

    const failure = await failureOf(describeNow(id, { ...tools, slideDescriber: null }, {}, never));

    expect(failure.code).toBe("document_without_text");
    expect((await getDocument(db, id)).status).toBe("failed");
  });

  test("ends when its document is deleted", async () => {
    const id = await upload(deck(8, "deleted"));
    const deleted = gemini
      .asked(gemini.requests.length + 8)
      .then(() => deleteAsset(db, "document", id));
    gemini.spoil(5, 8, { kind: "late", until: deleted });

    const failure = await failureOf(describeNow(id, tools, {}, never));

    expect(failure.code).toBe("document_not_found");
    expect((await listDescriptions(db, id, SEES_ALL)).length).toBeLessThan(8);
    expect(await claimJob(db, ["ingest"], 1)).toBeNull();
  });
});
