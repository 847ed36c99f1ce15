import { z } from "zod";
import type { StoredVersion } from "../../db/document-versions";
import { PageRelease } from "../http/release-schema";
import { ById, Id, JobStatus, Json, Time } from "../http/schemas";

export const Status = z.enum([
  "uploaded",
  "described",
  "embedding",
  "completed",
  "failed",
  "paused",
]);

export const Document = z
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
    owner_id: Id.nullable().describe("Personal material: only this user and admins see it"),
    visible_from: Time.nullable().describe("Students see it from then on; null: at once"),
    page_releases: z.array(PageRelease),
    url: z.string().describe("Address of the PDF of the current version"),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: "Document" });

export const Accepted = z.object({ document_id: Id, job_id: Id }).meta({ id: "DocumentAccepted" });

export const DocumentStatus = JobStatus.extend({
  document_id: Id,
  status: Status,
  status_reason: z.string().nullable(),
}).meta({ id: "DocumentStatus" });

export const withUrl = <D extends { id: string }>(document: D) => ({
  ...document,
  url: `/api/documents/${document.id}/file`,
});

export const ByVersion = ById.extend({
  sha256: z
    .string()
    .toLowerCase()
    .regex(/^[0-9a-f]{64}$/)
    .describe("SHA-256 of the version's file in hexadecimal, as in citations"),
});

export const Version = z
  .object({
    document_id: Id,
    sha256: z.string(),
    filename: z.string(),
    size_bytes: z.int(),
    page_count: z.int().nullable(),
    status: z
      .enum(["current", "building", "failed", "replaced"])
      .describe(
        "current: questions are answered from it; building: a job makes it; failed: its job failed or was cancelled; replaced: it was current before",
      ),
    uploaded_at: Time,
    replaced_at: Time.nullable(),
    url: z.string().describe("Address of the file of this version"),
  })
  .meta({ id: "DocumentVersion" });

export const toVersion = ({ file_id: _, ...version }: StoredVersion) => ({
  ...version,
  url: `/api/documents/${version.document_id}/versions/${version.sha256}/file`,
});
