import { Elysia } from "elysia";
import { z } from "zod";
import type { AuditWriter } from "../db/access/audit-writer";
import { eraseUser, exportUser, findUsers } from "../db/access/user-data";
import type { UserDirectory } from "../db/access/users";
import type { Sql } from "../db/client";
import { auditSender, recordAudit } from "./http/audit";
import { ById, Id, Json, PageQuery, Time } from "./http/schemas";

const User = z
  .object({
    id: Id,
    issuer: z.string().describe("Of the person's tokens; `x-user-id` for names from that header"),
    subject: z.string().describe("The person's name at the issuer"),
    email: z.string().nullable(),
    display_name: z.string().nullable(),
    created_at: Time,
  })
  .meta({ id: "User" });

const UserQuery = z.object({
  limit: PageQuery.shape.limit,
  subject: z.string().max(300).optional(),
  email: z.string().max(300).optional(),
});

type UserRouteDeps = { db: Sql; users: UserDirectory; audit: AuditWriter };

/** The people who ask questions: export and erase what is stored about them. */
export const userRoutes = ({ db, users, audit }: UserRouteDeps) =>
  new Elysia({ prefix: "/api/users", tags: ["Keys"] })
    .get("", async ({ query }) => ({ items: await findUsers(db, query, query.limit) }), {
      query: UserQuery,
      response: z.object({ items: z.array(User) }),
      detail: { summary: "Find people by their name or email, newest first" },
    })
    .get(
      "/:id/export",
      async ({ params, request }) => {
        const data = await exportUser(db, params.id);
        recordAudit(audit, request, { event_type: "user.exported", target: params.id });
        return data;
      },
      {
        params: ById,
        response: z
          .object({
            user: User,
            conversations: z.array(Json),
            feedback: z.array(Json),
            assets: z.array(Json),
          })
          .meta({ id: "UserData" }),
        detail: { summary: "Export everything that is stored about one person" },
      },
    )
    .delete(
      "/:id",
      async ({ params, request, status }) => {
        await eraseUser(db, params.id, auditSender(request));
        users.forget(params.id.toLowerCase());
        return status(204, undefined);
      },
      {
        params: ById,
        detail: {
          summary: "Erase one person: conversations, feedback, personal material, name and email",
          description: "Maintenance removes the files of personal material within minutes.",
        },
      },
    );
