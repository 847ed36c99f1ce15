import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Elysia } from "elysia";
import { AuditWriter } from "../../../src/db/access/audit-writer";
import { openForecaster } from "../../../src/pipelines/forecast";
import { documentRoutes } from "../../../src/routes/documents/documents";
import { problems } from "../../../src/routes/http/problems";
import { withDatabase } from "../../support/database";
import { openDocumentWork } from "../../support/document-work";
import { silentLog } from "../../support/factories";
import { keylessGuard } from "../../support/guard";
import { get, postFile } from "../../support/http";
import { deckPdf } from "../../support/pdfs";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openDocumentWork(db);
const { course_id, workOnce } = lab;
const { storage, dataRoot } = lab.tools;
const forecaster = openForecaster({
  db,
  slideDescriber: null,
  transcriber: null,
  sendsTerms: false,
  budgets: {},
  maxPages: 100,
});
const app = new Elysia()
  .use(problems(silentLog, () => []))
  .use(keylessGuard(db))
  .use(
    documentRoutes({
      db,
      storage,
      audit: new AuditWriter(db, silentLog),
      maxUploadBytes: 2_000_000,
      forecaster,
    }),
  );
afterAll(() => lab[Symbol.asyncDispose]());

const pdf = (topic: string) => deckPdf([{ title: topic, body: [`All about ${topic}`] }], topic);
const upload = async (bytes: Uint8Array, fields: object = {}, headers = {}) => {
  const request = postFile(
    "/api/documents/upload",
    { course_id, ...fields },
    { name: "Übung 1.pdf", bytes },
  );
  for (const [name, value] of Object.entries(headers)) request.headers.set(name, String(value));
  return app.handle(request);
};
const uploaded = async (topic: string) =>
  (await (await upload(await pdf(topic))).json()).document_id;
const files = async () => (await readdir(join(dataRoot, "documents"))).sort();
const send = (method: string, path: string) =>
  app.handle(new Request(`http://localhost${path}`, { method }));

describe("POST /api/documents/upload", () => {
  test("keeps the file and queues it; the same bytes answer the same document", async () => {
    const bytes = await pdf("uploads");

    const first = await upload(bytes, { title: "Uploads" });
    const again = await upload(bytes);
    const accepted = await first.json();

    expect([first.status, again.status]).toEqual([202, 200]);
    expect(await again.json()).toEqual(accepted);
    const document = await (await app.handle(get(`/api/documents/${accepted.document_id}`))).json();
    expect(document).toMatchObject({
      title: "Uploads",
      filename: "Übung 1.pdf",
      status: "uploaded",
      page_count: null,
      sha256: new Bun.CryptoHasher("sha256").update(bytes).digest("hex"),
      size_bytes: bytes.length,
      url: `/api/documents/${accepted.document_id}/file`,
    });
  });

  test("of eight at once one stays, in the table and on the disk", async () => {
    const before = await files();
    const bytes = await pdf("eight");

    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => (await upload(bytes)).json()),
    );

    expect(new Set(answers.map(({ document_id }) => document_id)).size).toBe(1);
    expect((await files()).length).toBe(before.length + 1);
  });

  test.each([
    ["something else", Buffer.from("<html>no deck</html>"), {}, 422, "pdf_invalid"],
    ["nothing", new Uint8Array(), {}, 422, "pdf_invalid"],
    ["more than is allowed", Buffer.alloc(2_000_001, "%PDF-1.7 "), {}, 413, "body_too_large"],
    [
      "another course",
      Buffer.from("%PDF-1.7 "),
      { course_id: crypto.randomUUID() },
      404,
      "course_not_found",
    ],
  ])("refuses %s and leaves nothing", async (_, bytes, fields, status, code) => {
    const before = await files();

    const response = await upload(bytes, fields);

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect(await files()).toEqual(before);
    expect(await readdir(storage.stagingDir)).toEqual([]);
  });

  test("answers a repeated key with its first answer", async () => {
    const bytes = await pdf("keys");
    const headers = { "idempotency-key": "upload-1" };

    const first = await upload(bytes, {}, headers);
    const again = await upload(bytes, {}, headers);
    const other = await upload(await pdf("other"), {}, headers);

    expect([first.status, again.status, other.status]).toEqual([202, 202, 422]);
  });
});

describe("GET /api/documents/{id}/file", () => {
  test("answers the untouched bytes, whole, in part, or not at all when they are known", async () => {
    const bytes = await pdf("ranges");
    const { document_id } = await (await upload(bytes)).json();
    const path = `/api/documents/${document_id}/file`;

    const whole = await app.handle(get(path));
    const etag = whole.headers.get("etag")!;
    const part = await app.handle(get(path, { range: "bytes=5-9" }));
    const upperCase = await app.handle(get(path, { range: "Bytes=5-9" }));
    const head = new Request(get(path, { range: "bytes=5-9" }), { method: "HEAD" });
    const ofHead = await app.handle(head);
    const known = await app.handle(get(path, { "if-none-match": etag }));
    const beyond = await app.handle(get(path, { range: `bytes=${bytes.length}-` }));

    expect(await whole.bytes()).toEqual(new Uint8Array(bytes));
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      "content-type": "application/pdf",
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
      "content-disposition": `inline; filename="_bung 1.pdf"; filename*=UTF-8''%C3%9Cbung%201.pdf`,
    });
    expect([part.status, known.status, beyond.status]).toEqual([206, 304, 416]);
    expect(upperCase.status).toBe(206);
    expect([ofHead.status, ofHead.headers.get("content-range")]).toEqual([200, null]);
    expect(await part.bytes()).toEqual(new Uint8Array(bytes.subarray(5, 10)));
    expect(part.headers.get("content-range")).toBe(`bytes 5-9/${bytes.length}`);
    expect(beyond.headers.get("content-range")).toBe(`bytes */${bytes.length}`);
    expect(await beyond.json()).toMatchObject({ code: "range_not_satisfiable" });
  });
});

describe("a document's life", () => {
  test("can be followed to its end, and leaves nothing when it is deleted", async () => {
    while (await workOnce());
    const id = await uploaded("life");
    await workOnce();

    const status = await (await app.handle(get(`/api/documents/${id}/status`))).json();
    const retry = await send("POST", `/api/documents/${id}/retry`);
    const before = await files();
    const gone = await send("DELETE", `/api/documents/${id}`);
    const after = await send("GET", `/api/documents/${id}`);

    expect(status).toMatchObject({
      status: "completed",
      job_state: "completed",
      progress_percent: 100,
    });
    expect([retry.status, gone.status, after.status]).toEqual([409, 204, 404]);
    expect(await files()).toEqual(before.filter((name) => name !== `${id}.pdf`));
    const [rows] = await db`select count(*)::int as n from slide_chunks where document_id = ${id}`;
    expect(rows).toEqual({ n: 0 });
  });

  test("can be cancelled, retried and hurried", async () => {
    while (await workOnce());
    const id = await uploaded("steering");
    const post = async (action: string) => {
      const response = await send("POST", `/api/documents/${id}/${action}`);
      return [response.status, (await response.json()).code];
    };

    expect(await post("hurry")).toEqual([202, undefined]);
    expect(await post("cancel")).toEqual([202, undefined]);
    expect(await post("cancel")).toEqual([409, "not_cancellable"]);
    expect(await post("hurry")).toEqual([409, "not_hurryable"]);
    const status = await (await app.handle(get(`/api/documents/${id}/status`))).json();
    expect(status).toMatchObject({ status: "failed", error_code: "cancelled" });
    expect(await workOnce()).toBeNull();

    expect(await post("retry")).toEqual([202, undefined]);
    expect(await workOnce()).toBe("done");
    const missing = await send("POST", `/api/documents/${crypto.randomUUID()}/cancel`);
    expect(missing.status).toBe(404);
  });

  test("is listed by course and status", async () => {
    const id = await uploaded("listed");

    const path = `/api/documents?course_id=${course_id}&status=uploaded`;
    const { items } = await (await app.handle(get(path))).json();

    expect(items.map((item: { id: string }) => item.id)).toContain(id);
    expect((await app.handle(get("/api/documents?status=lost"))).status).toBe(422);
  });
});
