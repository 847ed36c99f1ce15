import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { deleteAsset } from "../../../src/db/assets";
import { getVersion, listVersions } from "../../../src/db/document-versions";
import { getDocument, retryDocument } from "../../../src/db/documents";
import { listDescriptions } from "../../../src/db/slides";
import { describeNow } from "../../../src/pipelines/document/describe-now";
import { receiveVersion, removeDocument } from "../../../src/pipelines/document/request";
import { SEES_ALL } from "../../../src/principal";
import { searchCourse } from "../../../src/retrieval/search";
import { verifyFile } from "../../../src/storage/files";
import { engine, withDatabase } from "../../support/database";
import { hurry, openDocumentWork } from "../../support/document-work";
import { silentLog } from "../../support/factories";
import { deckPdf } from "../../support/pdfs";
import { eventually } from "../../support/waiting";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openDocumentWork(db);
const { gemini, course_id, tools, upload, workOnce } = lab;
const { storage } = tools;
afterEach(() => gemini.faults.clear());
afterAll(() => lab[Symbol.asyncDispose]());

const never = new AbortController().signal;
const PAGES = 6;
/** A deck whose every page has the word, so that a passage shows its version. */
const deck = (topic: string, word: string, pages = PAGES) =>
  deckPdf(
    Array.from({ length: pages }, (_, i) => ({
      title: `${topic} part ${i + 1}`,
      body: [`The ${topic} of chapter ${i + 1} is ${word}`],
    })),
    `Deck on ${topic}`,
  );
const sha256Of = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

async function replace(id: string, bytes: Uint8Array, filename = "new.pdf") {
  const path = join(storage.stagingDir, crypto.randomUUID());
  await Bun.write(path, bytes);
  const file = { path, filename, size_bytes: bytes.length, sha256: sha256Of(bytes) };
  return receiveVersion({ db, storage }, id, { priority: "normal" }, file);
}

/** A completed document, and its first file. */
async function completed(topic: string, word = "alpha") {
  const bytes = await deck(topic, word);
  const id = await upload(bytes, "old.pdf");
  expect(await workOnce()).toBe("done");
  return { id, bytes };
}

const search = (id: string, query: string) =>
  searchCourse(
    tools,
    {
      course_id,
      query,
      top_k: 8,
      viewer: SEES_ALL,
      sources: ["slides"],
      mode: "hybrid",
      document_ids: [id],
    },
    never,
  );

/** The words and checksums of the passages for a question. */
async function answers(id: string, topic: string) {
  const found = await search(id, `What is the ${topic} of a chapter?`);
  const words = new Set(
    found.map(({ content }) => /alpha|omega|gamma/.exec(content)?.[0] ?? "none"),
  );
  const versions = new Set(found.map(({ citation }) => citation.sha256));
  return { words: [...words], versions: [...versions] };
}

const statuses = async (id: string) =>
  (await listVersions(db, id)).map(({ filename, status }) => `${filename} ${status}`);

describe("a new version", () => {
  test("answers when it is complete; until then the old one does", async () => {
    const { id, bytes } = await completed("entropy");
    const next = await deck("entropy", "omega", PAGES + 2);

    expect(await replace(id, next)).toMatchObject({ document_id: id, created: true });
    const before = await answers(id, "entropy");
    const building = await statuses(id);
    const pages = await listDescriptions(db, id, SEES_ALL);
    expect(await workOnce()).toBe("done");

    expect(before).toEqual({ words: ["alpha"], versions: [sha256Of(bytes)] });
    expect(building).toEqual(["new.pdf building", "old.pdf current"]);
    expect(pages.length).toBe(PAGES);
    expect(await answers(id, "entropy")).toEqual({ words: ["omega"], versions: [sha256Of(next)] });
    expect(await statuses(id)).toEqual(["new.pdf current", "old.pdf replaced"]);
    expect(await getDocument(db, id)).toMatchObject({
      status: "completed",
      filename: "new.pdf",
      sha256: sha256Of(next),
      size_bytes: next.length,
      page_count: PAGES + 2,
      described_page_count: PAGES + 2,
      title: "Deck on entropy",
    });
    const old = await getVersion(db, id, sha256Of(bytes));
    expect(await verifyFile(storage, old.file_id, sha256Of(bytes))).toBe(true);
  });

  test("is seen by concurrent questions either completely or not at all", async () => {
    const { id } = await completed("parity");
    await replace(id, await deck("parity", "omega"));
    let isDone = false;
    const seen: string[] = [];
    const ask = async () => {
      while (!isDone) {
        const { words, versions } = await answers(id, "parity");
        expect(versions.length).toBe(1);
        seen.push(words.join(" and "));
      }
    };

    const asking = [ask(), ask(), ask()];
    expect(await workOnce()).toBe("done");
    isDone = true;
    await Promise.all(asking);
    seen.push((await answers(id, "parity")).words.join(" and "));

    expect([...new Set(seen)]).toEqual(["alpha", "omega"]);
  });

  test("leaves the old one complete when the swap is interrupted, and takes over on the next attempt", async () => {
    const { id } = await completed("noise");
    await replace(id, await deck("noise", "omega"));
    // Stops the swap after the old chunks are deleted and before the document row is updated.
    await db`create function stop_swap() returns trigger language plpgsql as
             $$ begin raise exception 'the swap was interrupted'; end $$`;
    await db`create trigger stop_swap before insert on slide_chunks execute function stop_swap()`;

    expect(await workOnce()).toBe("retrying");
    await db`drop function stop_swap cascade`;
    const asked = gemini.requests.length;
    const embedded = lab.openai.requests.length;

    expect((await answers(id, "noise")).words).toEqual(["alpha"]);
    expect(await statuses(id)).toEqual(["new.pdf building", "old.pdf current"]);
    const questions = lab.openai.requests.length - embedded;
    await hurry(db);
    expect(await workOnce()).toBe("done");
    expect((await answers(id, "noise")).words).toEqual(["omega"]);
    expect(gemini.requests.length).toBe(asked);
    expect(lab.openai.requests.length - embedded).toBe(questions);
  });

  test("wins over an older upload that is still being built", async () => {
    const { id } = await completed("codes");
    const second = await deck("codes", "omega");
    await replace(id, second, "second.pdf");
    const looked = Promise.withResolvers<void>();
    gemini.spoil(1, PAGES, { kind: "late", until: looked.promise });
    const asked = gemini.requests.length;
    const working = workOnce();
    await gemini.asked(asked + 1);

    const { job_id } = await replace(id, await deck("codes", "gamma"), "third.pdf");
    looked.resolve();

    expect(await working).toBe("lost");
    expect(await statuses(id)).toEqual(["third.pdf building", "old.pdf current"]);
    gemini.faults.clear();
    expect(await workOnce()).toBe("done");
    expect((await getDocument(db, id)).description_job_id).toBe(job_id);
    expect((await answers(id, "codes")).words).toEqual(["gamma"]);
    expect(await statuses(id)).toEqual(["third.pdf current", "old.pdf replaced"]);
    const unclaimed = await db`select from unclaimed_files`;
    expect(unclaimed.count).toBe(1); // the file of the second upload
  });

  // The embedded engine runs one transaction after the other.
  test.if(engine === "native")("wins also over a swap that it waits for", async () => {
    const { id, bytes } = await completed("races");
    await replace(id, await deck("races", "omega"));
    // The swap of the second version waits, with its locks, until the first bytes are uploaded again.
    await db`create function slow_swap() returns trigger language plpgsql as
             $$ begin perform pg_sleep(2); return null; end $$`;
    await db`create trigger slow_swap before insert on slide_chunks execute function slow_swap()`;
    const working = workOnce();
    await eventually(
      () => db`select from pg_stat_activity
               where datname = current_database() and wait_event = 'PgSleep'`,
      (waiting) => waiting.length === 1,
    );

    await replace(id, bytes);
    await working;
    await db`drop function slow_swap cascade`;

    expect(await statuses(id)).toEqual(["new.pdf current", "old.pdf building"]);
    expect(await workOnce()).toBe("done");
    expect(await statuses(id)).toEqual(["new.pdf replaced", "old.pdf current"]);
    expect((await answers(id, "races")).words).toEqual(["alpha"]);
  });

  test("that fails leaves the old one in use, and a retry completes it", async () => {
    const { id } = await completed("channels");
    await replace(id, await deck("channels", "omega"));
    gemini.faults.set(3, [{ kind: "status", status: 403 }]);

    expect(await workOnce()).toBe("gave-up");
    expect(await statuses(id)).toEqual(["new.pdf failed", "old.pdf current"]);
    expect((await answers(id, "channels")).words).toEqual(["alpha"]);
    expect(await getDocument(db, id)).toMatchObject({ status: "failed", filename: "old.pdf" });

    await retryDocument(db, id);
    expect(await workOnce()).toBe("done");
    expect((await answers(id, "channels")).words).toEqual(["omega"]);
  });

  test("that is cancelled leaves the old one in use", async () => {
    const { id, bytes } = await completed("bits");
    await replace(id, await deck("bits", "omega"));

    await db`select stop_job(${id}, 'cancelled', 'Processing was cancelled')`;

    expect((await answers(id, "bits")).words).toEqual(["alpha"]);
    expect(await statuses(id)).toEqual(["new.pdf failed", "old.pdf current"]);
    // The old bytes again: the document is whole without a purchase.
    const asked = gemini.requests.length;
    expect(await replace(id, bytes)).toMatchObject({ created: true });
    expect(await workOnce()).toBe("done");
    expect(await getDocument(db, id)).toMatchObject({ status: "completed", filename: "old.pdf" });
    expect(await statuses(id)).toEqual(["old.pdf current"]);
    expect(gemini.requests.length).toBe(asked);
  });

  test("of a deleted document is removed with all files", async () => {
    const files = () => readdir(join(tools.dataRoot, "documents"));
    const before = (await files()).length;
    const { id } = await completed("deletion");
    await replace(id, await deck("deletion", "omega"));
    expect(await workOnce()).toBe("done");
    await replace(id, await deck("deletion", "gamma"));
    const looked = Promise.withResolvers<void>();
    gemini.spoil(1, PAGES, { kind: "late", until: looked.promise });
    const asked = gemini.requests.length;
    const working = workOnce();
    await gemini.asked(asked + 1);
    expect((await files()).length).toBe(before + 3);

    await deleteAsset(db, "document", id);
    await removeDocument({ db, storage }, id);
    looked.resolve();

    expect(await working).toBe("lost");
    expect((await files()).length).toBe(before);
    expect((await db`select from document_versions where document_id = ${id}`).count).toBe(0);
    expect((await db`select from draft_chunks where document_id = ${id}`).count).toBe(0);
  });

  test("replaces a first upload that never became complete", async () => {
    gemini.faults.set(1, [{ kind: "status", status: 403 }]);
    const id = await upload(await deck("failure", "alpha"), "old.pdf");
    expect(await workOnce()).toBe("gave-up");

    await replace(id, await deck("failure", "omega"));
    expect(await statuses(id)).toEqual(["new.pdf building", "old.pdf failed"]);
    expect(await workOnce()).toBe("done");

    expect(await statuses(id)).toEqual(["new.pdf current"]);
    expect((await answers(id, "failure")).words).toEqual(["omega"]);
  });
});

describe("bytes that the document had before", () => {
  test("change nothing when they are the current ones", async () => {
    const { id, bytes } = await completed("repeat");
    const files = await readdir(join(tools.dataRoot, "documents"));

    expect(await replace(id, bytes)).toMatchObject({ created: false });

    expect(await workOnce()).toBeNull();
    expect(await readdir(join(tools.dataRoot, "documents"))).toEqual(files);
  });

  test("become current again without describing them again", async () => {
    const { id, bytes } = await completed("return");
    await replace(id, await deck("return", "omega"));
    await workOnce();
    const asked = gemini.requests.length;

    await replace(id, bytes, "renamed.pdf");
    expect(await statuses(id)).toEqual(["new.pdf current", "old.pdf building"]);
    expect(await workOnce()).toBe("done");

    expect(gemini.requests.length).toBe(asked);
    expect((await answers(id, "return")).words).toEqual(["alpha"]);
    expect(await statuses(id)).toEqual(["new.pdf replaced", "old.pdf current"]);
  });

  test("are refused when they are another document of the course", async () => {
    const { bytes } = await completed("twin");
    const { id } = await completed("other twin");

    const refused = await replace(id, bytes).catch((error) => error);

    expect(refused).toMatchObject({ errorCode: "document_duplicate" });
    expect(await statuses(id)).toEqual(["old.pdf current"]);
  });

  test("upload as a document are answered with the document that builds them", async () => {
    const { id } = await completed("claimed");
    const next = await deck("claimed", "omega");
    await replace(id, next);

    expect(await upload(next)).toBe(id);
    expect(await workOnce()).toBe("done");
  });
});

describe("describing again", () => {
  test("changes pages and chunks at once, when the new chunks are embedded", async () => {
    const { id, bytes } = await completed("again");
    const describe = gemini.describe;
    gemini.describe = (n, text) => describe(n, text.replace("alpha", "omega"));

    await describeNow(id, { ...tools, log: silentLog }, { force: true, pages: [2] }, never);
    gemini.describe = describe;
    const [, between] = await listDescriptions(db, id, SEES_ALL);
    const found = await answers(id, "again");
    expect(await workOnce()).toBe("done");

    expect(between!.raw_description).not.toContain("omega");
    expect(found.words).toEqual(["alpha"]);
    const [, after] = await listDescriptions(db, id, SEES_ALL);
    expect(after!.raw_description).toContain("omega");
    expect((await search(id, "omega"))[0]!.content).toContain("omega");
    expect(await listVersions(db, id)).toMatchObject([
      { sha256: sha256Of(bytes), status: "current" },
    ]);
    expect(
      (
        await db`select from version_descriptions v join document_versions d
                     on d.id = v.version_id where d.document_id = ${id}`
      ).count,
    ).toBe(0);
  });
});
