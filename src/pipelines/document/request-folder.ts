import type { Sql } from "../../db/client";
import { getCourse } from "../../db/courses";
import type { DocumentAccepted } from "../../db/documents";
import { AppError, type ErrorCode } from "../../errors";
import type { FileStorage } from "../../storage/files";
import { type DocumentRequest, receiveDocument, type UploadedPdf } from "./request";

/** The result for one file of a folder. */
export type FolderItem =
  | { filename: string; document: DocumentAccepted }
  | { filename: string; error: AppError };

/** Faults of one file. Other errors, such as those of the storage, concern all files. */
const FILE_FAULTS: readonly ErrorCode[] = ["pdf_invalid", "body_too_large"];

/**
 * Stores the PDFs of a folder one after the other and queues their ingestion. A bad file does not stop the
 * others. Files that the course already has are found by their bytes, so a repetition completes a call that
 * failed.
 *
 * @param maxBytes  the limit that a file with `isTooLarge` exceeds
 * @throws AppError `course_not_found`, `user_not_found`, and errors that concern all files
 */
export async function receiveDocuments(
  { db, storage }: { db: Sql; storage: FileStorage },
  request: Omit<DocumentRequest, "title">,
  files: (UploadedPdf & { isTooLarge: boolean })[],
  maxBytes: number,
): Promise<FolderItem[]> {
  await getCourse(db, request.course_id);
  const items: FolderItem[] = [];
  for (const file of files) {
    const { filename } = file;
    try {
      if (file.isTooLarge) throw new AppError("body_too_large", { max_bytes: maxBytes });
      items.push({ filename, document: await receiveDocument({ db, storage }, request, file) });
    } catch (error) {
      if (!(error instanceof AppError && FILE_FAULTS.includes(error.errorCode))) throw error;
      items.push({ filename, error });
    }
  }
  return items;
}
