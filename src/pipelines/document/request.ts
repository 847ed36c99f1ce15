import { open } from "node:fs/promises";
import type { Sql } from "../../db/client";
import { getCourse } from "../../db/courses";
import { type DocumentAccepted, requestDocument } from "../../db/documents";
import { AppError } from "../../errors";
import type { DocumentStorage } from "../../storage/documents";

export type DocumentRequest = {
  course_id: string;
  title?: string | undefined;
  priority: "normal" | "high";
};
export type ReceivedFile = { path: string; filename: string; size_bytes: number; sha256: string };

/**
 * Keeps an uploaded PDF and queues its ingestion. The file is durable before its row, and the row
 * before the answer, so what was accepted cannot be lost; of two uploads of the same bytes one
 * becomes the document and the other leaves nothing.
 *
 * @throws AppError `course_not_found`, `pdf_invalid`
 */
export async function receiveDocument(
  { db, storage }: { db: Sql; storage: DocumentStorage },
  { course_id, title, priority }: DocumentRequest,
  file: ReceivedFile,
): Promise<DocumentAccepted> {
  await getCourse(db, course_id);
  await refuseOtherFiles(file.path);

  const id = crypto.randomUUID();
  await storage.store(id, file.path);
  try {
    const accepted = await requestDocument(db, {
      ...{ id, course_id, title: title ?? null, priority },
      ...{ filename: file.filename, size_bytes: file.size_bytes, sha256: file.sha256 },
      storage_url: `documents/${id}.pdf`,
    });
    if (!accepted.created) await storage.remove(id);
    return accepted;
  } catch (error) {
    // A lost connection may have lost only the answer: then the row is there, and needs its file.
    if (error instanceof AppError && error.errorCode === "course_not_found")
      await storage.remove(id);
    throw error;
  }
}

/** A PDF says so within its first KB; what a client calls its file is no proof. */
async function refuseOtherFiles(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0);
    if (!buffer.subarray(0, bytesRead).includes("%PDF-")) {
      throw new AppError("pdf_invalid", { message: "The file does not start like a PDF" });
    }
  } finally {
    await file.close();
  }
}
