import { Elysia } from "elysia";
import { z } from "zod";
import type { Config } from "../config";
import type { KeyRing } from "../db/access/key-ring";
import { insertShareLink, listShareLinks, revokeShareLink } from "../db/access/share-links";
import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import { AppError } from "../errors";
import { auditSender } from "./http/audit";
import { principalOf, requireCourse } from "./http/auth";
import { jsonBody } from "./http/json-body";
import { ownOrigin } from "./http/own-origin";
import { Id, nameOf, Time } from "./http/schemas";

const DEFAULT_HOURS = 24;

const NewShareLink = z.strictObject({
  course_id: Id,
  name: nameOf(100).default("Share link"),
  expires_in_hours: z
    .number()
    .positive()
    .optional()
    .describe("Default 24; at most SHARE_LINK_MAX_HOURS"),
});

const LinkFields = z.object({
  key_id: z.string(),
  name: z.string(),
  course_id: Id,
  expires_at: Time,
  revoked_at: Time.nullable(),
  last_used_at: Time.nullable().describe("Updated at most once a minute"),
  created_at: Time,
});
const ShareLink = LinkFields.meta({ id: "ShareLink" });
const IssuedShareLink = LinkFields.extend({
  url: z.string().describe("The whole link. It is shown only here"),
}).meta({ id: "IssuedShareLink" });

type ShareLinkDeps = {
  db: Sql;
  keys: KeyRing;
  config: Pick<Config, "PUBLIC_URL" | "SHARE_LINK_MAX_HOURS">;
};

/** Links that open `/ag-ui` for one course without a login, for teachers and administrators. */
export const shareLinkRoutes = ({ db, keys, config }: ShareLinkDeps) =>
  new Elysia({ prefix: "/api/share-links", tags: ["Keys"] })
    .post(
      "",
      async ({ body, request, status }) => {
        requireCourse(request, body.course_id);
        const { id: course_id } = await getCourse(db, body.course_id);
        if (principalOf(request).kind === "open") {
          const message = "This server asks for no key: share the address of its page";
          throw new AppError("forbidden", { message });
        }
        const hours = toHours(body.expires_in_hours, config.SHARE_LINK_MAX_HOURS);
        const { key, ...link } = await insertShareLink(
          db,
          { ...body, course_id, hours },
          auditSender(request),
        );
        await keys.reload();
        // Browsers do not send a fragment, so the key is in no log.
        return status(201, { ...link, url: `${ownOrigin(request, config)}/ag-ui#key=${key}` });
      },
      {
        parse: jsonBody,
        body: NewShareLink,
        response: { 201: IssuedShareLink },
        detail: {
          summary: "Create a link to the chat of one course",
          description:
            "Everyone who has the link can ask questions and read released material until it expires. They cannot list or read conversations.",
        },
      },
    )
    .get("", async ({ query }) => ({ items: await listShareLinks(db, query.course_id) }), {
      query: z.object({ course_id: Id }),
      response: z.object({ items: z.array(ShareLink) }),
      detail: { summary: "List the share links of a course, newest first, without their secrets" },
    })
    .delete(
      "/:key_id",
      async ({ params, request, status }) => {
        const { course_ids } = principalOf(request);
        await revokeShareLink(db, params.key_id, course_ids, auditSender(request));
        await keys.reload();
        return status(204, undefined);
      },
      {
        params: z.object({ key_id: z.string().max(100) }),
        detail: {
          summary: "Revoke a share link",
          description: "Effective within 10 seconds. Running streams of the link end.",
        },
      },
    );

/** @throws AppError `request_invalid` above the maximum of the settings */
function toHours(wanted: number | undefined, most: number): number {
  const hours = wanted ?? Math.min(DEFAULT_HOURS, most);
  if (hours <= most) return hours;
  const fields = [{ path: "expires_in_hours", message: `must be at most ${most}` }];
  throw new AppError("request_invalid", { fields });
}
