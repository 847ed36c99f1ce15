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
    const days = retention[kind];
    if (days === 0) continue;
    deleted[kind] = 0;
    for (let count = 1; count > 0; deleted[kind] += count) {
      signal.throwIfAborted();
      count = await deleteDueContent(sql, kind, days);
    }
  }
  return deleted;
}
