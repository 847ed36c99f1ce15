import { ERRORS } from "../../errors";
import { protocolSchemas } from "../chat/protocol-schemas";
import { REQUIREMENTS, UNLISTED } from "./auth-requirements";
import { EXAMPLES } from "./examples";
import { OPERATIONS } from "./operations";

type JsonNode = { [key: string]: unknown };
type MediaTypes = Record<string, JsonNode>;
type RequestBody = { required?: boolean; content?: MediaTypes };
type ResponseNode = { $ref?: string; description?: string; content?: MediaTypes };
export type OpenApiDocument = {
  paths: Record<string, Record<string, JsonNode>>;
  components?: { schemas?: JsonNode; responses?: JsonNode; securitySchemes?: object };
};

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** Schemas of errors. `code` is closed: docs/errors.md lists the same codes. */
const ERROR_SCHEMAS = {
  ErrorCode: {
    type: "string",
    enum: Object.keys(ERRORS),
    description: "docs/errors.md explains each code",
  },
  Problem: {
    type: "object",
    description: "Problem details of RFC 9457",
    required: ["type", "title", "status", "code", "request_id"],
    properties: {
      type: { type: "string", description: "Address of the explanation" },
      title: { type: "string" },
      status: { type: "integer" },
      code: ref("ErrorCode"),
      request_id: { type: "string", description: "The id of the request in the server's log" },
      detail: { type: "string" },
      details: {
        type: "object",
        description: "Facts about this error; responses with 5xx have none",
        properties: { fields: { type: "array", items: ref("FieldProblem") } },
        additionalProperties: true,
      },
    },
    examples: [
      {
        type: "/docs/errors#request_invalid",
        title: ERRORS.request_invalid.title,
        status: 422,
        code: "request_invalid",
        request_id: "1f0c5a52-6a7e-4f0b-9a51-0d2f1f1d8a11",
        details: { fields: [{ path: "course_id", message: "required" }] },
      },
    ],
  },
  FieldProblem: {
    type: "object",
    required: ["path", "message"],
    properties: {
      path: { type: "string", description: "The field, such as `segments.3.end_ms`" },
      message: { type: "string" },
    },
  },
};

/**
 * Repairs the generated document. The generator puts named schemas as `$defs` into each operation,
 * where a `$ref` cannot reach them; lists body types that no route accepts; names operations after
 * their paths; and leaves out errors, empty responses and example bodies.
 */
export function tidy(document: OpenApiDocument): OpenApiDocument {
  const schemas: JsonNode = { ...ERROR_SCHEMAS, ...protocolSchemas() };
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const route = `${method} ${path}`;
      operation.operationId = OPERATIONS[route] ?? operation.operationId;
      operation.security = toSecurity(method, path);
      tidyBody(operation.requestBody as RequestBody | undefined, route);
      operation.responses = toResponses(operation.responses as Responses, path);
      hoist(operation, schemas, "responses");
      hoist(operation, schemas, "requestBody", "Input");
      hoist(operation, schemas, "parameters", "Input");
    }
  }
  document.components = {
    ...document.components,
    schemas,
    responses: ERROR_RESPONSES,
    securitySchemes: SECURITY_SCHEMES,
  };
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

/** The generator calls every body required. */
const OPTIONAL_BODIES = new Set(["post /api/documents/{id}/describe"]);

/** The generator lists both kinds of forms beside JSON for every body; no route accepts all three. */
function tidyBody(body: RequestBody | undefined, route: string): void {
  if (!body) return;
  body.required = !OPTIONAL_BODIES.has(route);
  const { "application/json": json, "application/x-www-form-urlencoded": form } =
    body.content ?? {};
  if (json && form) body.content = { "application/json": json };
  const content = body.content?.["application/json"] ?? body.content?.["multipart/form-data"];
  if (content && EXAMPLES[route] !== undefined) content.example ??= EXAMPLES[route];
}

type Responses = Record<string, ResponseNode> | undefined;

/** The successes of an operation, then its errors. An operation without a documented success is a 204. */
function toResponses(documented: Responses, path: string): Record<string, ResponseNode> {
  const successes = Object.entries(documented ?? {});
  for (const [status, response] of successes) {
    if (/^Response for status/.test(response.description ?? "")) {
      response.description = toDescription(status, successes.length > 1);
    }
    for (const [type, media] of Object.entries(response.content ?? {})) {
      media.schema ??= /^text\//.test(type)
        ? { type: "string" }
        : { type: "string", format: "binary" };
    }
  }
  const error = { $ref: `#/components/responses/${errorsAt(path)}` };
  return {
    ...(successes.length === 0 && { 204: { description: "Done; the response has no body" } }),
    ...documented,
    "4XX": error,
    "5XX": error,
  };
}

function toDescription(status: string, isOneOfSeveral: boolean): string {
  if (status === "201") return "Created";
  if (status === "202") return "Accepted: a job does the work";
  if (status === "503") return "Not ready";
  return isOneOfSeveral && status === "200"
    ? "Nothing was queued: it is known already, or a dry run"
    : "Success";
}

/** The name of an operation's errors in `ERROR_RESPONSES`. */
function errorsAt(path: string): keyof typeof ERROR_RESPONSES {
  if (path === "/mcp") return "McpError";
  return path.startsWith("/v1/") ? "OpenAiError" : "Problem";
}

const problem = { "application/problem+json": { schema: ref("Problem") } };
const headers = {
  "x-request-id": { schema: { type: "string" } },
  "retry-after": { description: "Seconds, with 429 and 503", schema: { type: "integer" } },
};
const ERROR_RESPONSES = {
  Problem: { description: "An error; docs/errors.md explains its code", headers, content: problem },
  OpenAiError: {
    description: "An error in the form of OpenAI's API; docs/errors.md explains its code",
    headers,
    content: { "application/json": { schema: ref("OpenAiError") } },
  },
  McpError: {
    description: "An error of the protocol as JSON-RPC, or a refusal of this server as a problem",
    headers,
    content: { "application/json": { schema: ref("JsonRpcResponse") }, ...problem },
  },
};

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
