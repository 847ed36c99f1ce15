import { openapi } from "@elysiajs/openapi";
import { Elysia } from "elysia";
import { version } from "../../../package.json";
import { type OpenApiDocument, tidy } from "./openapi-document";
import { swaggerUi } from "./swagger-ui";

const DESCRIPTION = `Turns a course into knowledge an agent can quote. Start here:

1. \`POST /api/courses\` makes a course. Keep its \`id\`.
2. \`POST /api/documents/upload\` or \`POST /api/lectures/download\` adds material. \`GET /api/courses/{id}/assets\` shows the progress.
3. \`POST /api/chat\` answers a question with citations.

Errors are RFC 9457 \`application/problem+json\` with a \`code\`; docs/errors.md explains each code.
Send an API key as \`Authorization: Bearer\` or \`X-API-Key\`; a server on loopback without keys needs none, nor one with \`AUTH=off\`.
Lists return \`items\` and \`next_cursor\`. Positions in a recording are milliseconds; pages are numbered from 1.`;

const TAGS = [
  { name: "Courses", description: "Courses, their materials and their cost" },
  { name: "Lectures", description: "Recordings: ingestion, progress, transcripts" },
  { name: "Documents", description: "Slide decks: ingestion, versions, pages, page images" },
  { name: "Events", description: "Events of lectures and documents" },
  { name: "Retrieval", description: "Search without an answer" },
  { name: "Chat", description: "Questions, answers with citations, stored conversations" },
  { name: "Agents", description: "The same knowledge for clients of OpenAI's API and of MCP" },
  { name: "Keys", description: "API keys, share links, signed addresses, people" },
  { name: "Operation", description: "Health, metrics, jobs, audit" },
  { name: "AG-UI", description: "Settings of the chat page" },
];

/** Swagger UI at /swagger, and its OpenAPI document at /swagger/json. */
export const apiDocs = () =>
  new Elysia({ name: "api-docs" })
    .mapResponse({ as: "global" }, ({ path, responseValue }) =>
      path === "/swagger/json" && !(responseValue instanceof Response)
        ? Response.json(tidy(structuredClone(responseValue) as OpenApiDocument))
        : undefined,
    )
    .use(swaggerUi())
    .use(
      openapi({
        specPath: "/swagger/json",
        provider: null,
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
