import { setTimeout as sleep } from "node:timers/promises";
import { SEES_ALL, type Viewer } from "../../principal";
import { visibleAsset } from "../access/visibility";
import type { Sql } from "../client";
import { inCourses, type Page } from "../page";

/** A row of processing_events. */
export type ProcessingEvent = {
  id: number;
  asset_type: "lecture" | "document" | "course" | "system";
  asset_id: string | null;
  course_id: string | null;
  event_type: string;
  payload: Record<string, unknown>;
  created_at: string;
};

export type EventFilter = {
  course_id?: string | undefined;
  asset_id?: string | undefined;
  /** The courses that the caller can reach; null for all, and for events without a course. */
  course_ids: readonly string[] | null;
  /**
   * Events of assets that the viewer does not see are left out, also those of deleted assets. Events of
   * the whole system are for administrators.
   */
  viewer: Viewer;
};

/**
 * An event gets its id before its transaction commits, so an event with a smaller id can still appear
 * within this time. Every write is one statement and takes much less.
 */
const SETTLED = "500 milliseconds";

/** Events after the id `after`, oldest first. */
export async function listEvents(
  sql: Sql,
  { course_id, asset_id, course_ids, viewer }: EventFilter,
  { after, limit }: { after: number; limit: number },
): Promise<Page<ProcessingEvent>> {
  const found = await sql<ProcessingEvent[]>`
    select id::float8 as id, asset_type, asset_id, course_id, event_type, payload, created_at
    from processing_events
    where id > ${after}::bigint
      ${inCourses(sql, course_ids)} ${ofVisibleAssets(sql, viewer)}
      ${course_id ? sql`and course_id = ${course_id}` : sql``}
      ${asset_id ? sql`and asset_id = ${asset_id}` : sql``}
    order by processing_events.id limit ${limit + 1}`;
  const items = found.slice(0, limit);
  return { items, next_cursor: found.length > limit ? String(items.at(-1)!.id) : null };
}

const ofVisibleAssets = (sql: Sql, viewer: Viewer) =>
  viewer === SEES_ALL
    ? sql``
    : sql`and (asset_type = 'course'
        or exists (select from lectures a
                   where a.id = asset_id ${visibleAsset(sql, viewer, "a")})
        or exists (select from documents a
                   where a.id = asset_id ${visibleAsset(sql, viewer, "a")}))`;

/** The id of the newest event before which no other event can still appear; 0 without events. */
export async function lastSettledEvent(sql: Sql): Promise<number> {
  const [last] = await sql<{ id: number }[]>`
    select id::float8 as id from processing_events
    where created_at < now() - ${SETTLED}::interval
    order by processing_events.id desc limit 1`;
  return last?.id ?? 0;
}

const POLL_MS = 500;

/** Wakes all waiting readers of events in this process, with one query for all. */
export class EventFeed {
  readonly #sql: Sql;
  readonly #waiting = new Set<() => void>();
  #last = 0;
  #polling = false;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Resolves with the id of the newest settled event as soon as it is greater than `after`. */
  async next(after: number, signal: AbortSignal): Promise<number> {
    while (this.#last <= after) {
      signal.throwIfAborted();
      const news = Promise.withResolvers<void>();
      const stop = () => news.reject(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      this.#waiting.add(news.resolve);
      void this.#poll();
      try {
        await news.promise;
      } finally {
        signal.removeEventListener("abort", stop);
        this.#waiting.delete(news.resolve);
      }
    }
    return this.#last;
  }

  /** Polls while a reader waits. A database outage delays events, but none is lost. */
  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    while (this.#waiting.size > 0) {
      const last = await lastSettledEvent(this.#sql).catch(() => this.#last);
      if (last > this.#last) {
        this.#last = last;
        for (const wake of this.#waiting) wake();
      }
      await sleep(POLL_MS);
    }
    this.#polling = false;
  }
}
