/**
 * Every failure this service reports, in one table.
 *
 * `status` is what HTTP callers see; `retry` is what the queue does when a job fails with it.
 * `docs/errors.md` explains each code, and a test keeps the two in step.
 */
// biome-ignore format: a table reads best as a table
export const ERRORS = {
  request_invalid:        { status: 422, retry: false, title: "The request breaks its schema" },
  body_malformed:         { status: 400, retry: false, title: "The body is not well-formed" },
  content_type_invalid:   { status: 415, retry: false, title: "This content type is not accepted here" },
  body_too_large:         { status: 413, retry: false, title: "The body is larger than allowed" },
  method_not_allowed:     { status: 405, retry: false, title: "This address does not answer that method" },
  route_not_found:        { status: 404, retry: false, title: "Nothing is at this address" },
  course_not_found:       { status: 404, retry: false, title: "No course has this id" },
  document_not_found:     { status: 404, retry: false, title: "No document has this id" },
  lecture_not_found:      { status: 404, retry: false, title: "No lecture has this id" },
  session_not_found:      { status: 404, retry: false, title: "No chat session has this id" },
  page_not_found:         { status: 404, retry: false, title: "The document has no such page" },
  not_retryable:          { status: 409, retry: false, title: "Only a failed asset can be tried again" },
  idempotency_key_in_use: { status: 409, retry: false, title: "The first request with this key is still being answered" },
  idempotency_key_reused: { status: 422, retry: false, title: "This key was used for another request" },
  message_invalid:        { status: 500, retry: false, title: "A queue message names no job" },
  worker_crashed:         { status: 500, retry: false, title: "Processing crashed the worker again and again" },
  claim_lost:             { status: 500, retry: true,  title: "Somebody else works on this job now" },
  asset_deleted:          { status: 410, retry: false, title: "The asset was deleted while it was processed" },
  cancelled:              { status: 409, retry: false, title: "Processing was cancelled" },
  migration_changed:      { status: 500, retry: false, title: "An applied migration differs from its file" },
  config_invalid:         { status: 500, retry: false, title: "The environment is not usable" },
  database_unavailable:   { status: 503, retry: true,  title: "The database cannot be reached" },
  internal:               { status: 500, retry: true,  title: "Something went wrong on our side" },
} as const satisfies Record<string, { status: number; retry: boolean; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** The one error class we throw on purpose. Tell failures apart by `errorCode`, never by message. */
export class AppError extends Error {
  override readonly name = "AppError";

  constructor(
    // Not `code`: Elysia dispatches on a property of that name.
    readonly errorCode: ErrorCode,
    readonly details: Record<string, unknown> = {},
    options?: ErrorOptions,
  ) {
    super(ERRORS[errorCode].title, options);
  }
}

/** Unknown errors are retried: an outage nobody foresaw deserves a second attempt. */
export function isRetryable(error: unknown): boolean {
  return error instanceof AppError ? ERRORS[error.errorCode].retry : true;
}
