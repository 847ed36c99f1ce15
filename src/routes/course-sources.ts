import { createHash } from "node:crypto";
import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../db/client";
import {
  deleteSource,
  getSource,
  hurrySource,
  type ListedRecording,
  listSources,
  requestSource,
  updateSource,
} from "../db/course-sources";
import { getCourse } from "../db/courses";
import { AppError, type ErrorCode } from "../errors";
import type { Forecaster } from "../pipelines/forecast";
import { listCollection } from "../pipelines/lecture/list-collection";
import { type CallPolicy, CallRecorder } from "../pipelines/paid-calls";
import type { AudioSource } from "../providers/audio-source";
import { toViewerUrl } from "../providers/panopto/address";
import { toCollectionUrl } from "../providers/panopto/collection";
import { requestEnd } from "./http/auth";
import { IdempotencyHeaders, once } from "./http/idempotency";
import { jsonBody } from "./http/json-body";
import { Moment } from "./http/release-schema";
import { ById, Id, Time, Title } from "./http/schemas";
import { DryRunQuery, ForecastAnswer } from "./http/usage-schema";

const Address = z.string().trim().min(1).max(8_000);
/** 30 days. */
const MAX_HOURS = 720;
const SyncHours = z
  .int()
  .min(1)
  .max(MAX_HOURS)
  .nullable()
  .describe("Look for new recordings in this interval; null: only on request");

const NewSource = z
  .strictObject({
    url: Address.optional().describe("A Panopto folder or its podcast feed"),
    urls: z.array(Address).min(1).max(1_000).optional().describe("Addresses of recordings"),
    title: Title.optional(),
    transcription: z.boolean().default(true).describe("false stores titles and slide changes only"),
    visible_from: Moment.nullable()
      .default(null)
      .describe("Students see the imported lectures from this time on; null: at once"),
    sync_every_hours: SyncHours.default(null),
  })
  .refine(({ url, urls }) => (url === undefined) !== (urls === undefined), {
    path: ["url"],
    message: "name either `url` or `urls`",
  })
  .refine(({ urls, sync_every_hours }) => urls === undefined || sync_every_hours === null, {
    path: ["sync_every_hours"],
    message: "a list of addresses does not change: leave it out",
  })
  .meta({ id: "NewCourseSource" });

const Listed = {
  session_id: z.string(),
  url: z.string(),
  title: z.string().nullable(),
  duration_ms: z.number().nullable(),
  recorded_at: Time.nullable(),
};
const Rejected = z.object({ url: z.string(), code: z.string(), message: z.string() });
const SourceFields = z.object({
  id: Id,
  course_id: Id,
  kind: z.enum(["folder", "feed", "list"]),
  url: z.string(),
  title: z.string().nullable(),
  transcription: z.boolean(),
  visible_from: Time.nullable().describe("Of the lectures that it imports; null: at once"),
  sync_every_hours: z.int().nullable(),
  state: z
    .enum(["waiting", "syncing", "ready", "failed"])
    .describe("`ready`: all recordings are imported, their lectures can still be processed"),
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
  last_synced_at: Time.nullable(),
  next_sync_at: Time.nullable().describe("Null: only on request"),
  counts: z.object({
    found: z.int().describe("Recordings that the source has listed"),
    imported: z.int().describe("Recordings that are lectures of the course"),
    completed: z.int().describe("Lectures that answer questions"),
    failed: z.int().describe("Failed lectures and refused recordings"),
    deleted: z.int().describe("Lectures that were deleted after the import; they stay deleted"),
  }),
  created_at: Time,
  updated_at: Time,
});
const Source = SourceFields.meta({ id: "CourseSource" });
const SourceWithRecordings = SourceFields.extend({
  recordings: z.array(
    z.object({
      ...Listed,
      lecture_id: Id.nullable(),
      status: z
        .string()
        .describe("Of the lecture; `found` before the import, `refused`, `deleted`"),
      error_code: z.string().nullable(),
      error_message: z.string().nullable(),
    }),
  ),
}).meta({ id: "CourseSourceWithRecordings" });
const Accepted = z
  .object({
    source_id: Id,
    rejected: z.array(Rejected).describe("Addresses of a list that cannot be imported"),
  })
  .meta({ id: "CourseSourceAccepted" });
const Preview = z
  .object({
    dry_run: z.literal(true),
    kind: z.enum(["folder", "feed", "list"]),
    recordings: z.array(z.object(Listed)),
    rejected: z.array(Rejected),
    forecast: ForecastAnswer.shape.forecast,
  })
  .meta({ id: "CourseSourcePreview" });

const BySource = z.object({ id: Id, source_id: Id });

type CourseSourceDeps = {
  db: Sql;
  audioSource: AudioSource;
  callPolicy: CallPolicy;
  forecaster: Forecaster;
};

/** Panopto folders, feeds and lists of addresses that lectures are imported from. */
export const courseSourceRoutes = ({ db, audioSource, callPolicy, forecaster }: CourseSourceDeps) =>
  new Elysia({ prefix: "/api/courses/:id/sources", tags: ["Courses"] })
    .post(
      "",
      async ({ params, query, body, request, status }) => {
        const { id: course_id } = await getCourse(db, params.id);
        const wanted = readSource(audioSource, body);
        if (query.dry_run) {
          const signal = requestEnd(request);
          const calls = new CallRecorder(db, null, signal, callPolicy);
          const recordings = await listOf(audioSource, calls, wanted, signal);
          const totalMs = recordings.reduce((sum, { duration_ms }) => sum + (duration_ms ?? 0), 0);
          const { kind, rejected } = wanted;
          const forecast = await forecaster.lecture(course_id, totalMs);
          return status(200, { dry_run: true, kind, recordings, rejected, forecast });
        }
        const { kind, url, recordings, rejected } = wanted;
        const { title = null, transcription, visible_from, sync_every_hours } = body;
        const settings = { title, transcription, visible_from, sync_every_hours };
        const source = { kind, url, recordings, ...settings };
        const answer = await once(db, request, body, async () => {
          const { id, created } = await requestSource(db, { course_id, ...source });
          return { status: created ? 202 : 200, body: { source_id: id, rejected } };
        });
        return status(answer.status as 202, answer.body);
      },
      {
        parse: jsonBody,
        params: ById,
        query: DryRunQuery,
        body: NewSource,
        headers: IdempotencyHeaders,
        response: { 200: z.union([Accepted, Preview]), 202: Accepted },
        detail: {
          summary:
            "Import all recordings of a Panopto folder, its podcast feed, or a list of addresses",
          description:
            "`dry_run=true` lists the recordings that an import would add. Each recording becomes one lecture of the course, however often it is " +
            "imported. If the course has this source already, the answer is 200, and it is synchronised again. " +
            "`GET …/sources/{source_id}` shows the progress.",
        },
      },
    )
    .get(
      "",
      async ({ params }) => ({ items: await listSources(db, (await getCourse(db, params.id)).id) }),
      {
        params: ById,
        response: z.object({ items: z.array(Source) }),
        detail: { summary: "List the sources of a course, newest first, with their progress" },
      },
    )
    .get("/:source_id", ({ params }) => getSource(db, params.id, params.source_id), {
      params: BySource,
      response: SourceWithRecordings,
      detail: { summary: "Get a source with the progress of each recording" },
    })
    .patch(
      "/:source_id",
      async ({ params, body }) => {
        const { kind } = await getSource(db, params.id, params.source_id);
        if (kind === "list" && body.sync_every_hours !== null) {
          throw invalid("sync_every_hours", "a list of addresses does not change");
        }
        await updateSource(db, params.id, params.source_id, body.sync_every_hours);
        return getSource(db, params.id, params.source_id);
      },
      {
        parse: jsonBody,
        params: BySource,
        body: z.strictObject({ sync_every_hours: SyncHours }),
        response: SourceWithRecordings,
        detail: { summary: "Change how often a source is synchronised" },
      },
    )
    .post(
      "/:source_id/sync",
      async ({ params, status }) => {
        await hurrySource(db, params.id, params.source_id);
        return status(202, { source_id: params.source_id });
      },
      {
        params: BySource,
        response: { 202: z.object({ source_id: Id }) },
        detail: { summary: "Look for new recordings now, and import them" },
      },
    )
    .delete(
      "/:source_id",
      async ({ params, status }) => {
        await deleteSource(db, params.id, params.source_id);
        return status(204, undefined);
      },
      {
        params: BySource,
        detail: { summary: "Stop importing from a source; its lectures stay" },
      },
    );

const invalid = (path: string, message: string) =>
  new AppError("request_invalid", { fields: [{ path, message }] });

type ReadSource = {
  kind: "folder" | "feed" | "list";
  url: string;
  recordings: ListedRecording[];
  rejected: z.output<typeof Rejected>[];
};

/**
 * Reads the addresses without a request. A bad address of a list does not reject the others.
 *
 * @throws AppError `panopto_collection_invalid`, `address_blocked`; of the first address if all of a list are bad
 */
function readSource(
  audioSource: AudioSource,
  { url, urls = [] }: { url?: string | undefined; urls?: string[] | undefined },
): ReadSource {
  if (url !== undefined) {
    const address = audioSource.identifyCollection(url);
    return { kind: address.kind, url: toCollectionUrl(address), recordings: [], rejected: [] };
  }
  const recordings = new Map<string, ListedRecording>();
  const failures: { url: string; error: AppError }[] = [];
  for (const one of urls) {
    try {
      const address = audioSource.identify(one);
      const { session_id } = address;
      const unknown = { title: null, duration_ms: null, recorded_at: null };
      recordings.set(session_id, { session_id, url: toViewerUrl(address), ...unknown });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      failures.push({ url: one.slice(0, 300), error });
    }
  }
  if (recordings.size === 0) throw failures[0]!.error;
  const ids = [...recordings.keys()].sort().join();
  const hash = createHash("sha256").update(ids).digest("hex");
  const rejected = failures.map(({ url, error }) => ({
    url,
    code: error.errorCode satisfies ErrorCode,
    message: error.message,
  }));
  return { kind: "list", url: `list:${hash}`, recordings: [...recordings.values()], rejected };
}

/** Recordings of a preview are asked for their titles up to this number. */
const DESCRIBED_IN_PREVIEW = 50;

async function listOf(
  audioSource: AudioSource,
  calls: CallRecorder,
  { kind, url, recordings }: ReadSource,
  signal: AbortSignal,
): Promise<ListedRecording[]> {
  if (kind !== "list") return listCollection(audioSource, calls, url, signal);
  const shown: ListedRecording[] = [];
  for (const [index, recording] of recordings.entries()) {
    const address = audioSource.identify(recording.url);
    const described =
      index < DESCRIBED_IN_PREVIEW
        ? await calls
            .unbilled(audioSource.serviceOf(address), () => audioSource.describe(address, signal))
            .catch(() => signal.throwIfAborted())
        : undefined;
    const { title, duration_ms } = described ?? recording;
    shown.push({ ...recording, title, duration_ms });
  }
  return shown;
}
