import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { Elysia } from "elysia";
import { AuditWriter } from "../../../src/db/access/audit-writer";
import { openForecaster } from "../../../src/pipelines/forecast";
import { documentFolderRoutes } from "../../../src/routes/documents/document-folder";
import { documentRoutes } from "../../../src/routes/documents/documents";
import { problems } from "../../../src/routes/http/problems";
import { withDatabase } from "../../support/database";
import { openDocumentWork } from "../../support/document-work";
import { createCourse, silentLog } from "../../support/factories";
import { keylessGuard } from "../../support/guard";
import { get } from "../../support/http";
import { deckPdf } from "../../support/pdfs";
import { eventually } from "../../support/waiting";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openDocumentWork(db);
const { storage, dataRoot } = lab.tools;
const MAX_BYTES = 100_000;
const MAX_FILES = 5;
const MAX_TOTAL = 300_000;
const limits = { maxUploadBytes: MAX_BYTES, maxFolderFiles: MAX_FILES, maxFolderBytes: MAX_TOTAL };
const forecaster = openForecaster({
  db,
  slideDescriber: null,
  transcriber: null,
  sendsTerms: false,
  budgets: {},
  maxPages: 100,
});
const app = new Elysia({ serve: { maxRequestBodySize: Number.MAX_SAFE_INTEGER } })
  .use(problems(silentLog, () => []))
  .use(keylessGuard(db))
  .use(
    documentRoutes({ db, storage, audit: new AuditWriter(db, silentLog), forecaster, ...limits }),
  )
  .use(documentFolderRoutes({ db, storage, ...limits }))
  .listen({ port: 0, hostname: "127.0.0.1" });
afterAll(async () => {
  await app.stop(true);
  await lab[Symbol.asyncDispose]();
});

type NamedFile = [name: string, bytes: Uint8Array];
type Item = {
  filename: string;
  document: { document_id: string; job_id: string; created: boolean } | null;
  error: { code: string; message: string } | null;
};

const pdf = (topic: string) => deckPdf([{ title: topic, body: [`All about ${topic}`] }], topic);
const NOTES = Buffer.from("some notes");
const BOUNDARY = "--folder";

/** The body as browsers send it for a folder; `FormData` of Bun removes the folders of names. */
const toBody = (fields: Record<string, string>, files: NamedFile[], field = "files") =>
  Buffer.concat([
    ...files.flatMap(([name, bytes]) => [
      Buffer.from(
        `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${field}"; filename="${name}"\r\ncontent-type: application/pdf\r\n\r\n`,
      ),
      bytes,
      Buffer.from("\r\n"),
    ]),
    ...Object.entries(fields).map(([name, value]) =>
      Buffer.from(
        `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      ),
    ),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ]);

async function upload(
  fields: Record<string, string>,
  files: NamedFile[],
  { headers = {}, field = "files" }: { headers?: Record<string, string>; field?: string } = {},
) {
  const response = await fetch(new URL("/api/documents/upload-folder", app.server!.url), {
    method: "POST",
    headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}`, ...headers },
    body: toBody(fields, files, field),
  });
  const body = (await response.json()) as { items: Item[]; code?: string };
  return { status: response.status, body };
}
const documentsOf = async (course_id: string) =>
  await db`select filename from documents where course_id = ${course_id} order by filename`;
const stored = async () => (await readdir(join(dataRoot, "documents"))).sort();
const staged = () => readdir(storage.stagingDir);

test("a folder becomes one document for each PDF, and a bad file does not stop the others", async () => {
  const course_id = await createCourse(db);
  const [entropy, codes] = [await pdf("Entropy"), await pdf("Codes")];
  const { status, body } = await upload({ course_id }, [
    ["Slides/Week 1/entropy.pdf", entropy],
    ["Slides/notes.txt", NOTES],
    ["Slides/Week 2/film.pdf", Buffer.alloc(MAX_BYTES + 1, "%PDF-1.7 ")],
    ["Slides/Week 2/codes.pdf", codes],
    ["Slides/empty.pdf", new Uint8Array()],
  ]);

  expect(status).toBe(202);
  expect(body.items.map(({ filename, error }) => [filename, error?.code ?? null])).toEqual([
    ["Slides/Week 1/entropy.pdf", null],
    ["Slides/notes.txt", "pdf_invalid"],
    ["Slides/Week 2/film.pdf", "body_too_large"],
    ["Slides/Week 2/codes.pdf", null],
    ["Slides/empty.pdf", "pdf_invalid"],
  ]);
  expect((await documentsOf(course_id)).map(({ filename }) => filename)).toEqual([
    "Slides/Week 1/entropy.pdf",
    "Slides/Week 2/codes.pdf",
  ]);
  const { document_id } = body.items[3]!.document!;
  const file = await app.handle(get(`/api/documents/${document_id}/file`));
  expect(Buffer.from(await file.arrayBuffer()).equals(codes)).toBe(true);
  expect(file.headers.get("content-disposition")).toContain('filename="codes.pdf"');
  expect(await staged()).toEqual([]);
});

test("the same bytes are one document, within a folder and in the next upload", async () => {
  const course_id = await createCourse(db);
  const bytes = await pdf("Twice");
  const first = await upload({ course_id }, [
    ["a.pdf", bytes],
    ["copy/a.pdf", bytes],
  ]);
  const again = await upload({ course_id }, [["b.pdf", bytes]]);

  const results = [...first.body.items, ...again.body.items].map(({ document }) => document!);
  expect([first.status, again.status]).toEqual([202, 200]);
  expect(results.map(({ created }) => created)).toEqual([true, false, false]);
  expect(new Set(results.map(({ document_id }) => document_id)).size).toBe(1);
  expect(await documentsOf(course_id)).toHaveLength(1);
});

test("a repeated key gets the first answer, and another folder with it is refused", async () => {
  const course_id = await createCourse(db);
  const files: NamedFile[] = [
    ["a.pdf", await pdf("Key A")],
    ["b.txt", NOTES],
  ];
  const headers = { "idempotency-key": "folder-1" };
  const first = await upload({ course_id }, files, { headers });
  const again = await upload({ course_id }, files, { headers });
  const other = await upload({ course_id }, files.slice(0, 1), { headers });

  expect(again).toEqual(first);
  expect([first.status, other.status, other.body.code]).toEqual([
    202,
    422,
    "idempotency_key_reused",
  ]);
});

test.each([
  ["../../etc/passwd.pdf", "etc/passwd.pdf"],
  ["C:\\\\Users\\\\me\\\\Week 1\\\\a.pdf", "Users/me/Week 1/a.pdf"],
  ["/Übung//./3 – 熵.pdf", "Übung/3 – 熵.pdf"],
  ["gpj.\u202Efdp/a:b.pdf", "gpj. fdp/a b.pdf"],
  ["..", "file"],
])("a file with the name %s is shown as %s", async (name, shown) => {
  const { body } = await upload({ course_id: await createCourse(db) }, [[name, NOTES]]);
  expect(body.items[0]!.filename).toBe(shown);
});

const tiny = (count: number): NamedFile[] =>
  Array.from({ length: count }, (_, i) => [`${i}.pdf`, Buffer.from(`%PDF-1.7 ${i}`)]);
const large = Buffer.alloc(MAX_BYTES, "%PDF-1.7 ");
const refusals: [string, (course: string) => Parameters<typeof upload>, number, string][] = [
  ["too many files", (course_id) => [{ course_id }, tiny(MAX_FILES + 1)], 422, "request_invalid"],
  [
    "too many bytes",
    (course_id) => [{ course_id }, Array.from({ length: 6 }, (_, i) => [`${i}.pdf`, large])],
    413,
    "body_too_large",
  ],
  ["no file", (course_id) => [{ course_id }, []], 422, "request_invalid"],
  ["no course", () => [{}, tiny(1)], 422, "request_invalid"],
  ["another course", () => [{ course_id: crypto.randomUUID() }, tiny(2)], 404, "course_not_found"],
  ["a title", (course_id) => [{ course_id, title: "x" }, tiny(1)], 422, "request_invalid"],
  [
    "files in another field",
    (course_id) => [{ course_id }, tiny(2), { field: "file" }],
    422,
    "request_invalid",
  ],
];
test.each(refusals)(
  "a folder with %s is refused and leaves nothing",
  async (_, make, status, code) => {
    const before = await stored();
    const answer = await upload(...make(await createCourse(db)));

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await stored()).toEqual(before);
    expect(await staged()).toEqual([]);
  },
);

test("many small files in one packet all arrive, in their order", async () => {
  const { status, body } = await upload({ course_id: await createCourse(db) }, tiny(MAX_FILES));
  expect(status).toBe(202);
  expect(body.items.map(({ filename }) => filename)).toEqual(tiny(MAX_FILES).map(([name]) => name));
});

test("a client that goes away in its third file leaves nothing", async () => {
  const course_id = await createCourse(db);
  const before = await stored();
  const files: NamedFile[] = [
    ["a.pdf", await pdf("A")],
    ["b.pdf", await pdf("B")],
    ["c.pdf", large],
  ];
  const body = toBody({ course_id }, files);
  const { hostname, port } = app.server!.url;
  const socket = connectTcp(Number(port), hostname);
  const head = `POST /api/documents/upload-folder HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: ${body.length}\r\ncontent-type: multipart/form-data; boundary=${BOUNDARY}\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), body.subarray(0, body.length - 50_000)]));
  await eventually(staged, (names) => names.length === 3);
  socket.destroy();

  await eventually(staged, (names) => names.length === 0);
  expect(await stored()).toEqual(before);
  expect(await documentsOf(course_id)).toHaveLength(0);
});

test("a failing storage refuses the folder, and the repeated upload completes it", async () => {
  const course_id = await createCourse(db);
  const files: NamedFile[] = [
    ["a.pdf", await pdf("Store A")],
    ["b.pdf", await pdf("Store B")],
  ];
  const headers = { "idempotency-key": "folder-storage" };
  const { store } = storage;
  let calls = 0;
  storage.store = async (id, path) => {
    if (++calls === 2) await Bun.file(path).delete(); // as if the disk lost it
    return store.call(storage, id, path);
  };
  const failed = await upload({ course_id }, files, { headers });
  storage.store = store;
  const repeated = await upload({ course_id }, files, { headers });

  expect(failed.status).toBeGreaterThanOrEqual(500);
  expect(repeated.status).toBe(202);
  expect(repeated.body.items.map(({ document }) => document?.created)).toEqual([false, true]);
  expect(await staged()).toEqual([]);
});
