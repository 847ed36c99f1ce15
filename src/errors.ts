import { z } from "zod";
import { explainIssue } from "./text/field-messages";

z.config({ customError: explainIssue });

/**
 * All errors of this service in one table.
 *
 * `status` is the HTTP status; `retry` is whether the queue retries a job that fails with the error.
 * `docs/errors.md` explains each code, and a test compares the two.
 */
// biome-ignore format: a table reads best as a table
export const ERRORS = {
  request_invalid:           { status: 422, retry: false, title: "The request has missing or wrong values: correct the fields in details.fields" },
  body_malformed:            { status: 400, retry: false, title: "The body is not well-formed: correct its JSON or form, and send it again" },
  content_type_invalid:      { status: 415, retry: false, title: "This content type is not accepted here: send the expected one" },
  body_too_complex:          { status: 413, retry: false, title: "The body has more values than allowed: send less in one request" },
  content_encoding_invalid:  { status: 415, retry: false, title: "Send the body without compression" },
  body_too_slow:             { status: 408, retry: false, title: "The body took too long to arrive: send it again over a faster connection" },
  body_too_large:            { status: 413, retry: false, title: "The body is larger than allowed: send less in one request" },
  method_not_allowed:        { status: 405, retry: false, title: "This address does not support that method: use one that the header Allow lists" },
  origin_not_allowed:        { status: 403, retry: false, title: "Pages of this origin are not allowed to use this API: add the origin to CORS_ORIGINS" },
  unauthenticated:           { status: 401, retry: false, title: "Send a valid API key or token as Authorization: Bearer" },
  forbidden:                 { status: 403, retry: false, title: "This key or token does not allow this request: ask for one with the scope it needs" },
  key_not_found:             { status: 404, retry: false, title: "No API key has this id" },
  identity_provider_unavailable: { status: 503, retry: true, title: "The login that issues tokens cannot be reached: try again soon, or use an API key" },
  host_not_allowed:          { status: 403, retry: false, title: "This server does not use that host name: open it as localhost, or set PUBLIC_URL" },
  rate_limited:              { status: 429, retry: false, title: "Too many requests: wait as long as Retry-After states" },
  too_many_at_once:          { status: 429, retry: false, title: "Too many streams or uploads at the same time: wait until one has ended" },
  range_not_satisfiable:     { status: 416, retry: false, title: "The file ends before the requested range" },
  route_not_found:           { status: 404, retry: false, title: "This address does not exist" },
  course_not_found:          { status: 404, retry: false, title: "No course has this id" },
  document_not_found:        { status: 404, retry: false, title: "No document has this id" },
  lecture_not_found:         { status: 404, retry: false, title: "No lecture has this id" },
  user_not_found:            { status: 404, retry: false, title: "No user has this id" },
  not_released:              { status: 403, retry: false, title: "Pages of this document are not released yet" },
  session_not_found:         { status: 404, retry: false, title: "No chat session has this id" },
  webhook_not_found:         { status: 404, retry: false, title: "No webhook has this id" },
  message_not_found:         { status: 404, retry: false, title: "No answer has this id" },
  source_not_found:          { status: 404, retry: false, title: "The course has no source with this id" },
  job_not_found:             { status: 404, retry: false, title: "No job has this id" },
  version_not_found:         { status: 404, retry: false, title: "The document has no version with this checksum" },
  page_not_found:            { status: 404, retry: false, title: "The document has no such page" },
  not_retryable:             { status: 409, retry: false, title: "Only a failed or waiting asset can be retried" },
  not_hurryable:             { status: 409, retry: false, title: "No job of this asset waits: it runs, it has ended, or it is paused" },
  not_cancellable:           { status: 409, retry: false, title: "There is no running job to cancel" },
  idempotency_key_in_use:    { status: 409, retry: false, title: "The first request with this key is still running: wait for its response" },
  idempotency_key_reused:    { status: 422, retry: false, title: "This key was used for another request: use a new key" },
  message_invalid:           { status: 500, retry: false, title: "A queue message contains no valid job" },
  worker_crashed:            { status: 500, retry: false, title: "Processing crashed several times: the file is probably the cause, so try another copy of it" },
  claim_lost:                { status: 500, retry: true,  title: "Another worker has this job now" },
  asset_deleted:             { status: 410, retry: false, title: "The asset was deleted while it was processed" },
  cancelled:                 { status: 409, retry: false, title: "Processing was cancelled" },
  database_older:            { status: 500, retry: false, title: "An earlier version of Lectern made this database: run ./lectern migrate, or start the server" },
  database_newer:            { status: 500, retry: false, title: "A newer version of Lectern has migrated this database" },
  database_foreign:          { status: 500, retry: false, title: "The database has tables of another program" },
  migration_changed:         { status: 500, retry: false, title: "An applied migration differs from its file" },
  document_file_missing:     { status: 410, retry: false, title: "The stored file of the document is gone: delete the document and upload it again" },
  audio_file_missing:        { status: 410, retry: true,  title: "The uploaded audio is missing on the machine that works on it: upload it again, or let the machines share their files" },
  storage_full:              { status: 503, retry: true,  title: "The disk of the server is full: free space on it, or make it larger" },
  storage_unavailable:       { status: 503, retry: true,  title: "The storage of uploaded files cannot be used: check the disk, or the bucket and its keys" },
  pdf_invalid:               { status: 422, retry: false, title: "The file is not a readable PDF: open it, print it to a new PDF, and upload that" },
  pdf_encrypted:             { status: 422, retry: false, title: "The PDF asks for a password: save a copy without one, and upload that" },
  pdf_empty:                 { status: 422, retry: false, title: "The PDF has no pages: export it again, and upload that" },
  pdf_too_many_pages:        { status: 422, retry: false, title: "The PDF has more pages than allowed: split it, or raise MAX_PAGES" },
  pdf_too_complex:           { status: 422, retry: false, title: "The PDF needs more memory or time than allowed: print it to a new PDF, and upload that" },
  pdf_reader_killed:         { status: 503, retry: true,  title: "The program that reads PDFs was ended from outside, for example because memory ran out: try again" },
  document_without_text:     { status: 422, retry: false, title: "No page has words to search for: set a key or SLIDE_MODEL, or install tesseract.js" },
  document_duplicate:        { status: 409, retry: false, title: "Another document of the course has this file: delete it, or replace that one" },
  lecture_busy:              { status: 409, retry: false, title: "A job is processing this lecture: wait until it is done, or cancel it" },
  no_recording:              { status: 409, retry: false, title: "This lecture has no recording: send its audio, or import a transcript" },
  document_busy:             { status: 409, retry: false, title: "A job is processing this document: try again when it is done" },
  page_render_failed:        { status: 422, retry: false, title: "The page could not be rendered: open the PDF instead" },
  audio_invalid:             { status: 422, retry: false, title: "The file is not an audio file: send mp3, m4a, wav or another audio format" },
  audio_extraction_failed:   { status: 500, retry: true,  title: "The audio of the recording could not be read: upload it in another format" },
  recording_incomplete:      { status: 502, retry: true,  title: "The recording is shorter than it should be: check that it plays to its end, or upload the audio" },
  recording_without_sound:   { status: 422, retry: false, title: "The recording has no audio: upload it, or import a transcript" },
  recording_too_long:        { status: 422, retry: false, title: "The recording is longer than allowed: split it, and upload the parts" },
  tool_missing:              { status: 500, retry: false, title: "A program that reads media is not installed: ./lectern doctor names it" },
  tool_killed:               { status: 503, retry: true,  title: "A program that reads media exceeded its limits, or was ended from outside" },
  provider_unauthorized:     { status: 502, retry: false, title: "A provider refused the API key: correct it, then retry" },
  provider_quota_exceeded:   { status: 502, retry: false, title: "A provider's quota is used up: top up the account, then retry" },
  provider_rate_limited:     { status: 503, retry: true,  title: "A provider asked us to slow down: try again in a minute" },
  provider_busy:             { status: 503, retry: true,  title: "A provider has no capacity at the moment: try again in a minute" },
  provider_unavailable:      { status: 503, retry: true,  title: "A provider does not answer, or its answer broke off: try again in a minute" },
  provider_answer_invalid:   { status: 502, retry: true,  title: "A provider's answer is not usable: try again, or choose another model" },
  provider_answer_unusable:  { status: 502, retry: false, title: "A provider answered twice with something that cannot be used: choose another model, then retry" },
  provider_waiting:          { status: 503, retry: true,  title: "The work waits for a provider" },
  budget_exceeded:           { status: 409, retry: false, title: "The budget for paid work is used up: raise the limit, then resume" },
  not_paused:                { status: 409, retry: false, title: "Only a paused asset can be resumed" },
  provider_request_refused:  { status: 502, retry: false, title: "A provider refused the request" },
  address_blocked:           { status: 422, retry: false, title: "This address is not allowed: use your Panopto site, or upload the audio" },
  fetch_timeout:             { status: 504, retry: true,  title: "A server took too long to answer: try again later, or upload the audio" },
  fetch_interrupted:         { status: 502, retry: true,  title: "A server broke off a transfer: try again later, or upload the audio" },
  fetch_too_large:           { status: 502, retry: false, title: "A server sent more than allowed: upload the audio" },
  recording_not_ready:       { status: 409, retry: false, title: "The recording is live or still being processed: try again when it plays to its end" },
  recording_processing:      { status: 409, retry: true,  title: "Panopto is still processing the recording: it is tried again automatically" },
  recording_unsupported:     { status: 502, retry: false, title: "The recording's stream cannot be read here: upload the audio" },
  media_refused:             { status: 502, retry: false, title: "Panopto does not hand out the recording: check the sign-in, or upload the audio" },
  panopto_url_invalid:       { status: 422, retry: false, title: "This is not the address of a Panopto recording: open it in the browser and copy the address" },
  panopto_url_not_a_session: { status: 422, retry: false, title: "This address names a folder, feed or playlist: open one recording and copy its address" },
  panopto_collection_invalid: { status: 422, retry: false, title: "This is not the address of a Panopto folder or podcast feed: open the folder in the browser and copy its address" },
  panopto_collection_unreadable: { status: 502, retry: true, title: "Panopto's list of recordings cannot be read: check the folder in the browser" },
  panopto_login_required:    { status: 502, retry: false, title: "Panopto asks for a login: set PANOPTO_COOKIE, or upload the audio" },
  panopto_session_not_found: { status: 404, retry: false, title: "Panopto has no recording at this address: check it in the browser" },
  panopto_no_streams:        { status: 502, retry: false, title: "Panopto lists no audio or video for this recording: upload the audio" },
  panopto_refused:           { status: 502, retry: false, title: "Panopto refused the recording: ask its owner, or upload the audio" },
  transcriber_missing:       { status: 422, retry: false, title: "There are no captions to use and no transcriber: set ELEVENLABS_API_KEY or TRANSCRIPTION_BASE_URL, or import a transcript" },
  recording_without_speech:  { status: 422, retry: false, title: "The recording has no speech, so there is no transcript: import one if you expected speech" },
  transcription_not_wanted:  { status: 422, retry: false, title: "No transcription was requested" },
  sound_gone:                { status: 409, retry: false, title: "The uploaded audio was removed: upload it again, or import a transcript" },
  transcript_not_ready:      { status: 404, retry: false, title: "There is no transcript yet: see the status of the lecture" },
  answer_not_running:        { status: 409, retry: false, title: "No answer is being written here: run the thread again to finish it" },
  answer_withheld:           { status: 502, retry: false, title: "The model's provider withheld the answer: word the question differently" },
  chat_failed:               { status: 502, retry: true,  title: "The answer was cut off: ask for it again" },
  resume_invalid:            { status: 409, retry: false, title: "The resume does not match the open questions of the conversation" },
  chat_interrupted:          { status: 503, retry: true,  title: "The answer was interrupted: ask for it again" },
  transcript_invalid:        { status: 422, retry: false, title: "The transcript cannot be read: send WebVTT, SRT, TTML or another accepted format, with times" },
  correction_conflict:       { status: 409, retry: false, title: "The transcript has other words at this place: read it again, then correct it" },
  correction_not_found:      { status: 404, retry: false, title: "This correction does not exist, or it is undone" },
  embedding_model_unavailable: { status: 409, retry: false, title: "This server cannot use the embedding model of the course: set its key, or embed the course again" },
  too_many_corrections:      { status: 409, retry: false, title: "There are too many corrections: undo some, or import a corrected transcript" },
  exam_without_questions:    { status: 409, retry: false, title: "The course has no material to ask about yet: wait until its files are ingested" },
  exam_not_worse:            { status: 409, retry: false, title: "The last exam of this course is not worse than the one before: there is nothing to accept" },
  exam_running:              { status: 409, retry: false, title: "The exam of this course is being taken: wait for its result" },
  model_worse:               { status: 409, retry: false, title: "Search would be worse with this embedding model: nothing was switched" },
  evaluation_set_invalid:    { status: 500, retry: false, title: "The evaluation set cannot be read" },
  file_not_written:          { status: 500, retry: false, title: "The file cannot be written: check its folder, its permissions and the free space" },
  nothing_to_roll_back:      { status: 409, retry: false, title: "There are no earlier embeddings to restore" },
  backup_not_found:          { status: 404, retry: false, title: "No backup has this name: ./lectern backup --list shows them" },
  backup_damaged:            { status: 422, retry: false, title: "The archive is damaged or incomplete: use another one" },
  backup_incompatible:       { status: 422, retry: false, title: "This version of Lectern cannot restore the archive: use the version that made it, or a later one" },
  backup_place_unavailable:  { status: 503, retry: true,  title: "The place of the backups cannot be used: check that it exists, its permissions and its free space" },
  backup_running:            { status: 409, retry: false, title: "A backup is running: wait until it has ended" },
  restore_not_empty:         { status: 409, retry: false, title: "A backup is restored into an empty installation only: use a new database and a new DATA_ROOT" },
  restore_busy:              { status: 409, retry: false, title: "Another process uses this database: stop all servers of this installation first" },
  config_invalid:            { status: 500, retry: false, title: "The environment is not usable: correct these settings" },
  database_unavailable:      { status: 503, retry: true,  title: "The database cannot be reached" },
  database_not_opened:       { status: 503, retry: false, title: "The embedded database does not open" },
  database_locked:           { status: 503, retry: false, title: "Another process uses this data directory" },
  internal:                  { status: 500, retry: true,  title: "Something went wrong on our side" },
} as const satisfies Record<string, { status: number; retry: boolean; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** The only error class that this code throws. Distinguish errors by `errorCode`, never by message. */
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

export type FieldProblem = { path: string; message: string };

/** For a field that the schema does not have. */
export const UNKNOWN_FIELD = "is not a field of this request";

/** More than these do not help the caller, and each adds to the response. */
const MAX_FIELD_PROBLEMS = 20;

/**
 * The first problems that a schema found, each with the path of its field, such as `segments.3.end_ms`. A field
 * has one: the others mostly follow from it.
 */
export function toFieldProblems({ issues }: z.ZodError): FieldProblem[] {
  const problems = issues
    .slice(0, MAX_FIELD_PROBLEMS)
    .flatMap(explainUnion)
    .flatMap((issue) => {
      const path = issue.path.map(shorten);
      return issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => ({
            path: [...path, shorten(key)].join("."),
            message: UNKNOWN_FIELD,
          }))
        : [{ path: path.join("."), message: issue.message }];
    });
  const paths = problems.map(({ path }) => path);
  return problems
    .filter(({ path }, index) => paths.indexOf(path) === index)
    .slice(0, MAX_FIELD_PROBLEMS);
}

/** A caller chooses the names of unknown fields. */
const shorten = (key: PropertyKey) => String(key).slice(0, 100);

type Issue = z.core.$ZodIssue;

/** Zod's own message for a union, which names no reason. */
const NO_ALTERNATIVE = "Invalid input";

/**
 * The issues of the alternative that was meant: the one whose first issue is deepest. If none fits at all,
 * one issue with the reasons of all alternatives.
 */
function explainUnion(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union" || issue.message !== NO_ALTERNATIVE) return [issue];
  const alternatives = issue.errors.filter((issues) => issues.length > 0);
  if (alternatives.length === 0) return [issue];
  const depth = (issues: Issue[]) => issues[0]!.path.length;
  const meant = alternatives.reduce((best, one) => (depth(one) > depth(best) ? one : best));
  const explained = (depth(meant) > 0 ? [meant] : alternatives).map((issues) =>
    issues
      .slice(0, MAX_FIELD_PROBLEMS)
      .flatMap((one) => explainUnion({ ...one, path: [...issue.path, ...one.path] })),
  );
  if (depth(meant) > 0) return explained[0]!;
  const reasons = new Set(explained.map(([first]) => first!.message));
  return [{ ...issue, message: [...reasons].join(", or ") }];
}

/** Unknown errors are retried, because an unexpected outage can end. */
export function isRetryable(error: unknown): boolean {
  return error instanceof AppError ? ERRORS[error.errorCode].retry : true;
}

/** Errors that end when a provider answers again. They affect all jobs of the provider. */
export const PROVIDER_OUTAGES: readonly ErrorCode[] = [
  "provider_unavailable",
  "provider_rate_limited",
  "provider_busy",
  "fetch_timeout",
  "fetch_interrupted",
];

/** The text for the user of a failed command: the next step, and a stack trace only for unknown errors. */
export function explain(error: unknown): string {
  if (!(error instanceof AppError)) return Bun.inspect(error);
  const { problems, message, advice, ...others } = error.details as {
    problems?: Record<string, string[]> | { line?: number; message: string }[];
    message?: string;
    advice?: string;
  };
  const lines = Array.isArray(problems)
    ? problems.map(({ line, message }) => `  ${line ? `line ${line}: ` : ""}${message}`)
    : Object.entries(problems ?? {}).map(([name, all]) => `  ${name}: ${all.join("; ")}`);
  const facts = Object.entries(others).map(([name, value]) => `  ${name}: ${value}`);
  const cause = error.cause ? [`  ${String(error.cause)}`] : [];
  const reason = [message ?? error.message, ...(advice ? [advice] : [])].join(". ");
  return [reason, ...lines, ...facts, ...cause].join("\n");
}
