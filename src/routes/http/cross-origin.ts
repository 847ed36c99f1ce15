import { cors } from "@elysiajs/cors";
import { Elysia } from "elysia";

const REQUEST_HEADERS = [
  "content-type",
  "authorization",
  "x-api-key",
  "x-user-id",
  "idempotency-key",
  "if-none-match",
  "if-range",
  "last-event-id",
  "mcp-protocol-version",
  "mcp-session-id",
  "openai-organization",
  "openai-project",
  "range",
  "traceparent",
  "tracestate",
];
/** The headers that pages can read: viewers of PDFs need those of ranges, OpenAI's clients `x-should-retry`. */
const RESPONSE_HEADERS = [
  "accept-ranges",
  "allow",
  "content-disposition",
  "content-range",
  "etag",
  "last-event-id",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
  "retry-after",
  "www-authenticate",
  "x-request-id",
  "x-should-retry",
];

/** CORS: only the origins of the settings have access, and never with cookies. */
export const crossOrigin = (origin: string[]) =>
  origin.length === 0
    ? new Elysia()
    : new Elysia({ name: "cross-origin" }).use(allowStainless).use(
        cors({
          origin,
          credentials: false,
          methods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
          allowedHeaders: REQUEST_HEADERS,
          exposeHeaders: RESPONSE_HEADERS,
          maxAge: 600,
        }),
      );

/** OpenAI's clients describe themselves in `x-stainless-*` headers; new versions add more of them. */
const allowStainless = new Elysia({ name: "allow-stainless" }).onRequest(({ request, set }) => {
  if (request.method !== "OPTIONS") return;
  const wanted = request.headers.get("access-control-request-headers") ?? "";
  const described = wanted.toLowerCase().match(/\bx-stainless-[\w-]+/g) ?? [];
  set.headers["access-control-allow-headers"] = [...REQUEST_HEADERS, ...described].join(", ");
});
