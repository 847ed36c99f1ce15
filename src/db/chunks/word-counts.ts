import type { Sql } from "../client";

/** From so many chunks on, a course has counts: the chunks of smaller courses are all ranked. */
const LEAST_CHUNKS = 500;
/** Words in fewer chunks are not stored: they are as good as unknown. */
const LEAST_MATCHES = 10;
/** Chunks that are read to count words. */
const SAMPLE = 20_000;
/** Courses that are counted in one run; each takes up to a few seconds. */
const COURSES_PER_RUN = 10;

/**
 * Counts the words of courses that have grown or shrunk by a tenth since their last count, and of all courses
 * together. Search works without counts and with old ones: then it ranks more chunks, or others.
 *
 * @returns the number of counts
 */
export async function refreshWordCounts(sql: Sql): Promise<number> {
  const due = await sql<{ course_id: string | null; chunks: number }[]>`
    with per_course as (
      select course_id, count(*)::int as chunks from (
        select course_id from lecture_chunks union all select course_id from slide_chunks
      ) chunk group by course_id
    ),
    present as (
      select course_id, chunks from per_course
      union all select null, coalesce(sum(chunks), 0)::int from per_course
    )
    select coalesce(p.course_id, s.course_id) as course_id, coalesce(p.chunks, 0) as chunks
    from present p full join word_count_states s on coalesce(s.course_id::text, '') = coalesce(p.course_id::text, '')
    where (s.chunks is null and p.chunks >= ${LEAST_CHUNKS})
      or abs(coalesce(p.chunks, 0) - s.chunks) > s.chunks / 10.0
    order by chunks desc limit ${COURSES_PER_RUN}`;
  for (const { course_id, chunks } of due) {
    await sql`select count_words(${course_id}::uuid, ${chunks}, ${LEAST_MATCHES}, ${SAMPLE})`;
  }
  return due.length;
}
