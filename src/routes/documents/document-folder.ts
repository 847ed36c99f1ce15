import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../../db/client";
import { type FolderItem, receiveDocuments } from "../../pipelines/document/request-folder";
import type { FileStorage } from "../../storage/files";
import { requireCourse } from "../http/auth";
import { IdempotencyHeaders, once } from "../http/idempotency";
import { folderBody } from "../http/multipart-body";
import { receiveFolder } from "../http/multipart-upload";
import { OwnerId, toOwnerId } from "../http/release-schema";
import { Id, Priority } from "../http/schemas";
import { Accepted } from "./document-schemas";

const FolderFields = z.strictObject({
  course_id: Id,
  priority: Priority,
  owner_id: OwnerId.optional(),
});

const FOLDER_BODY = folderBody(
  FolderFields,
  "PDFs. Their names can contain folders, such as `Week 3/slides.pdf`",
);

const FolderAccepted = z
  .object({
    items: z
      .array(
        z.object({
          filename: z.string().describe("With the folders that the client named, to be shown"),
          document: Accepted.extend({
            created: z
              .boolean()
              .describe("false: the course already had a document with these bytes"),
          }).nullable(),
          error: z
            .object({ code: z.string(), message: z.string() })
            .nullable()
            .describe("Why this file is refused"),
        }),
      )
      .describe("One for each file, in the order of the request"),
  })
  .meta({ id: "DocumentFolderAccepted" });

type FolderRoutesDeps = {
  db: Sql;
  storage: FileStorage;
  maxUploadBytes: number;
  maxFolderFiles: number;
  maxFolderBytes: number;
};

/** The upload of many PDFs in one request. */
export const documentFolderRoutes = ({
  db,
  storage,
  maxUploadBytes,
  maxFolderFiles,
  maxFolderBytes,
}: FolderRoutesDeps) =>
  new Elysia({ prefix: "/api/documents", tags: ["Documents"] }).post(
    "/upload-folder",
    async ({ request, server, status }) => {
      await using upload = await receiveFolder(request, {
        fields: FolderFields,
        maxBytes: maxUploadBytes,
        maxTotalBytes: maxFolderBytes,
        maxFiles: maxFolderFiles,
        directory: storage.stagingDir,
      });
      const { fields, files } = upload;
      requireCourse(request, fields.course_id);
      const owner_id = toOwnerId(request, fields.owner_id);
      // A remote storage can need minutes for many files, and nothing is sent until then.
      server?.timeout(request, 0);
      const names = files.map(({ filename, sha256 }) => [filename, sha256]);
      const answer = await once(db, request, { ...fields, files: names }, async () => {
        const wanted = { ...fields, owner_id };
        const items = await receiveDocuments({ db, storage }, wanted, files, maxUploadBytes);
        const isNew = items.some((item) => "document" in item && item.document.created);
        return { status: isNew ? 202 : 200, body: { items: items.map(toItem) } };
      });
      return status(answer.status as 202, answer.body);
    },
    {
      parse: "none",
      headers: IdempotencyHeaders,
      response: { 200: FolderAccepted, 202: FolderAccepted },
      detail: {
        summary: "Upload a folder of PDFs and queue their ingestion",
        description:
          "One request with many files. A bad file does not reject the others: each file has its own result. The answer is 202 " +
          "if a document was created, else 200. Folders in filenames are shown, and have no other effect.",
        requestBody: FOLDER_BODY,
      },
    },
  );

function toItem(item: FolderItem) {
  const { filename } = item;
  if ("document" in item) return { filename, document: item.document, error: null };
  const { errorCode: code, message } = item.error;
  return { filename, document: null, error: { code, message } };
}
