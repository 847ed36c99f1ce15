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
import { SEES_ALL } from "../principal";
import { credentialEnd, principalOf, viewerOf } from "./http/auth";
import { ById, Id, Json, PageQuery, pageOf, Time } from "./http/schemas";
import { EVENT_STREAM, type SseEvent, toStreamingResponse } from "./http/streaming-response";

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
  after: EventId.optional().describe("0: begin with the first event; unset: with the next one"),
});
const FeedHeaders = z.object({ "last-event-id": EventId.optional() });

/** The delay before clients reconnect. */
const RETRY_MS = 2_000;
const BATCH = 200;

type EventRouteDeps = { db: Sql; shutdown: AbortSignal };

/** The processing events of an asset, and a live feed of all events. */
export const eventRoutes = ({ db, shutdown }: EventRouteDeps) => {
  const feed = new EventFeed(db);
  const trail = (asset_id: string, { cursor, limit }: z.output<typeof TrailQuery>) =>
    // The guard has checked that the sender sees the asset.
    listEvents(db, { asset_id, course_ids: null, viewer: SEES_ALL }, { after: cursor, limit });

  return new Elysia({ prefix: "/api", tags: ["Events"] })
    .get(
      "/lectures/:id/events",
      async ({ params, query }) => trail((await getLecture(db, params.id)).id, query),
      {
        params: ById,
        query: TrailQuery,
        response: pageOf(Event),
        detail: { summary: "List the events of a lecture, oldest first" },
      },
    )
    .get(
      "/documents/:id/events",
      async ({ params, query }) => trail((await getDocument(db, params.id)).id, query),
      {
        params: ById,
        query: TrailQuery,
        response: pageOf(Event),
        detail: { summary: "List the events of a document, oldest first" },
      },
    )
    .get(
      "/events",
      async ({ query, headers, request, server }) => {
        server?.timeout(request, 0);
        const { after: asked, ...named } = query;
        const { course_ids } = principalOf(request);
        const filter = { ...named, course_ids, viewer: viewerOf(request) };
        const after = headers["last-event-id"] ?? asked ?? (await lastSettledEvent(db));
        const left = new AbortController();
        const signal = AbortSignal.any([left.signal, shutdown, credentialEnd(request)]);
        const batches = follow(db, feed, { filter, after, signal });
        const onGone = () => left.abort();
        const response = toStreamingResponse(toFeed(batches, after, left.signal), {
          ...EVENT_STREAM,
          onGone,
        });
        // Lets a client resume that loses the connection before the first event.
        response.headers.set("last-event-id", String(after));
        return response;
      },
      {
        query: FeedQuery,
        headers: FeedHeaders,
        detail: {
          summary: "Follow new events (server-sent events)",
          description:
            "The data of each message is one ProcessingEvent. `Last-Event-ID` resumes without a gap. " +
            "The server can end the feed with a message of type `end`: reconnect then.",
          responses: {
            200: {
              description: "A stream; the data of each server-sent event is one ProcessingEvent",
              content: {
                "text/event-stream": { schema: { $ref: "#/components/schemas/ProcessingEvent" } },
              },
            },
          },
        },
      },
    );
};

type FeedScope = { filter: EventFilter; after: number; signal: AbortSignal };

/** All settled events after `after`, then new ones, in batches, until the signal aborts. */
async function* follow(
  db: Sql,
  feed: EventFeed,
  { filter, after, signal }: FeedScope,
): AsyncGenerator<ProcessingEvent[]> {
  let seen = after;
  while (!signal.aborted) {
    const upTo = await feed.next(seen, signal);
    for (let more = true; more; ) {
      const { items, next_cursor } = await listEvents(db, filter, { after: seen, limit: BATCH });
      const settled = items.filter(({ id }) => id <= upTo);
      if (settled.length > 0) yield settled;
      seen = settled.at(-1)?.id ?? seen;
      more = next_cursor !== null && settled.length === items.length;
    }
    seen = Math.max(seen, upTo);
  }
}

/**
 * The feed as server-sent events. It ends with an `end` event, also after a failure of the database or
 * at shutdown: the client reconnects and continues after the last id.
 *
 * @param after the feed begins with the event after this id
 * @param gone aborted when the reader leaves
 */
async function* toFeed(
  batches: AsyncIterable<ProcessingEvent[]>,
  after: number,
  gone: AbortSignal,
): AsyncGenerator<SseEvent[]> {
  // Browsers keep the id of a message without data.
  yield [{ retry_ms: RETRY_MS, id: after }];
  try {
    for await (const events of batches) {
      yield events.map((event) => ({ id: event.id, data: JSON.stringify(event) }));
    }
  } catch {
    // The feed has no error event: the client reconnects, and other requests report the failure.
  }
  if (!gone.aborted) yield [{ event: "end", data: "{}" }];
}
