import { Elysia } from "elysia";
import { z } from "zod";
import { createMcpPrompts } from "../../chat/mcp/prompts";
import { listResources, readResource } from "../../chat/mcp/resources";
import { createMcpTools } from "../../chat/mcp/tools";
import type { Sql } from "../../db/client";
import { getCourse } from "../../db/courses";
import { AppError } from "../../errors";
import type { Log } from "../../log";
import type { Embedder } from "../../providers/embedder";
import type { Reranker } from "../../providers/reranker";
import type { QuestionReceipts } from "../../retrieval/question-calls";
import { parseJson } from "../../text/parse-json";
import { principalOf, requestEnd, viewerOf } from "../http/auth";
import { readJsonBytes, SMALL_BODY } from "../http/json-body";
import { ownBaseUrl } from "../http/own-origin";
import { Id } from "../http/schemas";

type McpRouteDeps = {
  db: Sql;
  embedder: Embedder;
  receipts?: QuestionReceipts;
  reranker?: Reranker | null;
  log: Log;
  config: { PUBLIC_URL?: string | undefined };
};

const DESCRIPTION = `Streamable HTTP without sessions: each POST is independent, and GET and DELETE
return 405.

Tools: \`search\`, \`read_transcript\`, \`read_page\`, \`find_moments\`, \`find_slide\`, \`list_assets\`, \`search_courses\`, \`list_courses\`. Each call names its
course. With \`?course_id=\` in the URL all calls use that course and take no course argument. Results are
sent as structured content and as text. A mistake of the caller is a result with \`isError\`.

Resources: transcripts (\`lectern://lectures/{id}/transcript\`), slide decks (\`lectern://documents/{id}\`)
and their pages (\`…/pages/{number}\`). Prompts: \`answer_from_course\`, \`quiz\`. Every \`Accept\` is served. A
server with keys takes one as \`Authorization: Bearer\` or \`X-API-Key\`.`;

const BODY = {
  description: "A JSON-RPC 2.0 message of the Model Context Protocol",
  content: {
    "application/json": {
      schema: {
        type: "object" as const,
        required: ["jsonrpc", "method"],
        properties: {
          jsonrpc: { type: "string" as const, enum: ["2.0"] },
          id: { type: ["string", "integer"] as never, description: "None: a notification" },
          method: { type: "string" as const },
          params: { type: "object" as const, additionalProperties: true },
        },
      },
    },
  },
};

/** Older versions of the protocol allow several messages in a request. */
const MAX_MESSAGES = 10;

/**
 * A request counts once for the rate limit, also if it has many messages.
 *
 * @throws AppError `body_too_complex`
 */
function refuseLargeBatch(body: Buffer): void {
  const text = body.toString().trimStart();
  if (!text.startsWith("[")) return;
  const messages = parseJson(text); // the protocol itself answers malformed JSON
  if (!Array.isArray(messages) || messages.length <= MAX_MESSAGES) return;
  throw new AppError("body_too_complex", { max_messages: MAX_MESSAGES });
}

/** The tools of the chat for external agents. */
export const mcpRoutes = ({ db, embedder, reranker, receipts, log, config }: McpRouteDeps) =>
  new Elysia({ tags: ["Agents"] }).post(
    "/mcp",
    async ({ query, request, server }) => {
      // A search can wait for its providers longer than the limit for silent connections.
      server?.timeout(request, 0);
      if (query.course_id) await getCourse(db, query.course_id);
      const { course_ids } = principalOf(request);
      const scope = {
        course_id: query.course_id,
        course_ids,
        viewer: viewerOf(request),
        origin: ownBaseUrl(request, config),
      };
      const body = await readJsonBytes(request, SMALL_BODY);
      refuseLargeBatch(body);
      // Loaded on first use, because the SDK takes a quarter of a second to load.
      const { answerMcp } = await import("../../chat/mcp/server");
      return answerMcp(
        new Request(request, { body }),
        {
          tools: createMcpTools({ db, embedder, reranker, receipts }, scope),
          prompts: createMcpPrompts(scope.course_id),
          listResources: (cursor) => listResources(db, scope, cursor),
          readResource: (uri) => readResource(db, scope, uri),
        },
        log,
        requestEnd(request),
      );
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
          200: {
            description: "A JSON-RPC response",
            content: {
              "application/json": { schema: { $ref: "#/components/schemas/JsonRpcResponse" } },
              "text/event-stream": { schema: { $ref: "#/components/schemas/JsonRpcResponse" } },
            },
          },
          202: { description: "A notification was accepted" },
        },
      },
    },
  );
