import { Elysia } from "elysia";
import { z } from "zod";
import type { AuditWriter } from "../db/access/audit-writer";
import {
  deleteFeedback,
  type ExportedFeedback,
  FEEDBACK_RATINGS,
  FEEDBACK_REASONS,
  listFeedback,
  upsertFeedback,
} from "../db/chat/feedback";
import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import { hasScope } from "../principal";
import { recordAudit } from "./http/audit";
import { principalOf, type QuestionSettings, seesQuestions, viewerOf } from "./http/auth";
import { jsonBody } from "./http/json-body";
import { ById, Id, Json, PageQuery, pageOf, Time } from "./http/schemas";

const CitationNumber = z.int().min(1).max(1_000_000);
const NewFeedback = z
  .strictObject({
    rating: z.enum(FEEDBACK_RATINGS),
    reason: z.enum(FEEDBACK_REASONS).nullable().default(null),
    comment: z.string().trim().max(2_000).nullable().default(null),
    citation: CitationNumber.nullable()
      .default(null)
      .describe("The number of the rated citation; null: the whole answer"),
  })
  .meta({ id: "NewFeedback" });

const FeedbackFields = z.object({
  id: Id,
  session_id: Id,
  message_id: Id,
  citation: z.int().nullable().describe("The number of the rated citation; null: the answer"),
  rating: z.enum(FEEDBACK_RATINGS),
  reason: z.enum(FEEDBACK_REASONS).nullable(),
  comment: z.string().nullable(),
  created_at: Time,
  updated_at: Time,
});
const Feedback = FeedbackFields.meta({ id: "Feedback" });
const ExportedFeedbackItem = FeedbackFields.extend({
  question: z.string().nullable().describe("Null if the caller cannot read conversations"),
  answer: z.string().nullable(),
  citations: z.array(Json).describe("The citations of the answer, as they were when it was rated"),
  references: z.array(Json).describe("All passages that were retrieved for the answer"),
  model: z.string().nullable(),
}).meta({ id: "ExportedFeedback" });

const ExportQuery = PageQuery.extend({
  rating: z.enum(FEEDBACK_RATINGS).optional(),
  format: z
    .enum(["json", "jsonl"])
    .default("json")
    .describe("jsonl: all ratings, one JSON object in each line, without pages"),
});
const WithdrawQuery = z.object({
  citation: z.coerce.number().int().min(1).max(1_000_000).optional(),
});

/** Ratings in one statement of a JSONL export. */
const EXPORT_BATCH = 200;

type FeedbackRouteDeps = { db: Sql; audit: AuditWriter; config: QuestionSettings };

/** Ratings of answers and citations, and their export for evaluation. */
export const feedbackRoutes = ({ db, audit, config }: FeedbackRouteDeps) =>
  new Elysia({ prefix: "/api", tags: ["Chat"] })
    .post(
      "/chat/messages/:id/feedback",
      ({ params, body, request }) => {
        const { user_id } = principalOf(request);
        const comment = body.comment || null;
        return upsertFeedback(db, { ...body, comment, message_id: params.id, user_id });
      },
      {
        parse: jsonBody,
        params: ById,
        body: NewFeedback,
        response: Feedback,
        detail: {
          summary: "Rate an answer, or one of its citations",
          description:
            "Each person has one rating for an answer and one for each citation; a later one replaces it. " +
            "The answer is stored as it is now, so the rating stays when the answer is generated again.",
        },
      },
    )
    .delete(
      "/chat/messages/:id/feedback",
      async ({ params, query, request, status }) => {
        const { user_id } = principalOf(request);
        const citation = query.citation ?? null;
        await deleteFeedback(db, { message_id: params.id, user_id, citation });
        return status(204, undefined);
      },
      {
        params: ById,
        query: WithdrawQuery,
        detail: { summary: "Withdraw a rating of an answer, or of the named citation" },
      },
    )
    .get(
      "/courses/:id/feedback",
      async ({ params, query, request }) => {
        const { id: course_id } = await getCourse(db, params.id);
        const principal = principalOf(request);
        const showsText = hasScope(principal, "admin") || seesQuestions(principal, config);
        const { rating, format } = query;
        const filter = { course_id, viewer: viewerOf(request), ...(rating && { rating }) };
        recordAudit(audit, request, { event_type: "feedback.exported", course_id });
        if (format === "json") {
          const page = await listFeedback(db, filter, query);
          return { ...page, items: page.items.map((item) => toExported(item, showsText)) };
        }
        const nextPage = (cursor: string | undefined) =>
          listFeedback(db, filter, { limit: EXPORT_BATCH, ...(cursor && { cursor }) });
        return new Response(toLines(nextPage, showsText), {
          headers: {
            "content-type": "application/jsonl; charset=utf-8",
            "content-disposition": `attachment; filename="feedback-${course_id}.jsonl"`,
          },
        }) as never;
      },
      {
        params: ById,
        query: ExportQuery,
        response: pageOf(ExportedFeedbackItem),
        detail: {
          summary: "Export the ratings of a course, newest first, without names",
          description:
            "Administrators, and teachers if TEACHERS_SEE_QUESTIONS is true, also get the questions and answers.",
          responses: {
            200: { description: "The ratings", content: { "application/jsonl": {} } },
          },
        },
      },
    );

/** Without the texts of the conversation for callers who cannot read it. */
function toExported({ metadata, ...feedback }: ExportedFeedback, showsText: boolean) {
  const { citations, references, model } = metadata;
  return {
    ...feedback,
    ...(!showsText && { question: null, answer: null }),
    citations: citations as Record<string, unknown>[],
    references: references as Record<string, unknown>[],
    model,
  };
}

type NextPage = (
  cursor: string | undefined,
) => Promise<{ items: ExportedFeedback[]; next_cursor: string | null }>;

/** One JSON object in each line, read in batches while the client reads. */
function toLines(nextPage: NextPage, showsText: boolean): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let cursor: string | null | undefined;
  return new ReadableStream({
    async pull(controller) {
      const { items, next_cursor } = await nextPage(cursor ?? undefined);
      cursor = next_cursor;
      const lines = items.map((item) => `${JSON.stringify(toExported(item, showsText))}\n`);
      if (lines.length > 0) controller.enqueue(encoder.encode(lines.join("")));
      if (cursor === null) controller.close();
    },
  });
}
