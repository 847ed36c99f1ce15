import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../db/client";
import {
  deleteAsset,
  getDocument,
  getDocumentStatus,
  listDocuments,
  purgeDocument,
  retryDocument,
} from "../db/documents";
import { listDescriptions, listSlideChunks } from "../db/slides";
import { AppError } from "../errors";
import { receiveDocument } from "../pipelines/document/request";
import type { DocumentStorage } from "../storage/documents";
import { serveDocument } from "./document-file";
import { IdempotencyHeaders, once } from "./idempotency";
import { receiveUpload } from "./multipart-upload";
import { ById, Id, JobStatus, Json, PageQuery, Priority, pageOf, Time, Title } from "./schemas";

const Status = z.enum(["uploaded", "described", "embedding", "completed", "failed"]);

const Document = z
  .object({
    id: Id,
    course_id: Id,
    filename: z.string(),
    title: z.string().nullable(),
    mime_type: z.string(),
    size_bytes: z.int(),
    sha256: z.string(),
    page_count: z.int().nullable(),
    described_page_count: z.int(),
    chunk_count: z.int(),
    language_code: z.string().nullable(),
    status: Status,
    status_reason: z.string().nullable(),
    description_job_id: Id,
    metadata: Json,
    url: z.string().describe("The untouched PDF"),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: "Document" });

const Accepted = z.object({ document_id: Id, job_id: Id }).meta({ id: "DocumentAccepted" });

const Chunk = z
  .object({
    id: Id,
    chunk_index: z.int(),
    page_number: z.int(),
    page_end: z.int(),
    content: z.string(),
    metadata: Json,
    embedding_model: z.string().nullable(),
  })
  .meta({ id: "SlideChunk" });

const PageDescription = z
  .object({
    page_number: z.int(),
    raw_description: z.string(),
    normalized_description: z.string(),
    described_by: z.enum(["model", "ocr", "text"]),
    metadata: Json,
  })
  .meta({ id: "SlideDescription" });

const DocumentStatus = JobStatus.extend({
  document_id: Id,
  status: Status,
  status_reason: z.string().nullable(),
}).meta({ id: "DocumentStatus" });

/** Chunks and pages are counted, so their cursor is the last number seen. */
const CountedQuery = z.object({
  limit: PageQuery.shape.limit,
  cursor: z.coerce.number().int().min(-1).optional(),
});

const UploadFields = z.object({ course_id: Id, title: Title.optional(), priority: Priority });

const UPLOAD_BODY = {
  required: true,
  content: {
    "multipart/form-data": {
      schema: {
        type: "object" as const,
        required: ["course_id", "file"] as string[],
        properties: {
          course_id: { type: "string" as const, format: "uuid" },
          file: { type: "string" as const, format: "binary", description: "A PDF" },
          title: { type: "string" as const, maxLength: 300 },
          priority: { type: "string" as const, enum: ["normal", "high"], default: "normal" },
        },
      },
    },
  },
};

const withUrl = <D extends { id: string }>(document: D) => ({
  ...document,
  url: `/api/documents/${document.id}/file`,
});

type Needs = { db: Sql; storage: DocumentStorage; maxUploadBytes: number };

export const documentRoutes = ({ db, storage, maxUploadBytes }: Needs) =>
  new Elysia({ prefix: "/api/documents", tags: ["Documents"] })
    .post(
      "/upload",
      async ({ request, status }) => {
        const upload = await receiveUpload(request, {
          fields: UploadFields,
          maxBytes: maxUploadBytes,
          directory: storage.stagingDir,
        });
        await using _file = upload;
        const { fields, file } = upload;
        const fingerprint = { ...fields, sha256: file.sha256 };
        const answer = await once(db, request, fingerprint, async () => {
          const { created, ...accepted } = await receiveDocument({ db, storage }, fields, file);
          return { status: created ? 202 : 200, body: accepted };
        });
        return status(answer.status as 202, answer.body);
      },
      {
        parse: "none",
        headers: IdempotencyHeaders,
        response: { 200: Accepted, 202: Accepted },
        detail: {
          summary: "Upload a PDF and queue its ingestion",
          description:
            "The same bytes in the same course answer 200 with the document that is there.",
          requestBody: UPLOAD_BODY,
        },
      },
    )
    .get(
      "",
      async ({ query }) => {
        const page = await listDocuments(db, query, query);
        return { ...page, items: page.items.map(withUrl) };
      },
      {
        query: PageQuery.extend({ course_id: Id.optional(), status: Status.optional() }),
        response: pageOf(Document),
        detail: { summary: "List documents, newest first" },
      },
    )
    .get("/:id", async ({ params }) => withUrl(await getDocument(db, params.id)), {
      params: ById,
      response: Document,
      detail: { summary: "Get a document with its status and counts" },
    })
    .get("/:id/status", ({ params }) => getDocumentStatus(db, params.id), {
      params: ById,
      response: DocumentStatus,
      detail: { summary: "Get a document's job progress" },
    })
    .get(
      "/:id/file",
      async ({ params, request }) =>
        serveDocument(storage, await getDocument(db, params.id), request),
      {
        params: ById,
        detail: {
          summary: "Get the untouched PDF",
          description: "Answers Range, HEAD and If-None-Match; the ETag is the file's SHA-256.",
          responses: { 200: { description: "The PDF", content: { "application/pdf": {} } } },
        },
      },
    )
    .get(
      "/:id/pages",
      async ({ params, query: { limit, cursor } }) => {
        const { id } = await getDocument(db, params.id);
        const found = await listDescriptions(db, id, { after: cursor ?? 0, limit: limit + 1 });
        const items = found.slice(0, limit);
        const last = found.length > limit ? items.at(-1) : undefined;
        return { items, next_cursor: last ? String(last.page_number) : null };
      },
      {
        params: ById,
        query: CountedQuery,
        response: pageOf(PageDescription),
        detail: { summary: "List a document's described pages" },
      },
    )
    .get(
      "/:id/chunks",
      async ({ params, query: { limit, cursor } }) => {
        const { id } = await getDocument(db, params.id);
        return listSlideChunks(db, id, { limit, after: cursor ?? -1 });
      },
      {
        params: ById,
        query: CountedQuery,
        response: pageOf(Chunk),
        detail: { summary: "List a document's chunks in order" },
      },
    )
    .post(
      "/:id/retry",
      async ({ params, status }) => {
        const { id } = await getDocument(db, params.id);
        const job_id = await retryDocument(db, id);
        if (!job_id) throw new AppError("not_retryable");
        return status(202, { document_id: id, job_id });
      },
      {
        params: ById,
        response: { 202: Accepted },
        detail: { summary: "Try a failed document again, from where it stopped" },
      },
    )
    .delete(
      "/:id",
      async ({ params, status }) => {
        if (!(await deleteAsset(db, "document", params.id)))
          throw new AppError("document_not_found");
        await storage.remove(params.id);
        await purgeDocument(db, params.id);
        return status(204, undefined);
      },
      { params: ById, detail: { summary: "Delete a document: its rows and its file" } },
    );
