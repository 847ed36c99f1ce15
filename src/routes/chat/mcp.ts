import { Elysia } from "elysia";
import { z } from "zod";
import { createMcpTools } from "../../chat/mcp/tools";
import type { Sql } from "../../db/client";
import { getCourse } from "../../db/courses";
import type { Log } from "../../log";
import type { Embedder } from "../../providers/embedder";
import type { Reranker } from "../../providers/reranker";
import { ownOrigin, refuseForeignOrigin } from "../http/own-origin";
import { Id } from "../http/schemas";

type McpRouteDeps = {
  db: Sql;
  embedder: Embedder;
  reranker?: Reranker | null;
  log: Log;
  config: { PUBLIC_URL?: string | undefined; CORS_ORIGINS: string[] };
};

const DESCRIPTION = `Streamable HTTP, without sessions: each POST is answered by itself, so there is
nothing to open with GET (405) or to close with DELETE (405).

Tools: \`search\`, \`read_transcript\`, \`read_page\`, \`list_assets\`, \`list_courses\`. Each call names its
course; \`?course_id=\` in the address fixes one for all calls, which then take no course. Results come
as structured content and as text; what a caller does wrong comes as a result with \`isError\`.

Requests with an \`Origin\` are answered when it is our own (see PUBLIC_URL) or one of CORS_ORIGINS.`;

const BODY = {
  description: "A message of JSON-RPC 2.0 as the Model Context Protocol has them",
  content: {
    "application/json": {
      schema: {
        type: "object" as const,
        required: ["jsonrpc", "method"],
        properties: { jsonrpc: { type: "string" as const }, method: { type: "string" as const } },
      },
    },
  },
};

/** The tools of the chat for external agents. */
export const mcpRoutes = ({ db, embedder, reranker, log, config }: McpRouteDeps) =>
  new Elysia({ tags: ["Agents"] }).post(
    "/mcp",
    async ({ query, request }) => {
      refuseForeignOrigin(request, config);
      if (query.course_id) await getCourse(db, query.course_id);
      const scope = { course_id: query.course_id, origin: ownOrigin(request, config) };
      // Loaded on first use, because the SDK takes a quarter of a second to load.
      const { answerMcp } = await import("../../chat/mcp/server");
      return answerMcp(request, createMcpTools({ db, embedder, reranker }, scope), log);
    },
    {
      // The protocol defines its own responses to malformed bodies.
      parse: "none",
      query: z.object({ course_id: Id.optional() }),
      detail: {
        summary: "Search and read courses over the Model Context Protocol",
        description: DESCRIPTION,
        requestBody: BODY,
        responses: {
          200: { description: "The answer, of JSON-RPC too", content: { "application/json": {} } },
          202: { description: "A notification was heard" },
        },
      },
    },
  );
