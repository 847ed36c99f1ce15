import { Elysia, ParseError, ValidationError } from "elysia";
import { z } from "zod";
import { toCompletionError } from "../../chat/openai/error";
import { AppError, ERRORS, type ErrorCode, type FieldProblem, toFieldProblems } from "../../errors";
import type { Log } from "../../log";
import { asAppError } from "../../storage/failure";
import { credentialEnd } from "./auth";

/** `Retry-After` of a 503 response whose cause has no known end, in seconds. */
export const RETRY_AFTER_SECONDS = "5";
/** The longest `Retry-After` of a 503 response, in seconds. A provider can ask for any time. */
const MAX_RETRY_AFTER_SECONDS = 3_600;

/** The id of a request in log lines and in the response: the client's `x-request-id` if valid, else a new one. */
export function requestId(request: Request): string {
  const known = IDS.get(request);
  if (known) return known;
  const given = request.headers.get("x-request-id") ?? "";
  const id = /^[\w.-]{1,100}$/.test(given) ? given : crypto.randomUUID();
  IDS.set(request, id);
  return id;
}
const IDS = new WeakMap<Request, string>();

/**
 * Turns every error into RFC 9457 problem details, and adds the request id to every response.
 *
 * @param log receives errors on our side, with the details that callers must not see
 * @param methodsAt the methods of a path; other methods get 405, which Elysia does not support
 */
export const problems = (log: Log, methodsAt: (path: string) => string[]) =>
  new Elysia({ name: "problems" })
    .onRequest(({ request, set }) => {
      set.headers["x-request-id"] = requestId(request);
      if (/%00/.test(request.url)) throw new AppError("request_invalid", { fields: [NUL_IN_URL] });
    })
    .onError({ as: "global" }, ({ error, code, request, path, set }) => {
      const allowed = code === "NOT_FOUND" || isForParams(error) ? methodsAt(path) : [];
      const isWrongMethod = allowed.length > 0 && !allowed.includes(request.method);
      const ended = credentialEnd(request);
      const failure = isWrongMethod
        ? new AppError("method_not_allowed", { allowed })
        : toAppError(ended.aborted ? ended.reason : error, code);
      const { status } = ERRORS[failure.errorCode];
      if (status >= 500) {
        log.error(
          { err: error, request_id: requestId(request), url: request.url },
          "request failed",
        );
      }
      if (isWrongMethod) set.headers.allow = allowed.join(", ");
      set.status = status; // read by the request metrics
      return toResponse(failure, request);
    });

const NUL_IN_URL = { path: "url", message: "contains a NUL character" };

/** `GET /api/documents/upload` matches `/api/documents/:id` with the invalid id "upload". */
const isForParams = (error: unknown) => error instanceof ValidationError && error.type === "params";

/** Elysia keeps only the texts of the issues, which do not explain a union, so the schema is asked again. */
function fieldProblems({ validator, value }: ValidationError): FieldProblem[] {
  const { schema = validator } = validator as { schema?: unknown };
  const issues = schema instanceof z.ZodType ? schema.safeParse(value).error : undefined;
  return issues ? toFieldProblems(issues) : [{ path: "", message: "is not valid" }];
}

function toAppError(error: unknown, code: string | number): AppError {
  if (error instanceof AppError) return error;
  // Elysia wraps the errors of body parsers.
  if (error instanceof ParseError) {
    const { cause } = error;
    return cause instanceof AppError ? cause : new AppError("body_malformed", {}, { cause });
  }
  if (error instanceof ValidationError && error.type !== "response") {
    // Field and reason only: Elysia's details contain the whole body, with its secrets.
    return new AppError("request_invalid", { fields: fieldProblems(error) });
  }
  if (code === "NOT_FOUND") return new AppError("route_not_found");
  // The client disconnected: it gets no response, and it is not an error of the server.
  if (error instanceof DOMException && error.name === "AbortError") {
    return new AppError("cancelled", {}, { cause: error });
  }
  return asAppError(error);
}

/** Paths below /v1 use the error format of OpenAI's API. */
function toResponse(failure: AppError, request: Request): Response {
  const { status } = ERRORS[failure.errorCode];
  const isOpenAI = URL.parse(request.url)?.pathname.startsWith("/v1/");
  const body = isOpenAI ? toCompletionError(failure) : toProblem(failure, requestId(request));
  const headers = new Headers({
    "content-type": isOpenAI ? "application/json" : "application/problem+json",
    "x-request-id": requestId(request),
    ...(isOpenAI && { "x-should-retry": String(shouldRetry(failure.errorCode)) }),
    ...(status === 503 && { "retry-after": retryAfterSeconds(failure) }),
    ...(status === 429 && { "retry-after": String(failure.details.retry_after_s) }),
    ...(status === 401 && { "www-authenticate": challenge(failure) }),
    ...(status === 403 &&
      failure.errorCode === "forbidden" && { "www-authenticate": challenge(failure) }),
    ...(status === 416 && { "content-range": `bytes */${failure.details.size_bytes}` }),
  });
  return new Response(JSON.stringify(body), { status, headers });
}

/** The wait that a provider or its circuit breaker states, in seconds, or else the usual one. */
function retryAfterSeconds({ details: { retry_after_ms } }: AppError): string {
  if (typeof retry_after_ms !== "number" || !(retry_after_ms > 0)) return RETRY_AFTER_SECONDS;
  return `${Math.min(Math.ceil(retry_after_ms / 1_000), MAX_RETRY_AFTER_SECONDS)}`;
}

/** Whether the same request can succeed later. OpenAI's clients repeat every 5xx without this header. */
const shouldRetry = (code: ErrorCode) =>
  ERRORS[code].status === 429 || (ERRORS[code].status >= 500 && ERRORS[code].retry);

/** RFC 6750: the credential that a client must send. `scope` names the missing scope. */
function challenge({ errorCode, details }: AppError): string {
  if (errorCode === "forbidden") {
    const scope = typeof details.scope === "string" ? `, scope="${details.scope}"` : "";
    return `Bearer realm="lectern", error="insufficient_scope"${scope}`;
  }
  const isMissing = details.missing === true;
  return isMissing ? 'Bearer realm="lectern"' : 'Bearer realm="lectern", error="invalid_token"';
}

/** Responses contain the details of client errors (4xx); details of ours (5xx) are only logged. */
function toProblem({ errorCode: code, details }: AppError, request_id: string) {
  const { status, title } = ERRORS[code];
  const { message, ...rest } = details;
  return {
    type: `/docs/errors#${code}`,
    title,
    status,
    code,
    request_id,
    ...(status < 500 && typeof message === "string" && { detail: message }),
    ...(status < 500 && { details: rest }),
  };
}
