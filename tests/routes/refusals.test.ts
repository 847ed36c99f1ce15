import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Sql } from "../../src/db/client";
import { garbage } from "../support/broken-pdfs";
import { get, postFile, postJson } from "../support/http";
import { deckPdf } from "../support/pdfs";
import { openServerHost, type Server } from "../support/server";
import { tracesOf } from "../support/traces";

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

const UNKNOWN = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const PDF = { name: "a.pdf", bytes: await deckPdf([{ title: "Edge", body: ["of the slide"] }]) };
const send = (method: string, path: string, body?: BodyInit, type = "application/json") =>
  new Request(`http://localhost${path}`, {
    method,
    ...(body !== undefined && { body, headers: { "content-type": type } }),
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
    const before = await tracesOf(server, db);
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
    expect(await tracesOf(server, db)).toEqual(before);
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
});
