import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../db/client";
import { getDocument } from "../db/documents";
import {
  EventFeed,
  type EventFilter,
  lastSettledEvent,
  listEvents,
  type ProcessingEvent,
} from "../db/jobs/events";
import { getLecture } from "../db/lectures";
import { ById, Id, Json, PageQuery, pageOf, Time } from "./http/schemas";

const Event = z
  .object({
    id: z.int(),
    asset_type: z.enum(["lecture", "document", "course", "system"]),
    asset_id: Id.nullable(),
    course_id: Id.nullable(),
    event_type: z.string(),
    payload: Json,
    created_at: Time,
  })
  .meta({ id: "ProcessingEvent" });

const EventId = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const TrailQuery = z.object({ limit: PageQuery.shape.limit, cursor: EventId.default(0) });
const FeedQuery = z.object({
  course_id: Id.optional(),
  asset_id: Id.optional(),
  after: EventId.optional().describe("0 begins with the first event; unset: with the next one"),
});
const FeedHeaders = z.object({ "last-event-id": EventId.optional() });

const FEED_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  "x-accel-buffering": "no",
};
/** Proxies and browsers give up on lines that stay silent. */
const HEARTBEAT_MS = 10_000;
const BATCH = 200;

type Needs = { db: Sql; shutdown: AbortSignal };

/** What happened to an asset, and what happens now: `processing_events` for people and pages. */
export const eventRoutes = ({ db, shutdown }: Needs) => {
  const feed = new EventFeed(db);
  const trail = (asset_id: string, { cursor, limit }: z.output<typeof TrailQuery>) =>
    listEvents(db, { asset_id }, { after: cursor, limit });

  return new Elysia({ prefix: "/api", tags: ["Events"] })
    .get(
      "/lectures/:id/events",
      async ({ params, query }) => trail((await getLecture(db, params.id)).id, query),
      {
        params: ById,
        query: TrailQuery,
        response: pageOf(Event),
        detail: { summary: "List what happened to a lecture, oldest first" },
      },
    )
    .get(
      "/documents/:id/events",
      async ({ params, query }) => trail((await getDocument(db, params.id)).id, query),
      {
        params: ById,
        query: TrailQuery,
        response: pageOf(Event),
        detail: { summary: "List what happened to a document, oldest first" },
      },
    )
    .get(
      "/events",
      async ({ query, headers, request, server }) => {
        server?.timeout(request, 0);
        const { after: asked, ...filter } = query;
        const after = headers["last-event-id"] ?? asked ?? (await lastSettledEvent(db));
        const left = new AbortController();
        const signal = AbortSignal.any([left.signal, shutdown]);
        const events = follow(db, feed, { filter, after, signal });
        return new Response(toStream(events, left), { headers: FEED_HEADERS });
      },
      {
        query: FeedQuery,
        headers: FeedHeaders,
        detail: {
          summary: "Follow events as they happen (server-sent events)",
          description:
            "Each message's data is one ProcessingEvent. `Last-Event-ID` resumes without a gap. " +
            "A message of type `end` says that the feed ends, as the server may: connect again.",
          responses: {
            200: { description: "The events", content: { "text/event-stream": {} } },
          },
        },
      },
    );
};

type Following = { filter: EventFilter; after: number; signal: AbortSignal };

/** Every settled event after one, then those that come, until the signal aborts. */
async function* follow(
  db: Sql,
  feed: EventFeed,
  { filter, after, signal }: Following,
): AsyncGenerator<ProcessingEvent> {
  let seen = after;
  while (!signal.aborted) {
    const upTo = await feed.next(seen, signal);
    for (let more = true; more; ) {
      const { items, next_cursor } = await listEvents(db, filter, { after: seen, limit: BATCH });
      const settled = items.filter(({ id }) => id <= upTo);
      yield* settled;
      seen = settled.at(-1)?.id ?? seen;
      more = next_cursor !== null && settled.length === items.length;
    }
    seen = Math.max(seen, upTo);
  }
}

/**
 * Writes events as their reader takes them, alive in silence, with a last word when they end.
 *
 * @param left  aborted when the reader goes
 */
function toStream(
  events: AsyncGenerator<ProcessingEvent>,
  left: AbortController,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let heartbeat: Timer;
  return new ReadableStream({
    start(controller) {
      const write = (text: string) => controller.enqueue(encoder.encode(text));
      write("retry: 2000\n\n");
      heartbeat = setInterval(() => write(": alive\n\n"), HEARTBEAT_MS);
    },
    async pull(controller) {
      const write = (text: string) => controller.enqueue(encoder.encode(text));
      // What breaks the feed, the database or our own end, is over when the reader comes back.
      const next = await events.next().catch(() => null);
      if (left.signal.aborted) return;
      if (next && !next.done) {
        return write(`id: ${next.value.id}\ndata: ${JSON.stringify(next.value)}\n\n`);
      }
      clearInterval(heartbeat);
      write("event: end\ndata: {}\n\n");
      controller.close();
    },
    cancel() {
      clearInterval(heartbeat);
      left.abort();
    },
  });
}
