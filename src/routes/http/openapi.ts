import { dirname, join } from "node:path";
import { openapi } from "@elysiajs/openapi";
import { Elysia } from "elysia";
import { z } from "zod";
import { version } from "../../../package.json";
import { REQUIREMENTS, UNLISTED } from "./auth-requirements";
import { EXAMPLES } from "./examples";

const UI = dirname(Bun.resolveSync("swagger-ui-dist/package.json", import.meta.dir));
const UI_FILES = ["swagger-ui-bundle.js", "swagger-ui.css"] as const;

const DESCRIPTION = `Turns a course into knowledge an agent can quote.

Errors are RFC 9457 \`application/problem+json\` with a \`code\`; docs/errors.md explains each code.
Lists return \`items\` and \`next_cursor\`. Positions in a recording are milliseconds; pages are numbered from 1.`;

/** Swagger UI at /swagger from local files, and its OpenAPI document at /swagger/json. */
export const apiDocs = () =>
  new Elysia({ name: "api-docs" })
    .mapResponse({ as: "global" }, ({ path, responseValue }) =>
      path === "/swagger/json" && !(responseValue instanceof Response)
        ? Response.json(tidy(structuredClone(responseValue) as OpenApiDocument))
        : undefined,
    )
    .get(
      "/swagger/assets/:file",
      ({ params }) =>
        new Response(Bun.file(join(UI, params.file)), {
          headers: {
            "cache-control": "public, max-age=86400",
            "x-content-type-options": "nosniff",
          },
        }),
      { params: z.object({ file: z.enum(UI_FILES) }), detail: { hide: true } },
    )
    .use(
      openapi({
        path: "/swagger",
        specPath: "/swagger/json",
        provider: "swagger-ui",
        swagger: {
          cdn: "/swagger/assets/swagger-ui-bundle.js",
          theme: "/swagger/assets/swagger-ui.css",
        },
        exclude: { paths: [/^\/ag-ui/, "/favicon.ico"] },
        documentation: { info: { title: "Lectern", version, description: DESCRIPTION } },
      }),
    );

type JsonNode = { [key: string]: unknown };
type OpenApiDocument = {
  paths: Record<string, Record<string, JsonNode>>;
  components?: { schemas?: JsonNode; securitySchemes?: object };
};

const PROBLEM = {
  type: "object",
  required: ["type", "title", "status", "code", "request_id"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string" },
    request_id: { type: "string" },
    detail: { type: "string" },
    details: { type: "object" },
  },
};

/**
 * Repairs the generated document. The generator puts named schemas as `$defs` into each operation,
 * where a `$ref` cannot reach them; lists body types that no route accepts; and leaves out errors and
 * example bodies.
 */
export function tidy(document: OpenApiDocument): OpenApiDocument {
  const schemas: JsonNode = { Problem: PROBLEM };
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      operation.security = toSecurity(method, path);
      keepJsonOnly(operation.requestBody as RequestBody | undefined);
      addExample(operation.requestBody as RequestBody | undefined, EXAMPLES[`${method} ${path}`]);
      const responses = (operation.responses ??= {}) as JsonNode;
      responses.default ??= {
        description: "An error; docs/errors.md explains its code",
        content: {
          "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
        },
      };
      hoist(operation, schemas, "responses");
      hoist(operation, schemas, "requestBody", "Input");
      hoist(operation, schemas, "parameters", "Input");
    }
  }
  document.components = { ...document.components, schemas, securitySchemes: SECURITY_SCHEMES };
  return document;
}

/** How Swagger's Authorize button sends a key or a token. */
const SECURITY_SCHEMES = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "An API key (lk_…), or a token of the institution's login",
  },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "An API key" },
};

/** The scope of an operation, as OpenAPI 3.1 lists roles. A server that needs no key ignores it. */
function toSecurity(method: string, path: string): object[] {
  const route = `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`;
  const { scope } = REQUIREMENTS[route.replace(/(.)\/$/, "$1")] ?? UNLISTED;
  return scope === null ? [] : [{ bearer: [scope] }, { apiKey: [scope] }];
}

type RequestBody = { content?: Record<string, JsonNode> };

/** The generator lists both kinds of forms beside JSON for every body; no route accepts all three. */
function keepJsonOnly(body: RequestBody | undefined): void {
  const { "application/json": json, "application/x-www-form-urlencoded": form } =
    body?.content ?? {};
  if (json && form) body!.content = { "application/json": json };
}

function addExample(body: RequestBody | undefined, example: unknown): void {
  const content = body?.content?.["application/json"] ?? body?.content?.["multipart/form-data"];
  if (content && example !== undefined) content.example ??= example;
}

/** Moves the `$defs` of one part of an operation to the components; a different schema of the same name gets a suffix. */
function hoist(operation: JsonNode, schemas: JsonNode, part: string, suffix = "Output"): void {
  const names = new Map<string, string>();
  walk(operation[part], (node) => {
    const definitions = node.$defs as JsonNode | undefined;
    delete node.$defs;
    delete node.$schema;
    for (const [name, schema] of Object.entries(definitions ?? {})) {
      const known = schemas[name];
      const text = JSON.stringify(schema).replaceAll("#/$defs/", "#/components/schemas/");
      const same = known === undefined || JSON.stringify(known) === text;
      names.set(name, same ? name : `${name}${suffix}`);
      schemas[names.get(name)!] = JSON.parse(text);
    }
  });
  walk(operation[part], (node) => {
    const name = typeof node.$ref === "string" && /^#\/\$defs\/(.+)$/.exec(node.$ref)?.[1];
    if (name) node.$ref = `#/components/schemas/${names.get(name) ?? name}`;
    delete node["~standard"];
  });
}

function walk(value: unknown, visit: (node: JsonNode) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) visit(value as JsonNode);
  for (const inner of Object.values(value)) walk(inner, visit);
}
