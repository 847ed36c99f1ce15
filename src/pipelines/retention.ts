import type { Sql } from "../db/client";
import {
  type ContentRetention,
  deleteDueContent,
  RETAINED_KINDS,
  type RetainedKind,
} from "../db/content-retention";

/**
 * Deletes what is older than its retention, in batches.
 *
 * @returns the number of deleted items of each kind that has a limit
 * @throws the signal's reason when it aborts; what was deleted until then stays deleted
 */
export async function applyRetention(
  sql: Sql,
  retention: ContentRetention,
  signal: AbortSignal,
): Promise<Partial<Record<RetainedKind, number>>> {
  const deleted: Partial<Record<RetainedKind, number>> = {};
  for (const kind of RETAINED_KINDS) {
    if (retention[kind] === 0) continue;
    let batch: { due: number; deleted: number };
    let total = 0;
    do {
      signal.throwIfAborted();
      batch = await deleteDueContent(sql, kind, retention);
      total += batch.deleted;
    } while (batch.due > 0);
    deleted[kind] = total;
  }
  return deleted;
}
