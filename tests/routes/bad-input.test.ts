// One engine: the subject is what the routes refuse.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Sql } from "../../src/db/client";
import { openServerHost, type Server } from "../support/server";
import { tracesOf } from "../support/traces";

/**
 * A corpus of bad input, generated from docs/openapi.json: every operation gets wrong values in each
 * parameter, header and field. No response is a 5xx, none is late, and nothing is left behind.
 */
setDefaultTimeout(300_000);

type Schema = Record<string, unknown> & { $ref?: string; properties?: Record<string, Schema> };
type Operation = {
  parameters?: { name: string; in: "path" | "query" | "header" }[];
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> };
};
type Case = { what: string; request: () => [string, RequestInit] };

const { paths, components } = (await Bun.file("docs/openapi.json").json()) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

const UNKNOWN = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
/** In a path or a query, already encoded. */
const URL_VALUES = [
  ...["", "x", "-1", "0", "1.5", "1e99", "99999999999999999999", "NaN", "true", "null", "[]", "{}"],
  ...["%00", "%", "%zz", "%FF", "%ED%A0%80", "%F0%9F%A6%86", "%0d%0aset-cookie:a=b", "a%2fb"],
  ...["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z"],
  ...["'", "%27%3B%20drop%20table%20courses%3B--", "%25%5F", "%3Cscript%3E", "%24%7B7*7%7D"],
  ...["..%2f..%2fetc%2fpasswd", "9".repeat(5_000), UNKNOWN, UNKNOWN.toUpperCase(), `{${UNKNOWN}}`],
];
const HEADER_VALUES = ["'", "-1", "1e99", "k".repeat(300), "é", "a, b", "\t", UNKNOWN];
/** As JSON text, because some of them are no JavaScript values. */
const JSON_VALUES = [
  ...[
    "null",
    "true",
    "0",
    "-1",
    "1.5",
    '"9999-12-31T23:59:59-23:59"',
    '"0000-01-01T00:00:00Z"',
    "1e308",
    "1e999",
    "-0",
    "99999999999999999999999",
    '""',
    '" "',
  ],
  ...[
    '"\\u0000"',
    '"\\ud83e"',
    '"\\udc00\\ud800"',
    '"\\u202e"',
    '"%s%n"',
    `"'; drop table courses; --"`,
  ],
  ...['"../../etc/passwd"', '"<script>alert(1)</script>"', '"{{7*7}}"', '"javascript:alert(1)"'],
  ...[
    '"http://169.254.169.254/"',
    '"file:///etc/passwd"',
    '"2026-13-45T99:99:99Z"',
    `"${UNKNOWN}"`,
  ],
  ...[
    "[]",
    "[null]",
    "[[]]",
    '["x","x"]',
    `["${UNKNOWN}"]`,
    "{}",
    '{"":""}',
    '{"__proto__":{"a":1}}',
  ],
  ...[
    '{"constructor":{"prototype":1}}',
    '{"length":-1}',
    '{"then":1}',
    '{"toString":1,"toJSON":1}',
  ],
  ...[`"${"x".repeat(200_000)}"`, `[${"1,".repeat(5_000)}1]`, `[${"{},".repeat(5_000)}{}]`],
  ...[`${"[".repeat(60)}${"]".repeat(60)}`, `${"[".repeat(9_999)}${"]".repeat(9_999)}`],
];
const WHOLE_BODIES = [
  ...JSON_VALUES,
  ...[
    "",
    " ",
    "{",
    '{"a":}',
    "{'a':1}",
    "nul",
    '"',
    "[1,]",
    "\u0000",
    "\ufeff{}",
    '{"a":1}{"b":2}',
  ],
  `{"a":[${"[],".repeat(400_000)}0]}`,
  `{${Array.from({ length: 60_000 }, (_, i) => `"k${i}":1`).join()}}`,
  `{"a":"${"x".repeat(2_000_000)}"}`,
];
const CONTENT_TYPES = [
  ...["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data"],
  ...[
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "application/jsonp",
    "/",
    "a",
  ],
];
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"];

const resolve = (schema: Schema): Schema =>
  schema.$ref ? resolve(components.schemas[schema.$ref.split("/").at(-1)!]!) : schema;

/** A path with an unknown id, and with one of its parameters replaced. */
const fill = (path: string, replaced = "", value = "") =>
  path.replace(/\{(\w+)\}/g, (_, name) =>
    name === replaced ? value : name === "page_number" ? "1" : UNKNOWN,
  );

function casesOf(path: string, method: string, operation: Operation): Case[] {
  const verb = method.toUpperCase();
  const name = `${verb} ${path}`;
  const cases: Case[] = [];
  const add = (what: string, url: string, init: RequestInit = {}) =>
    cases.push({
      what: `${name}: ${what.slice(0, 120)}`,
      request: () => [url, { method: verb, ...init }],
    });
  const content = operation.requestBody?.content ?? {};
  const json = content["application/json"];
  const example = JSON.stringify(json?.example ?? {});
  const valid: RequestInit = json
    ? {
        body: example.replaceAll(/[0-9a-f-]{36}/g, UNKNOWN),
        headers: { "content-type": "application/json" },
      }
    : {};

  for (const parameter of operation.parameters ?? []) {
    for (const value of parameter.in === "header" ? HEADER_VALUES : URL_VALUES) {
      const what = `${parameter.in} ${parameter.name}=${value}`;
      if (parameter.in === "path") add(what, fill(path, parameter.name, value), valid);
      if (parameter.in === "query") add(what, `${fill(path)}?${parameter.name}=${value}`, valid);
      if (parameter.in === "header") {
        const headers = { ...(valid.headers as object), [parameter.name]: value };
        add(what, fill(path), { ...valid, headers });
      }
    }
    if (parameter.in === "query") {
      add(
        `${parameter.name} twice`,
        `${fill(path)}?${parameter.name}=1&${parameter.name}=2`,
        valid,
      );
      add(
        `${parameter.name} as a list`,
        `${fill(path)}?${parameter.name}[]=1&${parameter.name}[a]=2`,
        valid,
      );
    }
  }
  if (Object.keys(content).length > 0) {
    for (const body of WHOLE_BODIES) {
      add(`body ${body}`, fill(path), { body, headers: { "content-type": "application/json" } });
    }
    for (const type of CONTENT_TYPES) {
      add(`type ${type}`, fill(path), { body: example, headers: { "content-type": type } });
    }
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    add("gzip", fill(path), { body: Bun.gzipSync("{}"), headers });
    for (const field of Object.keys(resolve(json?.schema ?? {}).properties ?? {})) {
      const fields = JSON.parse(example);
      delete fields[field];
      const others = JSON.stringify(fields).slice(1, -1);
      for (const value of JSON_VALUES) {
        const body = `{${others}${others && ","}${JSON.stringify(field)}:${value}}`;
        add(`${field} ${value}`, fill(path), {
          body,
          headers: { "content-type": "application/json" },
        });
      }
      const twice = `{"${field}":"a","${field}":"b"}`;
      add(`${field} twice`, fill(path), {
        body: twice,
        headers: { "content-type": "application/json" },
      });
    }
    const form = resolve(content["multipart/form-data"]?.schema ?? {}).properties ?? {};
    for (const field of Object.keys(form)) {
      for (const value of ["", "x", "\0", "'", "-1", "true", UNKNOWN, "x".repeat(20_000)]) {
        const body = new FormData();
        body.set("course_id", UNKNOWN);
        body.set("file", new File([value], "../../a\0b.pdf"));
        body.set(field, field === "file" ? new File([value], value.slice(0, 99)) : value);
        add(`form ${field}=${value}`, fill(path), { body });
      }
    }
    if (Object.keys(form).length > 0) {
      const body = new FormData();
      body.set("unknown", "x");
      add("form with an unknown field", fill(path), { body });
    }
  }
  for (const wrong of METHODS.filter((one) => !(one.toLowerCase() in paths[path]!))) {
    add(`as ${wrong}`, fill(path), { method: wrong });
  }
  return cases;
}

const CASES = Object.entries(paths).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, operation]) => casesOf(path, method, operation)),
);

const host = await openServerHost();
let server: Server;
let db: Sql;
beforeAll(async () => {
  // No request leaves this machine. With AUTH=off, a key that the corpus creates does not lock the others out.
  server = await host.start({ AUTH: "off", PANOPTO_ALLOWED_HOSTS: "sites.invalid" });
  db = connect(server.databaseUrl, { max: 1, idle_timeout: 1 });
});
afterAll(async () => {
  await db.end();
  await host[Symbol.asyncDispose]();
});

const LATE_MS = 5_000;
const AT_ONCE = 4;

test(`no operation fails, stalls or leaves anything behind: ${CASES.length} requests`, async () => {
  expect(CASES.length).toBeGreaterThan(2_000);
  const before = await tracesOf(server, db);
  const wrong: unknown[] = [];
  let created = 0;
  const queue = [...CASES];
  const run = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [path, init] = next.request();
      const started = performance.now();
      const response = await fetch(server.url + path, {
        ...init,
        signal: AbortSignal.timeout(30_000),
        redirect: "manual",
      }).catch((error: Error) => error);
      const took_ms = performance.now() - started;
      if (response instanceof Error) {
        wrong.push({ what: next.what, error: String(response) });
        continue;
      }
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      const text = isStream ? "" : await response.text();
      if (isStream) await response.body?.cancel();
      if (response.status === 201 && path.startsWith("/api/courses")) created++;
      // Only the answers to malformed requests of MCP and OpenAI have forms of their own.
      const isProblem =
        response.status < 400 ||
        init.method === "HEAD" ||
        /^\/(v1|mcp)/.test(path) ||
        response.headers.get("content-type") === "application/problem+json";
      if (response.status >= 500 || took_ms > LATE_MS || !isProblem) {
        wrong.push({ what: next.what, status: response.status, took_ms, text: text.slice(0, 300) });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));

  expect(wrong).toEqual([]);
  const keys = expect.any(Number); // responses that were kept for an Idempotency-Key
  const after: Record<string, unknown> = await tracesOf(server, db);
  expect(after).toEqual({ ...before, keys, courses: created });
  expect((await server.send("/api/health")).status).toBe(200);
  expect(server.log()).not.toContain('"level":"fatal"');
});
