import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { createApp } from "../../../src/app";
import { loadConfig } from "../../../src/config";
import { ERRORS } from "../../../src/errors";
import { OPERATIONS } from "../../../src/routes/http/operations";
import { openServices } from "../../../src/services";
import { databaseUrl } from "../../support/database";
import { get } from "../../support/http";

const database = await databaseUrl();
const DATA_ROOT = await mkdtemp(join(tmpdir(), "lectern-openapi-"));
const config = loadConfig({
  DATABASE_URL: database.url,
  DATA_ROOT,
  LOG_LEVEL: "silent",
  AUTH: "off",
});
const services = await openServices(
  { ...config, DATABASE_URL: database.url },
  { connections: 1, localEmbedderUrl: "http://127.0.0.1:1", name: "openapi" },
);
const app = createApp(services);
await app.modules;
afterAll(async () => {
  await services.close();
  await database.close();
  await rm(DATA_ROOT, { recursive: true });
});

type Operation = {
  operationId?: string;
  summary?: string;
  requestBody?: { content: Record<string, { example?: unknown }> };
  responses: Record<string, unknown>;
};
type Body = { content?: Record<string, { schema?: object }> };
type OpenApi = {
  components: { schemas: Record<string, object> };
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
};

const document: OpenApi = await (await app.handle(get("/swagger/json"))).json();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);

describe("the OpenAPI document", () => {
  test("has nothing that a `$ref` cannot reach", () => {
    const text = JSON.stringify(document);
    const refs = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!);
    const lost = refs.filter((ref) => resolve(ref) === undefined);

    expect(refs).not.toBeEmpty();
    expect(lost).toEqual([]);
    expect(text).not.toContain('"$defs"');
    expect(text).not.toContain("~standard");
  });

  test("describes every route of the API, and none that is not there", () => {
    const served = app.routes
      .filter(
        ({ path, method }) => /^\/(api\/|v1\/|mcp$|metrics$)/.test(path) && method !== "OPTIONS",
      )
      .map(({ method, path }) => `${method.toLowerCase()} ${templated(path)}`);
    const described = operations.map(({ method, path }) => `${method} ${templated(path)}`);

    expect([...new Set(served)].filter((route) => !described.includes(route))).toEqual([]);
    expect(described.filter((route) => !served.includes(route))).toEqual([]);
  });

  test("sums each operation up, and lists a success and the errors of each", () => {
    const incomplete = operations.filter(
      ({ summary, responses }) =>
        !summary ||
        !responses["4XX"] ||
        !responses["5XX"] ||
        !Object.keys(responses).some((status) => /^2\d\d$/.test(status)),
    );

    expect(incomplete.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  test("names each operation in src/routes/http/operations.ts, and no other", () => {
    const ids = operations.map(({ method, path, operationId }) => [
      `${method} ${path}`,
      operationId,
    ]);

    expect(Object.fromEntries(ids)).toEqual(OPERATIONS);
    expect(new Set(Object.values(OPERATIONS)).size).toBe(ids.length);
  });

  test("passes the recommended rules of Redocly without an error or a warning", async () => {
    const config = await createConfig({ extends: ["recommended"] });
    const source = JSON.stringify(document);
    const found = await lintFromString({ source, absoluteRef: "/openapi.json", config });

    expect(found.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  });

  test("the lint finds an operation without a success", async () => {
    const config = await createConfig({ extends: ["recommended"] });
    const broken = structuredClone(document);
    delete broken.paths["/api/courses"]!.get!.responses["200"];
    const source = JSON.stringify(broken);
    const found = await lintFromString({ source, absoluteRef: "/openapi.json", config });

    expect(found.map(({ ruleId }) => ruleId)).toContain("operation-2xx-response");
  });

  test("gives each error its closed list of codes, and each body its schema", () => {
    const { ErrorCode } = document.components.schemas as { ErrorCode: { enum: string[] } };
    const untyped = operations.flatMap(({ method, path, responses, requestBody }) =>
      [requestBody, ...Object.values(responses)].flatMap((body) =>
        Object.entries((body as Body | undefined)?.content ?? {})
          .filter(([, { schema }]) => !schema || Object.keys(schema).length === 0)
          .map(([type]) => `${method} ${path} ${type}`),
      ),
    );

    expect(ErrorCode.enum).toEqual(Object.keys(ERRORS));
    expect(untyped).toEqual([]);
  });

  test("shows a body that works for each address that takes JSON", async () => {
    const refused: unknown[] = [];
    for (const { method, path, requestBody } of operations) {
      const json = requestBody?.content["application/json"];
      if (!json) continue;
      const address = path.replace("{key_id}", "Ab12Cd34").replace(/\{\w+\}/g, crypto.randomUUID());
      const response = await app.handle(
        new Request(`http://localhost${address}`, {
          method: method.toUpperCase(),
          headers: {
            "content-type": "application/json",
            accept: "application/json, text/event-stream",
          },
          body: JSON.stringify(json.example),
        }),
      );
      // Its ids name nothing here.
      if (!response.ok && response.status !== 404) refused.push([path, await response.text()]);
    }

    expect(refused).toEqual([]);
  });

  test("takes one kind of body at each address: JSON, a form with a file, or a transcript", () => {
    const types = new Map<string, string[]>();
    for (const { method, path, requestBody } of operations) {
      if (requestBody) types.set(`${method} ${path}`, Object.keys(requestBody.content));
    }

    expect(types.get("post /api/courses")).toEqual(["application/json"]);
    expect(types.get("post /api/documents/upload")).toEqual(["multipart/form-data"]);
    const forms = [...types].filter(([, kinds]) =>
      kinds.some((kind) => /urlencoded|octet-stream|^\*/.test(kind)),
    );
    expect(forms).toEqual([]);
    expect([...types].filter(([, kinds]) => kinds.length === 0)).toEqual([]);
  });
});

function resolve(ref: string): unknown {
  if (!ref.startsWith("#/")) return undefined;
  const parts = ref
    .slice(2)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  return parts.reduce<unknown>((node, part) => (node as Record<string, unknown>)?.[part], document);
}

/** `/api/courses/:id` and `/api/courses/{id}` are the same, with a slash at the end or without. */
const templated = (path: string) => path.replace(/:(\w+)/g, "{$1}").replace(/(.)\/$/, "$1");
