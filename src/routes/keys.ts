import { Elysia } from "elysia";
import { z } from "zod";
import type { Config } from "../config";
import type { KeyRing } from "../db/access/key-ring";
import {
  insertKey,
  type KeyRotation,
  listKeys,
  type NewKeyFields,
  revokeKey,
  rotateKey,
} from "../db/access/keys";
import type { Sql } from "../db/client";
import { AppError } from "../errors";
import { type AccessScope, SCOPES } from "../principal";
import { auditSender } from "./http/audit";
import { principalOf } from "./http/auth";
import { jsonBody, optionalJsonBody } from "./http/json-body";
import { Id, nameOf, Time } from "./http/schemas";

export const KeyId = z
  .string()
  .regex(/^[0-9A-Za-z]{8}$/, "must be the id of a key, 8 letters and digits");
const ByKeyId = z.object({ key_id: KeyId });
const Scopes = z
  .array(z.enum(SCOPES))
  .min(1)
  .transform((scopes) => [...new Set(scopes)]);

/** 100 years. */
const MAX_DAYS = 36_500;
const MAX_OVERLAP_HOURS = 24 * 30;
const RatePerMinute = z.int().min(1).max(1_000_000);

export const NewKey = z
  .strictObject({
    name: nameOf(100).describe("Who or what uses the key"),
    scopes: Scopes.describe("`admin` includes the others"),
    course_ids: z
      .array(Id)
      .min(1)
      .max(1_000)
      .optional()
      .describe("The only courses that exist for this key; unset: all courses"),
    rate_per_minute: RatePerMinute.optional().describe(
      "Requests a minute of all scopes together; unset: the limits of RATE_LIMITS",
    ),
    expires_in_days: z.int().min(1).max(MAX_DAYS).optional().describe("Unset: no expiry"),
  })
  .refine(({ scopes, course_ids }) => !(course_ids && scopes.includes("admin")), {
    path: ["course_ids"],
    message: "an admin key reaches all courses: leave out the scope admin or the courses",
  });

export type NewKey = z.output<typeof NewKey>;

export const Rotation = z.strictObject({
  overlap_hours: z
    .number()
    .min(0)
    .max(MAX_OVERLAP_HOURS)
    .default(24)
    .describe("How long the old key stays valid"),
  rate_per_minute: RatePerMinute.nullable()
    .optional()
    .describe("Of the new key; unset: the rate of the old key; null: the limits of RATE_LIMITS"),
});

export type Rotation = z.output<typeof Rotation>;

const KeyFields = z.object({
  key_id: z.string().describe("The public part of the key"),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  course_ids: z.array(Id).nullable().describe("Null: all courses"),
  rate_per_minute: z.int().nullable().describe("Null: the limits of RATE_LIMITS"),
  expires_at: Time.nullable(),
  revoked_at: Time.nullable(),
  last_used_at: Time.nullable().describe("Updated at most once a minute"),
  created_at: Time,
});
const Key = KeyFields.meta({ id: "ApiKey" });
const IssuedKey = KeyFields.extend({
  key: z.string().describe("The whole key. It is shown only here: store it now"),
}).meta({ id: "IssuedApiKey" });

type KeyRouteDeps = { db: Sql; keys: KeyRing; config: Pick<Config, "AUTH"> };

/** API keys, for administrators. */
export const keyRoutes = ({ db, keys, config }: KeyRouteDeps) =>
  new Elysia({ prefix: "/api/keys", tags: ["Keys"] })
    .get("", async () => ({ items: await listKeys(db) }), {
      response: z.object({ items: z.array(Key) }),
      detail: { summary: "List the API keys, newest first, without their secrets" },
    })
    .post(
      "",
      async ({ body, request, status }) => {
        if (isFirstKey(request, config)) requireAdminScope(body.scopes);
        const issued = await insertKey(db, toKeyFields(body), auditSender(request));
        await keys.reload();
        return status(201, issued);
      },
      {
        parse: jsonBody,
        body: NewKey,
        response: { 201: IssuedKey },
        detail: {
          summary: "Create an API key",
          description:
            "After the first key was created, AUTH=auto asks for a key on loopback addresses too.",
        },
      },
    )
    .post(
      "/:key_id/rotate",
      async ({ params, body, request, status }) => {
        const issued = await rotateKey(
          db,
          params.key_id,
          toKeyRotation(body),
          auditSender(request),
        );
        await keys.reload();
        return status(201, issued);
      },
      {
        params: ByKeyId,
        parse: optionalJsonBody,
        body: Rotation,
        response: { 201: IssuedKey },
        detail: {
          summary: "Replace an API key; the old one stays valid for a while",
          description:
            "The new key has the name, scopes, courses, rate and lifetime of the old one.",
        },
      },
    )
    .delete(
      "/:key_id",
      async ({ params, request, status }) => {
        await revokeKey(db, params.key_id, auditSender(request));
        await keys.reload();
        return status(204, undefined);
      },
      {
        params: ByKeyId,
        detail: {
          summary: "Revoke an API key",
          description:
            "Effective at once on this process and within 10 seconds on others. Running streams of the key end.",
        },
      },
    );

/** Keys are required as soon as this one exists. */
const isFirstKey = (request: Request, { AUTH }: Pick<Config, "AUTH">) =>
  AUTH === "auto" && principalOf(request).kind === "open";

/** @throws AppError `request_invalid` for a key that would lock its creator out */
function requireAdminScope(scopes: readonly AccessScope[]): void {
  if (scopes.includes("admin")) return;
  const message = "the first key must have the scope admin: keys are required after it";
  throw new AppError("request_invalid", { fields: [{ path: "scopes", message }] });
}

/** The columns of a new key. */
export const toKeyFields = (key: NewKey): NewKeyFields => ({
  name: key.name,
  scopes: key.scopes,
  course_ids: key.course_ids ?? null,
  rate_per_minute: key.rate_per_minute ?? null,
  expires_at: inDays(key.expires_in_days),
});

export const toKeyRotation = ({ overlap_hours, rate_per_minute }: Rotation): KeyRotation => ({
  overlapSeconds: overlap_hours * 3_600,
  rate_per_minute,
});

const inDays = (days: number | undefined): string | null =>
  days === undefined ? null : new Date(Date.now() + days * 86_400_000).toISOString();
