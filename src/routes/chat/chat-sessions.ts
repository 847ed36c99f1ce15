import { Elysia } from "elysia";
import type { z } from "zod";
import type { LiveRuns } from "../../chat/run/live-runs";
import { toMarkdown } from "../../chat/thread/export-markdown";
import type { AuditWriter } from "../../db/access/audit-writer";
import { findOwner } from "../../db/access/owners";
import {
  deleteSession,
  getSession,
  listSessions,
  renameSession,
} from "../../db/chat/chat-sessions";
import type { Sql } from "../../db/client";
import { getCourse } from "../../db/courses";
import { AppError } from "../../errors";
import { ownConversations } from "../../principal";
import { withAbsoluteUrls } from "../../text/absolute-urls";
import { auditSender, recordAudit } from "../http/audit";
import { principalOf, type QuestionSettings, seesQuestions, viewerOf } from "../http/auth";
import { jsonBody } from "../http/json-body";
import { ownBaseUrl } from "../http/own-origin";
import { ById, Id, PageQuery, pageOf } from "../http/schemas";
import { Session, SessionChange, SessionSummary, Stopped, WholeSession } from "./chat-schemas";

type ChatSessionDeps = {
  db: Sql;
  runs: LiveRuns;
  audit: AuditWriter;
  config: QuestionSettings & { PUBLIC_URL?: string | undefined };
};

/** Stored conversations: list, read, export, rename, stop, delete. */
export const chatSessionRoutes = ({ db, runs, audit, config }: ChatSessionDeps) =>
  new Elysia({ prefix: "/sessions" })
    .get(
      "",
      async ({ query, request }) => {
        const course = await getCourse(db, query.course_id);
        const principal = principalOf(request);
        const owner = seesQuestions(principal, config) ? "all" : ownConversations(principal);
        return listSessions(db, course.id, owner, query);
      },
      {
        query: PageQuery.extend({ course_id: Id }),
        response: pageOf(SessionSummary),
        detail: {
          summary: "List a course's conversations, newest first",
          description:
            "Users of the institution's login: their own. With an API key: those of the user in `X-User-Id`, " +
            "or without that header those without a user. Administrators: all. Teachers: all, without names, " +
            "if TEACHERS_SEE_QUESTIONS is true.",
        },
      },
    )
    .get(
      "/:id",
      async ({ params, request }) => {
        const session = await readSession(db, params.id, request);
        const is_answering = runs.find(params.id) !== undefined;
        return withAbsoluteUrls({ ...session, is_answering }, ownBaseUrl(request, config));
      },
      {
        params: ById,
        response: WholeSession,
        detail: { summary: "Get a conversation with its messages" },
      },
    )
    .get(
      "/:id/export",
      async ({ params, request }) => {
        const session = await readSession(db, params.id, request);
        const { id: target, course_id } = session;
        recordAudit(audit, request, { event_type: "session.exported", target, course_id });
        return new Response(toMarkdown(session, ownBaseUrl(request, config)), {
          headers: {
            "content-type": "text/markdown; charset=utf-8",
            "content-disposition": `attachment; filename="chat-${session.id}.md"`,
            "x-content-type-options": "nosniff",
          },
        });
      },
      {
        params: ById,
        detail: {
          summary: "Export a conversation as Markdown with links to its sources",
          responses: { 200: { description: "The conversation", content: { "text/markdown": {} } } },
        },
      },
    )
    .patch("/:id", async ({ params, body }) => renameSession(db, params.id, body.session_label), {
      parse: jsonBody,
      params: ById,
      body: SessionChange,
      response: Session,
      detail: { summary: "Rename a conversation" },
    })
    .post(
      "/:id/stop",
      async ({ params, request }) => {
        const stopped = await runs.stop(params.id, "stopped by the reader");
        if (!stopped && !(await findOwner(db, "session", params.id, viewerOf(request))))
          throw new AppError("session_not_found");
        return { stopped };
      },
      {
        params: ById,
        response: Stopped,
        detail: {
          summary: "Stop the answer that is being written in a conversation",
          description:
            "Stops the model at once and stores the partial answer. Needed only for runs with `linger_ms`; " +
            "others stop when their last reader disconnects.",
        },
      },
    )
    .delete(
      "/:id",
      async ({ params, request, status }) => {
        await runs.stop(params.id, "deleted");
        await deleteSession(db, params.id, auditSender(request));
        return status(204, undefined);
      },
      { params: ById, detail: { summary: "Delete a conversation permanently" } },
    );

async function readSession(db: Sql, id: string, request: Request) {
  const { messages, ...session } = await getSession(db, id, viewerOf(request));
  const shown = messages.map(({ id, role, content, metadata, created_at }) => {
    const { citations = [], unsupported, ...more } = metadata;
    const verdicts = unsupported && { unsupported };
    return { id, role, content, created_at, citations, ...verdicts, metadata: more };
  });
  return { ...session, messages: shown } as Omit<z.infer<typeof WholeSession>, "is_answering">;
}
