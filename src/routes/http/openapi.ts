import { dirname, join } from "node:path";
import { openapi } from "@elysiajs/openapi";
import { Elysia } from "elysia";
import { z } from "zod";
import { version } from "../../../package.json";
import { type OpenApiDocument, tidy } from "./openapi-document";

const UI = dirname(Bun.resolveSync("swagger-ui-dist/package.json", import.meta.dir));
const UI_FILES = ["swagger-ui-bundle.js", "swagger-ui.css"] as const;

const DESCRIPTION = `Turns a course into knowledge an agent can quote.

Errors are RFC 9457 \`application/problem+json\` with a \`code\`; docs/errors.md explains each code.
Send an API key as \`Authorization: Bearer\` or \`X-API-Key\`; a server with \`AUTH=off\` needs none.
Lists return \`items\` and \`next_cursor\`. Positions in a recording are milliseconds; pages are numbered from 1.`;

const TAGS = [
  { name: "Courses", description: "Courses, their materials and what they cost" },
  { name: "Lectures", description: "Recordings: ingestion, progress, transcripts" },
  { name: "Documents", description: "Slide decks: ingestion, versions, pages, page images" },
  { name: "Events", description: "What happened to lectures and documents" },
  { name: "Retrieval", description: "Search without an answer" },
  { name: "Chat", description: "Questions, answers with citations, stored conversations" },
  { name: "Agents", description: "The same knowledge for clients of OpenAI's API and of MCP" },
  { name: "Keys", description: "API keys, share links, signed addresses, people" },
  { name: "Operation", description: "Health, metrics, jobs, audit" },
  { name: "AG-UI", description: "Settings of the chat page" },
];

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
        documentation: {
          info: {
            title: "Lectern",
            version,
            description: DESCRIPTION,
            license: { name: "MIT", identifier: "MIT" },
          },
          servers: [{ url: "/", description: "The server that serves this document" }],
          tags: TAGS,
        },
      }),
    );
