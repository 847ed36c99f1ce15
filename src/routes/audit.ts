import { Elysia } from "elysia";
import { z } from "zod";
import { AUDIT_EVENT_TYPES, listAuditEvents } from "../db/access/audit";
import type { Sql } from "../db/client";
import { Moment } from "./http/release-schema";
import { Id, Json, PageQuery, pageOf, Time } from "./http/schemas";

const EventType = z.enum(AUDIT_EVENT_TYPES);

const AuditEventItem = z
  .object({
    id: Id,
    event_type: EventType,
    key_id: z
      .string()
      .nullable()
      .describe("The key of the request; `bootstrap` is that of the settings"),
    key_name: z.string().nullable(),
    user_id: Id.nullable().describe(
      "The user of the request; a pseudonym after that user was erased",
    ),
    address: z
      .string()
      .nullable()
      .describe("The client's address; only of refused requests without a known key or user"),
    route: z.string().nullable(),
    request_id: z.string().nullable().describe("For `auth.denied`: of the first request"),
    course_id: Id.nullable(),
    target: z
      .string()
      .nullable()
      .describe("The id of the key, asset, conversation or user that the event is about"),
    details: Json,
    count: z.int().describe("Number of refused requests of this sender in this minute"),
    created_at: Time,
  })
  .meta({ id: "AuditEvent" });

const AuditQuery = PageQuery.extend({
  event_type: EventType.optional(),
  key_id: z
    .string()
    .max(100)
    .optional()
    .describe("The key of the request, or the key that was changed"),
  user_id: Id.optional().describe("The user of the request, or the user that the event is about"),
  course_id: Id.optional(),
  since: Moment.optional().describe("Events at or after this time"),
  until: Moment.optional().describe("Events before this time"),
});

/** Who changed access, deleted, exported or was refused, for administrators. */
export const auditRoutes = ({ db }: { db: Sql }) =>
  new Elysia({ prefix: "/api/audit", tags: ["Operation"] }).get(
    "",
    ({ query }) => listAuditEvents(db, query, query),
    {
      query: AuditQuery,
      response: pageOf(AuditEventItem),
      detail: {
        summary: "List audit events, newest first",
        description:
          "Keys, share links, signed addresses, deletions, exports, changed budgets and refused requests. Events have ids only, never keys, questions or texts.",
      },
    },
  );
