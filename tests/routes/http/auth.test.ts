import { afterAll, describe, expect, test } from "bun:test";
import { revokeKey } from "../../../src/db/access/keys";
import { BOOTSTRAP, OPERATOR, openGuardedApp } from "../../support/access";
import { createCourse, createDocument } from "../../support/factories";

const guarded = await openGuardedApp();
const { db, call, postJson, createKey } = guarded;
afterAll(() => guarded[Symbol.asyncDispose]());

const idOf = (key: string) => key.split("_")[1]!;

describe("the guard", () => {
  test("asks a caller without a key for one", async () => {
    const response = await call("GET", "/api/courses");

    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="lectern"');
    expect(await response.json()).toMatchObject({ code: "unauthenticated" });
  });

  test("takes a key as a bearer token or as X-API-Key, but not from the address", async () => {
    const key = await createKey();
    const headers = { "x-api-key": key };

    expect((await call("GET", "/api/courses", key)).status).toBe(200);
    expect((await call("GET", "/api/courses", undefined, { headers })).status).toBe(200);
    expect((await call("GET", "/api/courses/", key)).status).toBe(200);
    expect((await call("GET", `/api/courses?api_key=${key}`)).status).toBe(401);
    expect((await call("GET", "/api/courses", BOOTSTRAP)).status).toBe(200);
  });

  test("refuses a mistyped, unknown, expired or revoked key", async () => {
    const key = await createKey();
    const expired = await createKey({ expires_at: "2020-01-01T00:00:00Z" });
    const revoked = await createKey();
    await revokeKey(db, idOf(revoked), OPERATOR);
    await guarded.services.keys.reload();
    const mistyped = key.slice(0, -1) + (key.endsWith("a") ? "b" : "a");

    for (const bad of [mistyped, expired, revoked, "nonsense", `${BOOTSTRAP}x`]) {
      const response = await call("GET", "/api/courses", bad);
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain('error="invalid_token"');
    }
    const basic = await call("GET", "/api/courses", undefined, {
      headers: { authorization: "Basic YTpi" },
    });
    expect(basic.status).toBe(401);
  });

  test("refuses a missing scope before it reads the body", async () => {
    const key = await createKey({ scopes: ["read"] });
    const response = await call("POST", "/api/courses", key, {
      body: "{ this is no JSON",
      headers: { "content-type": "application/json" },
    });

    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toContain('scope="ingest"');
    expect(await response.json()).toMatchObject({
      code: "forbidden",
      details: { scope: "ingest" },
    });
  });

  test("answers 404 and 405 as before", async () => {
    expect((await call("GET", "/api/nothing")).status).toBe(404);
    expect((await call("PUT", "/api/courses")).status).toBe(405);
  });

  test("lets everyone see the page and the health, but without details", async () => {
    const anonymous = await call("GET", "/api/health");
    const known = await call("GET", "/api/health", BOOTSTRAP);

    expect(Object.keys(await anonymous.json())).toEqual(["status"]);
    expect(await known.json()).toHaveProperty("checks.database", "ok");
    for (const path of [
      "/ag-ui/",
      "/swagger",
      "/swagger/json",
      "/api/agui/config",
      "/docs/errors",
    ]) {
      expect((await call("GET", path, "bad")).status, path).toBe(200);
    }
    expect((await call("GET", "/metrics")).status).toBe(401);
  });

  test("the settings of the page name the caller and its scopes", async () => {
    const callerOf = async (key?: string) =>
      (await (await call("GET", "/api/agui/config", key)).json()).caller;

    expect(await callerOf()).toEqual({ kind: "anonymous", scopes: [] });
    expect(await callerOf("bad")).toEqual({ kind: "anonymous", scopes: [] });
    expect(await callerOf(BOOTSTRAP)).toEqual({
      kind: "key",
      scopes: ["read", "ingest", "chat", "admin"],
    });
  });
});

describe("a key for some courses", () => {
  test("does not find another course, however the request names it", async () => {
    const own = await createCourse(db);
    const foreign = await createCourse(db);
    const key = await createKey({
      scopes: ["read", "ingest", "chat"],
      course_ids: [own],
    });
    const listed = await (await call("GET", "/api/courses", key)).json();

    expect(listed.items.map(({ id }: { id: string }) => id)).toEqual([own]);
    expect((await call("GET", `/api/courses/${own}`, key)).status).toBe(200);
    const encoded = `%${foreign.charCodeAt(0).toString(16)}${foreign.slice(1)}`;
    for (const id of [foreign, foreign.toUpperCase(), encoded]) {
      expect((await call("GET", `/api/courses/${id}`, key)).status, id).toBe(404);
      expect((await call("GET", `/api/lectures?course_id=${id}`, key)).status, id).toBe(404);
    }
    const twice = `/api/documents?course_id=${own}&course_id=${foreign}`;
    expect((await call("GET", twice, key)).status).toBe(404);
    const asked = { course_id: foreign.toUpperCase(), query: "entropy" };
    expect((await postJson("/api/retrieval/query", asked, key)).status).toBe(404);
    expect((await postJson("/api/courses", { name: "New" }, key)).status).toBe(403);
  });

  test("gets no stored response of another key", async () => {
    const course_id = await createCourse(db);
    const body = {
      course_id,
      panopto_url:
        "https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=8f14e45f-ceea-467f-a9d6-12f1b6a7c111",
    };
    const repeated = { "idempotency-key": "same" };
    const first = await postJson("/api/lectures/download", body, BOOTSTRAP, repeated);
    const other = await createKey({ scopes: ["ingest"], course_ids: [await createCourse(db)] });
    const second = await postJson("/api/lectures/download", body, other, repeated);

    expect(first.status).toBe(202);
    expect(second.status).toBe(404);
  });
});

describe("an agent with a key for some courses", () => {
  const callTool = async (key: string, name: string, input: object) => {
    const message = {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name, arguments: input },
    };
    const accept = { accept: "application/json, text/event-stream" };
    const response = await postJson("/mcp", message, key, accept);
    return { status: response.status, text: await response.text() };
  };

  test("lists only them over MCP, and finds nothing in others", async () => {
    const own = await createCourse(db);
    const foreign = await createCourse(db);
    const key = await createKey({ course_ids: [own] });
    const listed = await callTool(key, "list_courses", {});
    const allowed = await callTool(key, "list_assets", { course_id: own });
    const refused = await callTool(key, "list_assets", { course_id: foreign.toUpperCase() });

    expect(listed.text).toContain(own);
    expect(listed.text).not.toContain(foreign);
    expect(allowed.text).not.toContain('"isError":true');
    expect(refused.text).toContain('"isError":true');
  });
});

test("the feed of events has only those of the key's courses", async () => {
  const [own, foreign] = [await createCourse(db), await createCourse(db)];
  const key = await createKey({ course_ids: [own] });
  const [mine, theirs] = [await createDocument(db, own), await createDocument(db, foreign)];
  const stop = new AbortController();
  const response = await call("GET", `/api/events?after=0&asset_id=${mine.document_id}`, key, {
    signal: stop.signal,
  });
  const others = await call("GET", `/api/events?after=0&asset_id=${theirs.document_id}`, key, {
    signal: stop.signal,
  });
  const read = async ({ body }: Response) => {
    let text = "";
    const reader = body!.getReader();
    const end = Bun.sleep(1_500).then(() => ({ done: true, value: undefined }));
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), end]);
      if (done || !value) break;
      text += new TextDecoder().decode(value);
    }
    await reader.cancel();
    return text;
  };
  const [seen, hidden] = await Promise.all([read(response), read(others)]);

  expect(seen).toContain(mine.document_id);
  expect(hidden).not.toContain("data:");
});

test("HEAD needs the same scope as GET", async () => {
  expect((await call("HEAD", "/api/courses")).status).toBe(401);
  expect((await call("HEAD", "/api/courses", await createKey())).status).toBe(200);
  expect((await call("HEAD", "/metrics", await createKey())).status).toBe(403);
});

test("an address that is written in another way is not a way around the guard", async () => {
  const paths = [
    "//api/courses",
    "/api//courses",
    "/api/%63ourses",
    "/api/./courses",
    "/API/courses",
    "/api/courses//",
  ];
  for (const path of paths) {
    expect([401, 403, 404], path).toContain((await call("GET", path)).status);
  }
});
