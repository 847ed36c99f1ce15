import { AppError } from "../../errors";
import type { Viewer } from "../../principal";
import type { Sql } from "../client";
import { afterCursor, cursorOf, type Page, type PageRequest, toPage } from "../page";
import { withholdHidden } from "./withheld-citations";

export const FEEDBACK_RATINGS = ["up", "down"] as const;
export const FEEDBACK_REASONS = [
  "wrong",
  "incomplete",
  "not_in_course",
  "wrong_citation",
  "unclear",
  "other",
] as const;

export type FeedbackRating = (typeof FEEDBACK_RATINGS)[number];
export type FeedbackReason = (typeof FEEDBACK_REASONS)[number];

export type NewFeedback = {
  message_id: string;
  /** Null if the caller names no user. */
  user_id: string | null;
  /** The number of the rated citation; null for the whole answer. */
  citation: number | null;
  rating: FeedbackRating;
  reason: FeedbackReason | null;
  comment: string | null;
};

/** The rating of one person for an answer, or for one of its citations. */
export type Feedback = Omit<NewFeedback, "user_id"> & {
  id: string;
  session_id: string;
  created_at: string;
  updated_at: string;
};

/** A rating with the answer as it was rated. */
export type ExportedFeedback = Feedback & {
  question: string;
  answer: string;
  metadata: { citations: { number?: number }[]; references: unknown[]; model: string | null };
};

/** The answer of a message: the text and citations of all its steps. */
type RatedAnswer = Pick<ExportedFeedback, "session_id" | "question" | "answer" | "metadata">;

const feedbackColumns = (sql: Sql) => sql`
  id, session_id, message_id, citation, rating, reason, comment, created_at, updated_at`;

/**
 * Stores a rating together with the answer. It replaces the former rating of the same person for the same
 * answer or citation.
 *
 * @throws AppError `message_not_found` if no answer has this id; `request_invalid` if the answer has no
 *   citation of this number
 */
export async function upsertFeedback(sql: Sql, feedback: NewFeedback): Promise<Feedback> {
  const { message_id, user_id, citation, rating, reason, comment } = feedback;
  const { session_id, question, answer, metadata } = await getRatedAnswer(sql, message_id);
  if (citation !== null && !metadata.citations.some(({ number }) => number === citation)) {
    const message = `the answer has no citation ${citation}`;
    throw new AppError("request_invalid", { fields: [{ path: "citation", message }] });
  }
  const [stored] = await sql<Feedback[]>`
    insert into message_feedback
      (session_id, message_id, user_id, citation, rating, reason, comment, question, answer, metadata)
    select id, ${message_id}, ${user_id}::uuid, ${citation}::int, ${rating}, ${reason}, ${comment},
           ${question}, ${answer}, ${sql.json(metadata as never)}
    from chat_sessions where id = ${session_id}
    on conflict (message_id, user_id, citation) do update set
      rating = excluded.rating, reason = excluded.reason, comment = excluded.comment,
      question = excluded.question, answer = excluded.answer, metadata = excluded.metadata
    returning ${feedbackColumns(sql)}`;
  // The conversation was deleted after the check.
  if (!stored) throw new AppError("message_not_found");
  return stored;
}

async function getRatedAnswer(sql: Sql, message_id: string): Promise<RatedAnswer> {
  const [answer] = await sql<RatedAnswer[]>`
    select m.session_id, q.content as question,
      (select coalesce(string_agg(nullif(a.content, ''), E'\n\n' order by a.step), '')
       from chat_messages a where a.turn_id = m.turn_id) as answer,
      jsonb_build_object(
        'citations', (
          select coalesce(jsonb_agg(distinct c.citation), '[]') from chat_messages a,
            jsonb_array_elements(coalesce(a.metadata -> 'citations', '[]')) c (citation)
          where a.turn_id = m.turn_id),
        'references', coalesce((
          select a.metadata -> 'references' from chat_messages a
          where a.turn_id = m.turn_id order by a.step desc limit 1), '[]'),
        'model', m.metadata -> 'model') as metadata
    from chat_messages m join chat_messages q on q.id = m.turn_id
    where m.id = ${message_id} and m.role = 'assistant'`;
  if (!answer) throw new AppError("message_not_found");
  return answer;
}

/** Deletes a rating of one person, if there is one. */
export async function deleteFeedback(
  sql: Sql,
  { message_id, user_id, citation }: Pick<NewFeedback, "message_id" | "user_id" | "citation">,
): Promise<void> {
  await sql`
    delete from message_feedback
    where message_id = ${message_id} and user_id is not distinct from ${user_id}::uuid
      and citation is not distinct from ${citation}::int`;
}

/**
 * The ratings of a course with their answers, newest first, without the people who gave them. Quotes of
 * material that the viewer does not see are withheld.
 */
export async function listFeedback(
  sql: Sql,
  { course_id, rating, viewer }: { course_id: string; rating?: FeedbackRating; viewer: Viewer },
  { limit, cursor }: PageRequest,
): Promise<Page<ExportedFeedback>> {
  const rows = await sql<(ExportedFeedback & { cursor: string })[]>`
    select * from (
      select ${feedbackColumns(sql)}, question, answer, metadata, ${cursorOf(sql)}
      from message_feedback
      where session_id in (select s.id from chat_sessions s where s.course_id = ${course_id})
        ${rating === undefined ? sql`` : sql`and rating = ${rating}`}
    ) feedback
    where true ${afterCursor(sql, `feedback ${course_id}`, cursor)}
    order by created_at desc, id desc limit ${limit + 1}`;
  const page = toPage<ExportedFeedback>(rows, limit, `feedback ${course_id}`);
  return { ...page, items: await withholdHidden(sql, viewer, page.items) };
}
