import { Elysia } from "elysia";
import { z } from "zod";
import type { AuditWriter } from "../../db/access/audit-writer";
import { updateAsset } from "../../db/access/releases";
import { deleteAsset } from "../../db/assets";
import type { Sql } from "../../db/client";
import { getShownVersion } from "../../db/document-versions";
import { getDocument, getDocumentStatus, listDocuments } from "../../db/documents";
import { AppError } from "../../errors";
import { receiveDocument, removeDocument, restartDocument } from "../../pipelines/document/request";
import type { Forecaster } from "../../pipelines/forecast";
import type { FileStorage } from "../../storage/files";
import { assetJobRoutes } from "../asset-jobs";
import { acceptUpload, forecastUpload } from "../http/accept-upload";
import { auditSender } from "../http/audit";
import { principalOf, requireCourse, viewerOf } from "../http/auth";
import { IdempotencyHeaders } from "../http/idempotency";
import { jsonBody } from "../http/json-body";
import { multipartBody } from "../http/multipart-body";
import {
  DocumentChange,
  OwnerId,
  PageReleasesField,
  toOwnerId,
  VisibleFrom,
} from "../http/release-schema";
import { requireReleased } from "../http/released";
import { ById, Id, PageQuery, Priority, pageOf, Title } from "../http/schemas";
import { DryRunQuery, ForecastAnswer } from "../http/usage-schema";
import { FILE_RESPONSES, FileHeaders, serveDocument } from "./document-file";
import { Accepted, Document, DocumentStatus, Status, withUrl } from "./document-schemas";

const UploadFields = z.strictObject({
  course_id: Id,
  title: Title.optional(),
  priority: Priority,
  owner_id: OwnerId.optional(),
  visible_from: VisibleFrom,
  page_releases: PageReleasesField,
});

const UPLOAD_BODY = multipartBody(UploadFields, "A PDF");

type DocumentRoutesDeps = {
  db: Sql;
  audit: AuditWriter;
  storage: FileStorage;
  maxUploadBytes: number;
  forecaster: Forecaster;
};

export const documentRoutes = ({
  db,
  storage,
  audit,
  maxUploadBytes,
  forecaster,
}: DocumentRoutesDeps) =>
  new Elysia({ prefix: "/api/documents", tags: ["Documents"] })
    .post(
      "/upload",
      async ({ query, request, status }) => {
        const rules = {
          fields: UploadFields,
          maxBytes: maxUploadBytes,
          directory: storage.stagingDir,
        };
        if (query.dry_run) {
          return status(200, await forecastUpload(request, rules, forecaster.document));
        }
        const answer = await acceptUpload(db, request, rules, (fields, file) => {
          requireCourse(request, fields.course_id);
          const owner_id = toOwnerId(request, fields.owner_id);
          return receiveDocument({ db, storage }, { ...fields, owner_id }, file);
        });
        return status(answer.status as 202, answer.body);
      },
      {
        parse: "none",
        query: DryRunQuery,
        headers: IdempotencyHeaders,
        response: { 200: z.union([Accepted, ForecastAnswer]), 202: Accepted },
        detail: {
          summary: "Upload a PDF and queue its ingestion",
          description:
            "If the course already has a document with the same bytes, the answer is 200 with that document, and its release stays as it is. " +
            "With `visible_from` or `page_releases`, students never see the hidden pages before their time.",
          requestBody: UPLOAD_BODY,
        },
      },
    )
    .get(
      "",
      async ({ query, request }) => {
        const { course_ids } = principalOf(request);
        const filter = { ...query, course_ids, viewer: viewerOf(request) };
        const page = await listDocuments(db, filter, query);
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
    .patch(
      "/:id",
      async ({ params, body, request }) => {
        const owner_id = body.owner_id && toOwnerId(request, body.owner_id);
        await updateAsset(db, "document", params.id, { ...body, owner_id });
        return withUrl(await getDocument(db, params.id));
      },
      {
        parse: jsonBody,
        params: ById,
        body: DocumentChange,
        response: Document,
        detail: {
          summary:
            "Change the title of a document, when students see it or some of its pages, and who owns it",
          description:
            "Ranges of pages hold for all versions. While a page is hidden, students do not get the PDF.",
        },
      },
    )
    .get("/:id/status", ({ params }) => getDocumentStatus(db, params.id), {
      params: ById,
      response: DocumentStatus,
      detail: { summary: "Get a document's job progress" },
    })
    .get(
      "/:id/file",
      async ({ params, request }) => {
        const version = await getShownVersion(db, params.id);
        await requireReleased(db, request, version);
        return serveDocument(storage, version, request);
      },
      {
        params: ById,
        headers: FileHeaders,
        detail: {
          summary: "Get the PDF of the current version as it was uploaded",
          description: "Supports Range, HEAD and If-None-Match. The ETag is the file's SHA-256.",
          responses: FILE_RESPONSES,
        },
      },
    )
    .use(
      assetJobRoutes({
        db,
        audit,
        kind: "document",
        accepted: Accepted,
        findJob: async (id) => (await getDocument(db, id)).description_job_id,
        restart: (id) => restartDocument(db, id),
      }),
    )
    .delete(
      "/:id",
      async ({ params, request, status }) => {
        if (!(await deleteAsset(db, "document", params.id, auditSender(request)))) {
          throw new AppError("document_not_found");
        }
        await removeDocument({ db, storage }, params.id);
        return status(204, undefined);
      },
      { params: ById, detail: { summary: "Delete a document with all its versions and files" } },
    );
