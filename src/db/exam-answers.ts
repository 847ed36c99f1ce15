import type { Sql } from "./client";

/** Answers are used again for this long, and only while no job has changed the course. */
const KEPT = "1 day";

/**
 * The answers of an exam of a course that has not ended, by fingerprint. Answers from before the last change of a job
 * of the course are left out, because its material can be another one now.
 */
export async function listExamAnswers<Answer>(
  sql: Sql,
  course_id: string,
): Promise<Map<string, Answer>> {
  const rows = await sql<{ fingerprint: string; answer: Answer }[]>`
    select fingerprint, answer from exam_answers a
    where course_id = ${course_id} and created_at > now() - ${KEPT}::interval
      and not exists (select from jobs j where j.course_id = a.course_id and j.updated_at > a.created_at)`;
  return new Map(rows.map(({ fingerprint, answer }) => [fingerprint, answer]));
}

/** Keeps an answer until its exam ends. A deleted course keeps none. */
export async function keepExamAnswer(
  sql: Sql,
  course_id: string,
  fingerprint: string,
  answer: object,
): Promise<void> {
  await sql`
    insert into exam_answers (course_id, fingerprint, answer)
    select id, ${fingerprint}, ${sql.json(answer as never)}::jsonb from courses where id = ${course_id}
    on conflict (course_id, fingerprint) do update set answer = excluded.answer, created_at = excluded.created_at`;
}

/** Deletes the answers that no attempt uses again: they quote the material of their course. */
export async function pruneExamAnswers(sql: Sql): Promise<void> {
  await sql`delete from exam_answers where created_at < now() - ${KEPT}::interval`;
}
