import { findHiddenUntil } from "../../db/access/visibility";
import type { Sql } from "../../db/client";
import { AppError } from "../../errors";
import { viewerOf } from "./auth";

/**
 * For the file of a document, and for the image of a page.
 *
 * @throws AppError `not_released`, with the time of the release, if the sender does not see all of it
 */
export async function requireReleased(
  sql: Sql,
  request: Request,
  { document_id }: { document_id: string },
  page_number?: number,
): Promise<void> {
  const visible_from = await findHiddenUntil(sql, document_id, viewerOf(request), page_number);
  if (visible_from !== null) throw new AppError("not_released", { visible_from });
}
