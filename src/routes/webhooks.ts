import { Elysia } from "elysia";
import { z } from "zod";
import type { Config } from "../config";
import type { AuditEventType } from "../db/access/audit";
import type { AuditWriter } from "../db/access/audit-writer";
import type { Sql } from "../db/client";
import {
  deleteWebhookEndpoint,
  getWebhookEndpoint,
  getWebhookTarget,
  insertWebhookEndpoint,
  listWebhookEndpoints,
  rotateWebhookSecret,
  updateWebhookEndpoint,
  WEBHOOK_EVENT_TYPES,
} from "../db/webhooks/endpoints";
import { hurryWebhook, listWebhookMessages, replayWebhook } from "../db/webhooks/messages";
import { assertPublicUrl } from "../media/fetch/assert-public-url";
import type { GuardedFetch } from "../media/fetch/guarded-fetch";
import { sendWebhook } from "../providers/webhooks/send";
import { createWebhookSecret } from "../providers/webhooks/signature";
import { recordAudit } from "./http/audit";
import { IdempotencyHeaders, once } from "./http/idempotency";
import { jsonBody, optionalJsonBody } from "./http/json-body";
import { ById, Id, PageQuery, Time } from "./http/schemas";
import { Rotation } from "./keys";

const Url = z
  .string()
  .trim()
  .min(1)
  .max(2_000)
  .describe("https, on the usual port, at a public host");
const EventTypes = z
  .array(z.enum(WEBHOOK_EVENT_TYPES))
  .min(1)
  .transform((types) => [...new Set(types)])
  .nullable()
  .describe("Null: all types, also those that are added later");
const Description = z.string().trim().max(300).nullable();

const NewWebhook = z
  .strictObject({
    url: Url,
    course_id: Id.optional().describe("Only events of this course; unset: of all courses"),
    event_types: EventTypes.default(null),
    description: Description.default(null),
  })
  .meta({ id: "NewWebhook" });
const WebhookChange = z
  .strictObject({
    url: Url,
    event_types: EventTypes,
    description: Description,
    enabled: z.boolean().describe("true also sends the waiting messages at once"),
  })
  .partial()
  .meta({ id: "WebhookChange" });

const WebhookFields = z.object({
  id: Id,
  course_id: Id.nullable().describe("Null: all courses"),
  url: z.string(),
  description: z.string().nullable(),
  event_types: z.array(z.enum(WEBHOOK_EVENT_TYPES)).nullable(),
  enabled: z.boolean(),
  disabled_reason: z.string().nullable().describe("Why the server disabled the webhook"),
  last_sequence: z.int().describe("Of the newest message that was sent; 0 before the first"),
  waiting: z.int().describe("Messages that are not acknowledged"),
  failures: z.int().describe("Failed attempts since the last acknowledgement"),
  failing_since: Time.nullable(),
  last_error: z.string().nullable(),
  next_attempt_at: Time,
  created_at: Time,
  updated_at: Time,
});
const Webhook = WebhookFields.meta({ id: "Webhook" });
const WebhookWithSecret = WebhookFields.extend({
  secret: z.string().describe("Verifies signatures. It is shown only here: store it now"),
}).meta({ id: "WebhookWithSecret" });

const Message = z
  .object({
    message_id: z.string().describe("The header `webhook-id`, the same in every attempt"),
    sequence: z.int().nullable().describe("Null before the first attempt"),
    event_type: z.enum(WEBHOOK_EVENT_TYPES),
    course_id: Id.nullable(),
    attempts: z.int(),
    acknowledged_at: Time.nullable(),
    created_at: Time,
  })
  .meta({ id: "WebhookMessage" });
const Sequence = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const TestResult = z
  .object({
    delivered: z.boolean(),
    status: z.int().nullable().describe("Of the response; null without one"),
    error: z.string().nullable(),
  })
  .meta({ id: "WebhookTestResult" });

type WebhookRouteDeps = {
  db: Sql;
  audit: AuditWriter;
  webhookFetch: GuardedFetch;
  config: Pick<Config, "WEBHOOK_ALLOWED_HOSTS">;
};

/** Addresses that get events, for administrators. */
export const webhookRoutes = ({ db, audit, webhookFetch, config }: WebhookRouteDeps) => {
  const assertUrl = (url: string) => assertPublicUrl(url, config.WEBHOOK_ALLOWED_HOSTS, "url");
  const record = (
    request: Request,
    event_type: AuditEventType,
    { id, course_id }: { id: string; course_id: string | null },
  ) => recordAudit(audit, request, { event_type, target: id, course_id });

  return new Elysia({ prefix: "/api/webhooks", tags: ["Events"] })
    .post(
      "",
      async ({ body, request, status }) => {
        assertUrl(body.url);
        const answer = await once(db, request, body, async () => {
          const secret = createWebhookSecret();
          const course_id = body.course_id ?? null;
          const created = await insertWebhookEndpoint(db, { ...body, course_id, secret });
          record(request, "webhook.created", created);
          return { status: 201, body: { ...created, secret } };
        });
        return status(201, answer.body);
      },
      {
        parse: jsonBody,
        body: NewWebhook,
        headers: IdempotencyHeaders,
        response: { 201: WebhookWithSecret },
        detail: {
          summary: "Send events to an address",
          description:
            "Messages are signed as in Standard Webhooks and sent in order, one at a time. A message that is not acknowledged with a " +
            "status of 200 to 299 within 10 seconds is sent again, with the same `webhook-id`, until it is. " +
            "See docs/webhooks.md.",
        },
      },
    )
    .get("", async ({ query }) => ({ items: await listWebhookEndpoints(db, query.course_id) }), {
      query: z.object({ course_id: Id.optional() }),
      response: z.object({ items: z.array(Webhook) }),
      detail: { summary: "List webhooks, newest first, without their secrets" },
    })
    .get("/:id", ({ params }) => getWebhookEndpoint(db, params.id), {
      params: ById,
      response: Webhook,
      detail: { summary: "Get a webhook with its failures and the number of waiting messages" },
    })
    .patch(
      "/:id",
      async ({ params, body, request }) => {
        if (body.url !== undefined) assertUrl(body.url);
        const changed = await updateWebhookEndpoint(db, params.id, body);
        record(request, "webhook.changed", changed);
        return changed;
      },
      {
        parse: jsonBody,
        params: ById,
        body: WebhookChange,
        response: Webhook,
        detail: {
          summary: "Change, disable or enable a webhook",
          description:
            "A disabled webhook collects messages. It gets them when it is enabled again.",
        },
      },
    )
    .delete(
      "/:id",
      async ({ params, request, status }) => {
        const { course_id } = await getWebhookEndpoint(db, params.id);
        await deleteWebhookEndpoint(db, params.id);
        record(request, "webhook.deleted", { id: params.id, course_id });
        return status(204, undefined);
      },
      { params: ById, detail: { summary: "Delete a webhook with its messages" } },
    )
    .post(
      "/:id/rotate",
      async ({ params, body, request, status }) => {
        const secret = createWebhookSecret();
        const overlapSeconds = body.overlap_hours * 3_600;
        const rotated = await rotateWebhookSecret(db, params.id, { secret, overlapSeconds });
        record(request, "webhook.rotated", rotated);
        return status(201, { ...rotated, secret });
      },
      {
        params: ById,
        parse: optionalJsonBody,
        body: Rotation,
        response: { 201: WebhookWithSecret },
        detail: {
          summary: "Replace the secret of a webhook; the old one signs too for a while",
        },
      },
    )
    .post(
      "/:id/test",
      async ({ params, request }) => {
        const now = new Date();
        const test = {
          ...(await getWebhookTarget(db, params.id)),
          id: `msg_${crypto.randomUUID()}`,
          type: "webhook.test",
          occurred_at: now.toISOString(),
          sequence: null,
          course_id: null,
          data: { webhook_id: params.id },
        };
        const { signal } = request;
        const result = await sendWebhook(webhookFetch, test, { now, signal });
        if (result.delivered) await hurryWebhook(db, params.id);
        const { delivered, status } = result;
        return { delivered, status, error: result.delivered ? null : result.error };
      },
      {
        params: ById,
        response: TestResult,
        detail: {
          summary: "Send a test message now",
          description:
            "The message has the type `webhook.test` and no sequence. If it is acknowledged, waiting messages are sent at once.",
        },
      },
    )
    .post(
      "/:id/replay",
      async ({ params, body, status }) => {
        const replayed = await replayWebhook(db, params.id, body.from_sequence);
        return status(202, { replayed });
      },
      {
        params: ById,
        parse: jsonBody,
        body: z.strictObject({ from_sequence: z.int().min(1) }),
        response: { 202: z.object({ replayed: z.int().describe("Messages that are sent again") }) },
        detail: {
          summary: "Send all messages again from a sequence on",
          description:
            "In their order and with their former ids. Messages are kept for EVENT_RETENTION_DAYS.",
        },
      },
    )
    .get(
      "/:id/messages",
      async ({ params, query }) => {
        const { id } = await getWebhookEndpoint(db, params.id);
        const items = await listWebhookMessages(db, id, query);
        return { items };
      },
      {
        params: ById,
        query: z.object({ after: Sequence.default(0), limit: PageQuery.shape.limit }),
        response: z.object({ items: z.array(Message) }),
        detail: {
          summary: "List the messages of a webhook after a sequence, in their order",
          description: "Messages that were not sent yet have no sequence and are at the end.",
        },
      },
    );
};
