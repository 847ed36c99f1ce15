import type { StoredVersion } from "../../db/document-versions";
import { AppError } from "../../errors";
import type { PageWord } from "../../media/pdf/page-words";
import { readWordsOfPage } from "../../media/pdf/pdf";
import { openScratch } from "../../media/scratch";
import type { PageImageTools } from "./page-image";
import { turns } from "./turns";

/** Pages read at the same time for all callers: each takes a process of 75 to 150 MB. */
const READ_AT_ONCE = 2;

/** Returns the words of pages with their places. They are read from the file for each request. */
export function openPageWords({ storage, dataRoot }: Omit<PageImageTools, "pageRenderer">) {
  const takeTurn = turns(READ_AT_ONCE);

  /** @throws AppError `page_not_found`, `document_file_missing`, `pdf_too_complex`, `pdf_reader_killed` */
  return async (
    { page_count, file_id }: StoredVersion,
    page_number: number,
    signal: AbortSignal,
  ): Promise<PageWord[]> => {
    if (page_count === null || page_number > page_count) {
      throw new AppError("page_not_found", { page_count });
    }
    using _turn = await takeTurn();
    signal.throwIfAborted();
    await using scratch = await openScratch(dataRoot);
    const path = await storage.localPath(file_id, scratch.path, signal);
    return await readWordsOfPage(path, page_number, signal);
  };
}
