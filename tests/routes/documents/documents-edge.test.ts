import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { connect, type Sql } from "../../../src/db/client";
import { garbage } from "../../support/broken-pdfs";
import { get, postFile, postJson } from "../../support/http";
import { deckPdf } from "../../support/pdfs";
import { childrenOf, openServerHost, type Server, settled } from "../../support/server";
import { eventually } from "../../support/waiting";

setDefaultTimeout(120_000);

const host = await openServerHost();
let server: Server;
let db: Sql;
let course_id: string;
beforeAll(async () => {
  server = await host.start({ MAX_UPLOAD_MB: "1" });
  db = connect(server.databaseUrl, { max: 1, idle_timeout: 1 });
  course_id = (await server.json(postJson("/api/courses", { name: "Edges" }))).id;
});
afterAll(async () => {
  await db.end();
  await host[Symbol.asyncDispose]();
});

/** Everything that a request may leave behind. */
async function traces() {
  const files = (folder: string) => readdir(join(server.dataRoot, folder)).catch(() => []);
  const [rows] = await db<Record<string, number>[]>`
    select (select count(*)::int from courses) as courses,
           (select count(*)::int from documents) as records,
           (select count(*)::int from document_jobs) as jobs,
           (select count(*)::int from slide_descriptions) as pages,
           (select count(*)::int from slide_chunks) as chunks,
           (select count(*)::int from pgmq.q_ingest) as messages,
           (select count(*)::int from chat_sessions) as sessions,
           (select count(*)::int from chat_messages) as said,
           (select count(*)::int from idempotency_keys) as keys`;
  return {
    ...rows,
    documents: await files("documents"),
    staged: await files("documents/.tmp"),
    scratch: await files("scratch"),
  };
}

const UNKNOWN = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const PDF = { name: "a.pdf", bytes: await deckPdf([{ title: "Edge", body: ["of the slide"] }]) };
const send = (method: string, path: string, body?: BodyInit, type = "application/json") =>
  new Request(`http://localhost${path}`, {
    ...{ method, ...(body !== undefined && { body, headers: { "content-type": type } }) },
  });
const upload = (fields: Record<string, string>, file?: typeof PDF) =>
  postFile("/api/documents/upload", fields, file);
const twoFiles = () => {
  const form = new FormData();
  form.set("course_id", course_id);
  for (const name of ["a.pdf", "b.pdf"]) form.append("file", new File(["%PDF-1.7"], name));
  return new Request("http://localhost/api/documents/upload", { method: "POST", body: form });
};

/** Bodies that no endpoint takes, each with what a fitting one would have to be. */
const BODIES: [string, BodyInit, string, number, string][] = [
  ["text", "name=x", "text/plain", 415, "content_type_invalid"],
  ["XML", "<a/>", "application/xml", 415, "content_type_invalid"],
  ["half a document", '{"name":', "application/json", 400, "body_malformed"],
  ["nothing", "", "application/json", 400, "body_malformed"],
  ["a NUL character", '{"name":"a\\u0000"}', "application/json", 422, "request_invalid"],
  [
    "brackets without end",
    "[".repeat(200_000) + "]".repeat(200_000),
    "application/json",
    422,
    "request_invalid",
  ],
  ["a list", "[]", "application/json", 422, "request_invalid"],
  ["null", "null", "application/json", 422, "request_invalid"],
];
const JSON_ENDPOINTS: [string, string][] = [
  ["POST", "/api/courses"],
  ["PATCH", `/api/courses/${UNKNOWN}`],
  ["POST", "/api/retrieval/query"],
  ["POST", "/api/chat"],
  ["POST", "/api/chat/stream"],
];

const BY_ID = [
  "/api/courses/:id",
  "/api/courses/:id/assets",
  "/api/documents/:id",
  "/api/documents/:id/status",
  "/api/documents/:id/file",
  "/api/documents/:id/chunks",
  "/api/chat/sessions/:id",
];
const WRONG_IDS: [string, number][] = [
  ["not-a-uuid", 422],
  [`{${UNKNOWN}}`, 422],
  [UNKNOWN.replaceAll("-", ""), 422],
  ["%00", 422],
  ["..%2f..%2fetc%2fpasswd", 422],
  [UNKNOWN, 404],
  [UNKNOWN.toUpperCase(), 404],
];

const question = "What is an edge?";
const REFUSED: [string, () => Request, number, string][] = [
  ...JSON_ENDPOINTS.flatMap(([method, path]) =>
    BODIES.map(([what, body, type, status, code]): (typeof REFUSED)[number] => [
      `${method} ${path} with ${what}`,
      () => send(method, path, body, type),
      status,
      code,
    ]),
  ),
  ...BY_ID.flatMap((path) =>
    WRONG_IDS.map(([id, status]): (typeof REFUSED)[number] => [
      `GET ${path} with ${id}`,
      () => get(path.replace(":id", id)),
      status,
      status === 404 ? "not_found" : "request_invalid",
    ]),
  ),
  ...[
    "limit=0",
    "limit=201",
    "limit=x",
    "limit=1.5",
    "cursor=%F0%9F%A6%86",
    "cursor=bm9wZQ",
  ].flatMap((query) =>
    ["/api/courses", "/api/documents"].map((path): (typeof REFUSED)[number] => [
      `GET ${path}?${query}`,
      () => get(`${path}?${query}`),
      422,
      "request_invalid",
    ]),
  ),
  [
    "a document status that is none",
    () => get("/api/documents?status=lost"),
    422,
    "request_invalid",
  ],
  ["sessions of no course", () => get("/api/chat/sessions"), 422, "request_invalid"],
  [
    "sessions of an unknown course",
    () => get(`/api/chat/sessions?course_id=${UNKNOWN}`),
    404,
    "not_found",
  ],
  [
    "a search in an unknown course",
    () => postJson("/api/retrieval/query", { course_id: UNKNOWN, query: "x" }),
    404,
    "not_found",
  ],
  [
    "a search for nothing",
    () => postJson("/api/retrieval/query", { course_id, query: " " }),
    422,
    "request_invalid",
  ],
  [
    "a search for too much",
    () => postJson("/api/retrieval/query", { course_id, query: "x", top_k: 51 }),
    422,
    "request_invalid",
  ],
  [
    "a search in no source",
    () => postJson("/api/retrieval/query", { course_id, query: "x", sources: [] }),
    422,
    "request_invalid",
  ],
  [
    "a question about an unknown course",
    () => postJson("/api/chat", { course_id: UNKNOWN, message: question }),
    404,
    "not_found",
  ],
  [
    "a question about no course",
    () => postJson("/api/chat", { message: question }),
    422,
    "request_invalid",
  ],
  [
    "a streamed question about an unknown course",
    () => postJson("/api/chat/stream", { course_id: UNKNOWN, message: question }),
    404,
    "not_found",
  ],
  [
    "an upload that is JSON",
    () => postJson("/api/documents/upload", { course_id }),
    415,
    "content_type_invalid",
  ],
  [
    "an upload without its boundary",
    () => send("POST", "/api/documents/upload", "--x", "multipart/form-data"),
    400,
    "body_malformed",
  ],
  [
    "an upload that breaks off",
    () =>
      send(
        "POST",
        "/api/documents/upload",
        '--x\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-',
        "multipart/form-data; boundary=x",
      ),
    400,
    "body_malformed",
  ],
  ["an upload without a file", () => upload({ course_id }), 422, "request_invalid"],
  ["an upload of two files", twoFiles, 422, "request_invalid"],
  ["an upload into no course", () => upload({}, PDF), 422, "request_invalid"],
  ["an upload into an unknown course", () => upload({ course_id: UNKNOWN }, PDF), 404, "not_found"],
  [
    "an upload with a NUL in its title",
    () => upload({ course_id, title: "a\0b" }, PDF),
    422,
    "request_invalid",
  ],
  [
    "an upload of something else",
    () => upload({ course_id }, { name: "a.pdf", bytes: garbage() }),
    422,
    "pdf_invalid",
  ],
  [
    "an empty upload",
    () => upload({ course_id }, { name: "a.pdf", bytes: new Uint8Array() }),
    422,
    "pdf_invalid",
  ],
  [
    "an upload that is too large",
    () => upload({ course_id }, { name: "a.pdf", bytes: new Uint8Array(1_100_000) }),
    413,
    "body_too_large",
  ],
  [
    "an upload that is far too large",
    () => upload({ course_id }, { name: "a.pdf", bytes: new Uint8Array(9_000_000) }),
    413,
    "body_too_large",
  ],
  [
    "a key without end",
    () => postJson("/api/courses", { name: "x" }, { "idempotency-key": "k".repeat(201) }),
    422,
    "request_invalid",
  ],
  ["nowhere", () => get("/api/nowhere"), 404, "not_found"],
];

describe("bad input", () => {
  test(`is refused with its reason and leaves nothing: ${REFUSED.length} requests`, async () => {
    const before = await traces();
    const wrong: unknown[] = [];
    for (const [what, request, status, code] of REFUSED) {
      const response = await server.send(request());
      const text = await response.text();
      const problem = /^\{/.test(text) ? JSON.parse(text) : {};
      const asWanted =
        response.status === status &&
        response.headers.get("content-type") === "application/problem+json" &&
        response.headers.get("x-request-id") === problem.request_id &&
        String(problem.code).endsWith(code);
      if (!asWanted)
        wrong.push({
          what,
          wanted: [status, code],
          got: response.status,
          text: text.slice(0, 300),
        });
    }

    expect(wrong).toEqual([]);
    expect(await traces()).toEqual(before);
  });

  test.each([
    ["PUT", "/api/courses", "GET, HEAD, POST"],
    ["POST", `/api/courses/${UNKNOWN}`, "DELETE, GET, HEAD, PATCH"],
    ["GET", "/api/retrieval/query", "POST"],
    ["GET", "/api/chat/stream", "POST"],
    ["PATCH", "/api/health", "GET, HEAD"],
    ["POST", "/metrics", "GET, HEAD"],
    ["POST", "/ag-ui", "GET, HEAD"],
    ["GET", "/api/documents/upload", "POST"],
    ["PUT", "/api/documents/upload", "POST"],
    ["DELETE", "/api/lectures/download", "POST"],
  ])("%s %s is a method of another address: 405 with %s", async (method, path, allowed) => {
    const response = await server.send(send(method, path));

    expect(response.status).toBe(405);
    expect(await response.json()).toMatchObject({ code: "method_not_allowed" });
    const methods = (response.headers.get("allow") ?? "").split(", ");
    expect(methods.sort().join(", ")).toBe(allowed);
  });

  test("a client that goes away in the middle of its upload leaves nothing", async () => {
    const before = await traces();
    const { hostname, port } = new URL(server.url);
    const socket = connectTcp(Number(port), hostname);
    const head = `POST /api/documents/upload HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: 900000\r\ncontent-type: multipart/form-data; boundary=x\r\n\r\n`;
    const part = `--x\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n`;
    socket.write(head + part + "x".repeat(200_000));
    const staged = async () => (await traces()).staged;
    await eventually(staged, (names) => names.length > 0);
    socket.destroy();

    await eventually(staged, (names) => names.length === 0);
    expect(await traces()).toEqual(before);
  });
});

describe("the same bytes", () => {
  test("sent eight times at once are one document", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => server.send(upload({ course_id }, PDF))),
    );
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    const { document_id } = bodies[0];
    await settled(server, document_id);

    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(7).fill(200), 202]);
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    const left = await traces();
    expect(left).toMatchObject({ jobs: 1, staged: [] });
    expect(left.documents.sort()).toEqual([".tmp", `${document_id}.pdf`]);
    await server.send(send("DELETE", `/api/documents/${document_id}`));
  });
});

describe("thirty documents that come and go", () => {
  test("leave no file, no row and no process, and are counted in the metrics", async () => {
    const before = await traces();
    const ids = await Promise.all(
      Array.from({ length: 30 }, async (_, n) => {
        const bytes = await deckPdf([{ title: `Deck ${n}`, body: ["Some words."] }]);
        const { document_id } = await server.json(
          upload({ course_id }, { name: "deck.pdf", bytes }),
        );
        return document_id as string;
      }),
    );
    // The others go while they wait or are worked on.
    for (const id of ids.slice(0, 4)) await settled(server, id);
    const gone = ids.map((id) => server.send(send("DELETE", `/api/documents/${id}`)));
    expect(new Set((await Promise.all(gone)).map(({ status }) => status))).toEqual(new Set([204]));

    // The local model's process stays for a while; those that read PDFs do not.
    await eventually(
      () => childrenOf(server.pid, "pdf-child"),
      (children) => children.length === 0,
      20_000,
    );
    const left = await eventually(
      traces,
      ({ staged, scratch }) => staged.length + scratch.length === 0,
      20_000,
    );
    expect(left).toEqual(before);
    const metrics = await (await server.send("/metrics")).text();
    const attempts = /lectern_job_attempts_total\{kind="document",outcome="done"\} (\d+)/.exec(
      metrics,
    );
    expect(Number(attempts?.[1])).toBeGreaterThanOrEqual(4);
    expect(metrics).toMatch(/lectern_step_seconds_count\{kind="document",step="describing"\} \d+/);
    expect(metrics).toMatch(/lectern_step_seconds_count\{kind="document",step="embedding"\} \d+/);
    await eventually(
      async () => (await server.send("/api/health")).json(),
      ({ status }) => status === "ok",
    );
  });
});
