import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Elysia } from "elysia";
import { AuditWriter } from "../../../src/db/access/audit-writer";
import { openForecaster } from "../../../src/pipelines/forecast";
import { documentPageRoutes } from "../../../src/routes/documents/document-pages";
import { documentVersionRoutes } from "../../../src/routes/documents/document-versions";
import { documentRoutes } from "../../../src/routes/documents/documents";
import { problems } from "../../../src/routes/http/problems";
import { retrievalRoutes } from "../../../src/routes/retrieval";
import { withDatabase } from "../../support/database";
import { openDocumentWork } from "../../support/document-work";
import { silentLog } from "../../support/factories";
import { keylessGuard } from "../../support/guard";
import { get, postFile, postJson } from "../../support/http";
import { deckPdf } from "../../support/pdfs";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openDocumentWork(db);
const { course_id, tools, workOnce } = lab;
const { storage } = tools;
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
  )
  .use(documentVersionRoutes({ db, storage, maxUploadBytes: 2_000_000 }))
  .use(documentPageRoutes({ ...tools, log: silentLog, shutdown: new AbortController().signal }))
  .use(
    retrievalRoutes({
      config: {},
      ...tools,
      metrics: { retrievalHits: { observe: () => {} } } as never,
    }),
  );
afterAll(() => lab[Symbol.asyncDispose]());

const pdf = (topic: string, pages = 1) =>
  deckPdf(
    Array.from({ length: pages }, (_, i) => ({ title: `${topic} ${i}`, body: [`About ${topic}`] })),
  );
const sha256Of = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
const send = async (request: Request) => {
  const response = await app.handle(request);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const upload = async (bytes: Uint8Array): Promise<string> => {
  const file = { name: "old.pdf", bytes };
  return (await send(postFile("/api/documents/upload", { course_id }, file))).body
    .document_id as string;
};
const replace = (id: string, bytes: Uint8Array, headers: Record<string, string> = {}) => {
  const request = postFile(`/api/documents/${id}/versions`, {}, { name: "new.pdf", bytes });
  for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
  return send(request);
};
const citationOf = async (query: string) => {
  const found = await app.handle(postJson("/api/retrieval/query", { course_id, query, top_k: 1 }));
  return (await found.json())[0].citation;
};

describe("the versions of a document", () => {
  test("are uploaded and listed; a citation of a replaced one still opens its page", async () => {
    const [first, second] = await Promise.all([pdf("zebra", 3), pdf("okapi", 2)]);
    const id = await upload(first);
    await workOnce();
    const cited = await citationOf("zebra");

    const accepted = await replace(id, second);
    expect(accepted).toMatchObject({ status: 202, body: { document_id: id } });
    await workOnce();

    const { body } = await send(get(`/api/documents/${id}/versions`));
    expect(body.items).toMatchObject([
      { sha256: sha256Of(second), status: "current", page_count: 2, replaced_at: null },
      { sha256: sha256Of(first), status: "replaced", page_count: 3, filename: "old.pdf" },
    ]);
    expect(cited.sha256).toBe(sha256Of(first));
    const address = new URL(cited.url, "http://localhost");
    const version = await send(get(address.pathname.replace(/\/file$/, "")));
    const file = await app.handle(get(address.pathname));
    const image = await app.handle(get(address.pathname.replace(/file$/, "pages/3/image")));
    const beyond = await app.handle(get(`/api/documents/${id}/pages/3/image`));
    expect(version.body).toMatchObject({ status: "replaced", url: address.pathname });
    expect(sha256Of(await file.bytes())).toBe(sha256Of(first));
    expect(file.headers.get("etag")).toBe(`"${sha256Of(first)}"`);
    expect(image.headers.get("content-type")).toBe("image/jpeg");
    expect(beyond.status).toBe(404);
    const current = await app.handle(get(`/api/documents/${id}/file`));
    expect(sha256Of(await current.bytes())).toBe(sha256Of(second));
    expect((await citationOf("okapi")).url).toContain(sha256Of(second));
  });

  test("answer 200 for the bytes that the document has, and once for each Idempotency-Key", async () => {
    const [first, second] = await Promise.all([pdf("tapir"), pdf("quagga")]);
    const id = await upload(first);
    await workOnce();

    expect((await replace(id, first)).status).toBe(200);
    const one = await replace(id, second, { "idempotency-key": "a" });
    const again = await replace(id, second, { "idempotency-key": "a" });
    const other = await replace(id, first, { "idempotency-key": "a" });

    expect([one.status, again.status, other.status]).toEqual([202, 202, 422]);
    expect(again.body).toEqual(one.body);
    await workOnce();
  });

  test("refuse files that are no PDF, unknown documents and unknown checksums", async () => {
    const id = await upload(await pdf("lynx"));
    await workOnce();
    const text = new TextEncoder().encode("not a PDF");
    const unknown = "0".repeat(64);

    const refusals = await Promise.all([
      replace(id, text),
      replace(crypto.randomUUID(), await pdf("ibex")),
      send(get(`/api/documents/${crypto.randomUUID()}/versions`)),
      send(get(`/api/documents/${id}/versions/${unknown}`)),
      send(get(`/api/documents/${id}/versions/${unknown}/file`)),
      send(get(`/api/documents/${id}/versions/${unknown}/pages/1/image`)),
      send(get(`/api/documents/${id}/versions/latest/file`)),
    ]);

    expect(refusals.map(({ body }) => body.code)).toEqual([
      "pdf_invalid",
      "document_not_found",
      "document_not_found",
      "version_not_found",
      "version_not_found",
      "version_not_found",
      "request_invalid",
    ]);
    expect((await send(get(`/api/documents/${id}`))).body).toMatchObject({ status: "completed" });
  });

  test("are all removed with the document", async () => {
    const id = await upload(await pdf("gnu"));
    await workOnce();
    const second = await pdf("eland");
    await replace(id, second);
    await workOnce();

    await app.handle(new Request(`http://localhost/api/documents/${id}`, { method: "DELETE" }));

    const { body } = await send(get(`/api/documents/${id}/versions/${sha256Of(second)}/file`));
    expect(body).toMatchObject({ code: "document_not_found" });
  });
});
