import type { InitialRelease } from "../../db/access/releases";
import type { Sql } from "../../db/client";
import { getCourse } from "../../db/courses";
import { addUnclaimedFile, deleteUnclaimedFile, listDocumentFiles } from "../../db/document-files";
import { requestVersion } from "../../db/document-versions";
import {
  type DocumentAccepted,
  getDocument,
  purgeDocument,
  requestDocument,
  retryDocument,
} from "../../db/documents";
import { hurryJob } from "../../db/jobs/job-control";
import { AppError } from "../../errors";
import { checkPdfHeader } from "../../media/pdf/pdf";
import type { FileStorage } from "../../storage/files";

export type DocumentRequest = {
  course_id: string;
  title?: string | undefined;
  priority: "normal" | "high";
  /** Of personal material. */
  owner_id?: string | undefined;
} & InitialRelease;
export type UploadedPdf = { path: string; filename: string; size_bytes: number; sha256: string };

/**
 * Stores an uploaded PDF and queues its ingestion. The file is stored before its row, and the row before
 * the response, so an accepted upload cannot be lost. Of two uploads of the same bytes, one becomes the
 * document and the other leaves nothing.
 *
 * @throws AppError `course_not_found`, `user_not_found`, `pdf_invalid`
 */
export async function receiveDocument(
  { db, storage }: { db: Sql; storage: FileStorage },
  { course_id, title, priority, owner_id, visible_from, page_releases }: DocumentRequest,
  file: UploadedPdf,
): Promise<DocumentAccepted> {
  await getCourse(db, course_id);
  await checkPdfHeader(file.path);

  const id = crypto.randomUUID();
  // Recorded before the file is stored, so maintenance can remove it if no row follows.
  await addUnclaimedFile(db, id);
  await storage.store(id, file.path);
  try {
    const accepted = await requestDocument(db, {
      id,
      course_id,
      title: title ?? null,
      priority,
      owner_id,
      visible_from,
      page_releases,
      filename: file.filename,
      size_bytes: file.size_bytes,
      sha256: file.sha256,
      storage_url: `documents/${id}.pdf`,
    });
    if (!accepted.created) await removeFile(db, storage, id);
    return accepted;
  } catch (error) {
    // If only the response of the database was lost, the row exists and needs its file.
    const isRefused =
      error instanceof AppError && ["course_not_found", "user_not_found"].includes(error.errorCode);
    if (isRefused) await removeFile(db, storage, id);
    throw error;
  }
}

/**
 * Retries a failed document; finished steps are not repeated. A document that waits is processed next.
 *
 * @returns the job's id
 * @throws AppError `document_not_found`, `not_retryable`
 */
export async function restartDocument(db: Sql, document_id: string): Promise<string> {
  const { id } = await getDocument(db, document_id);
  const job_id = (await retryDocument(db, id)) ?? (await hurryJob(db, id));
  if (!job_id) throw new AppError("not_retryable");
  return job_id;
}

export type VersionRequest = {
  title?: string | undefined;
  priority: "normal" | "high";
} & InitialRelease;

/**
 * Keeps an uploaded PDF as the next version of a document and queues its ingestion. The current version
 * answers questions until the new one is complete; an older upload that is still being built stops. A
 * release holds at once, also for the current version, so the new pages are never visible too early.
 *
 * @throws AppError `document_not_found`, `document_duplicate`, `pdf_invalid`
 */
export async function receiveVersion(
  { db, storage }: { db: Sql; storage: FileStorage },
  document_id: string,
  { title, priority, visible_from, page_releases }: VersionRequest,
  file: UploadedPdf,
): Promise<DocumentAccepted> {
  await getDocument(db, document_id);
  await checkPdfHeader(file.path);

  const file_id = crypto.randomUUID();
  await addUnclaimedFile(db, file_id);
  await storage.store(file_id, file.path);
  try {
    const { filename, size_bytes, sha256 } = file;
    const { job_id, created, file_used } = await requestVersion(db, document_id, {
      file_id,
      filename,
      title: title ?? null,
      storage_url: `documents/${file_id}.pdf`,
      size_bytes,
      sha256,
      priority,
      visible_from,
      page_releases,
    });
    if (!file_used) await removeFile(db, storage, file_id);
    return { document_id, job_id, created };
  } catch (error) {
    // After a lost connection the row can exist, so its file stays.
    if (error instanceof AppError && REFUSALS.has(error.errorCode)) {
      await removeFile(db, storage, file_id);
    }
    throw error;
  }
}

const REFUSALS: ReadonlySet<string> = new Set(["document_not_found", "document_duplicate"]);

/** Removes a file that no document has. */
export async function removeFile(db: Sql, storage: FileStorage, id: string): Promise<void> {
  await storage.remove(id);
  await deleteUnclaimedFile(db, id);
}

/** Removes the files of all versions of a deleted document, then its rows. */
export async function removeDocument(
  { db, storage }: { db: Sql; storage: FileStorage },
  id: string,
): Promise<void> {
  for (const file_id of await listDocumentFiles(db, id)) await storage.remove(file_id);
  await purgeDocument(db, id);
}
