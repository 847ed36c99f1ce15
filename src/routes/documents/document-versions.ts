import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../../db/client";
import { getVersion, listVersions } from "../../db/document-versions";
import { receiveVersion } from "../../pipelines/document/request";
import type { FileStorage } from "../../storage/files";
import { acceptUpload } from "../http/accept-upload";
import { IdempotencyHeaders } from "../http/idempotency";
import { multipartBody } from "../http/multipart-body";
import { PageReleasesField, VisibleFrom } from "../http/release-schema";
import { requireReleased } from "../http/released";
import { ById, Priority, Title } from "../http/schemas";
import { FILE_RESPONSES, FileHeaders, serveDocument } from "./document-file";
import { Accepted, ByVersion, toVersion, Version } from "./document-schemas";

const VersionFields = z.strictObject({
  title: Title.optional().describe("Default: the document's title stays"),
  priority: Priority,
  visible_from: VisibleFrom.describe(
    "Students see the document, also its current version, from this time on; unset: no change",
  ),
  page_releases: PageReleasesField.describe(
    "Ranges of pages that students see later, as JSON. They are added to the ranges of the document and hold at once, also for the current version",
  ),
});

const VERSION_BODY = multipartBody(VersionFields, "A PDF");

type VersionRouteDeps = { db: Sql; storage: FileStorage; maxUploadBytes: number };

/** The versions of a document: upload, list, and the files of replaced ones. */
export const documentVersionRoutes = ({ db, storage, maxUploadBytes }: VersionRouteDeps) =>
  new Elysia({ prefix: "/api/documents/:id/versions", tags: ["Documents"] })
    .post(
      "",
      async ({ params, request, status }) => {
        const rules = {
          fields: VersionFields,
          maxBytes: maxUploadBytes,
          directory: storage.stagingDir,
        };
        const answer = await acceptUpload(db, request, rules, (fields, file) =>
          receiveVersion({ db, storage }, params.id, fields, file),
        );
        return status(answer.status as 202, answer.body);
      },
      {
        params: ById,
        parse: "none",
        headers: IdempotencyHeaders,
        response: { 200: Accepted, 202: Accepted },
        detail: {
          summary: "Upload a new version of a document's PDF",
          description:
            "Questions are answered from the current version until the new one is complete; then it takes over at once. The newest upload wins: an older one that is still being processed stops. Citations of a replaced version still open its page. If the document already has these bytes, the answer is 200 and nothing changes; bytes of a replaced version make that version current again.",
          requestBody: VERSION_BODY,
        },
      },
    )
    .get(
      "",
      async ({ params }) => ({ items: (await listVersions(db, params.id)).map(toVersion) }),
      {
        params: ById,
        response: z.object({ items: z.array(Version) }),
        detail: {
          summary: "List the versions of a document, newest upload first",
          description:
            "While a job describes the current file again, that file is listed twice: as `current` and as `building`.",
        },
      },
    )
    .get(
      "/:sha256",
      async ({ params }) => toVersion(await getVersion(db, params.id, params.sha256)),
      {
        params: ByVersion,
        response: Version,
        detail: {
          summary: "Get a version by its checksum",
          description:
            "Shows whether the version that a citation quotes is `current` or `replaced`.",
        },
      },
    )
    .get(
      "/:sha256/file",
      async ({ params, request }) => {
        const version = await getVersion(db, params.id, params.sha256);
        await requireReleased(db, request, version);
        return serveDocument(storage, version, request);
      },
      {
        params: ByVersion,
        headers: FileHeaders,
        detail: {
          summary: "Get the PDF of one version, also of a replaced one",
          description: "Supports Range, HEAD and If-None-Match. The ETag is the file's SHA-256.",
          responses: FILE_RESPONSES,
        },
      },
    );
