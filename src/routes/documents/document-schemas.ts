import { z } from "zod";
import { Id, JobStatus, Json, Time } from "../http/schemas";

export const Status = z.enum(["uploaded", "described", "embedding", "completed", "failed"]);

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
    url: z.string().describe("Address of the PDF as it was uploaded"),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: "Document" });

export const DocumentStatus = JobStatus.extend({
  document_id: Id,
  status: Status,
  status_reason: z.string().nullable(),
}).meta({ id: "DocumentStatus" });

export const withUrl = <D extends { id: string }>(document: D) => ({
  ...document,
  url: `/api/documents/${document.id}/file`,
});
