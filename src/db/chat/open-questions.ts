import type { Sql } from "../client";

/** A question without a good answer: the course does not cover it, or a person rated the answer as bad. */
export type OpenQuestion = {
  question: string;
  /** Null if the client names no person. */
  user_id: string | null;
  reason: "refused" | "rated_down";
};

/** Of one person, so that a person who asks hundreds does not displace the others. */
const MOST_OF_ONE = 20;

/**
 * The questions of a course in the last `days` without a good answer, newest first, each once, and at most 20 of one
 * person. Refused as `isUnanswered` decides: the answer is complete, every search found nothing that covers the
 * question, and a model cited nothing.
 */
export async function listOpenQuestions(
  sql: Sql,
  { course_id, days, limit }: { course_id: string; days: number; limit: number },
): Promise<OpenQuestion[]> {
  return sql<OpenQuestion[]>`
    with asked as (
      select q.id, q.content as question, s.user_id, q.created_at
      from chat_sessions s join chat_messages q on q.session_id = s.id
      where s.course_id = ${course_id} and q.role = 'user' and btrim(q.content) <> ''
        and q.created_at > now() - make_interval(days => ${days})
    ),
    refused as (
      select asked.*, 'refused' as reason from asked
      join lateral (
        select bool_or(a.metadata ->> 'status' = 'complete') as is_complete,
               bool_or(a.metadata ->> 'model' = 'local:extractive') as is_extractive,
               bool_or(jsonb_array_length(coalesce(nullif(a.metadata -> 'citations', 'null'), '[]')) > 0) as cites
        from chat_messages a where a.turn_id = asked.id
      ) answer on true
      join lateral (
        -- Our own JSON: inside a passage the quotes would be escaped.
        select bool_and(coalesce(
                 position('"covered":false' in (call -> 'result' ->> 'content')) > 0
                 or position('"passages":[]' in (call -> 'result' ->> 'content')) > 0, false)) as found_nothing
        from chat_messages a cross join lateral jsonb_array_elements(a.metadata -> 'tool_calls') c (call)
        where a.turn_id = asked.id and call ->> 'name' in ('search_lectures', 'search_slides')
      ) search on true
      where answer.is_complete and search.found_nothing and (answer.is_extractive or not answer.cites)
    ),
    rated as (
      select distinct on (f.session_id, f.question)
             f.id, f.question, coalesce(f.user_id, s.user_id) as user_id, f.created_at, 'rated_down' as reason
      from message_feedback f join chat_sessions s on s.id = f.session_id
      where s.course_id = ${course_id} and f.rating = 'down'
        and f.created_at > now() - make_interval(days => ${days})
      order by f.session_id, f.question, f.created_at desc
    )
    select question, user_id, reason from (
      select *, row_number() over (partition by user_id order by created_at desc, id) as number_of_person from (
        select distinct on (question, user_id) * from (
          select * from refused union all select * from rated
        ) every_reason
        order by question, user_id, reason desc, created_at desc
      ) once
    ) open
    where user_id is null or number_of_person <= ${MOST_OF_ONE}
    order by created_at desc, id limit ${limit}`;
}
