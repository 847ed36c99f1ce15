import type { Sql } from "../../src/db/client";

export type BenchCourse = { id: string; chunks: number };

const COURSES = 20;
const CHUNKS_PER_ASSET = 100;

/**
 * Fills 20 courses of growing size, two thirds lectures and one third slides, smallest first.
 *
 * A word is the rarer the higher its number, as in speech. A vector is its topic's, and half of the
 * topics occur in several courses, plus noise of low rank.
 */
export async function fillCourses(sql: Sql, total: number, model: string): Promise<BenchCourse[]> {
  await sql`
    create table pool as
    select n, l2_normalize((select array_agg(random() - 0.5) from generate_series(1, 1536 + n * 0))::vector) as v
    from generate_series(0, 599) n`;
  const unit = total / ((COURSES * (COURSES + 1)) / 2);
  const courses: BenchCourse[] = [];
  for (let number = 1; number <= COURSES; number++) {
    courses.push(await fillCourse(sql, number, Math.round(unit * number), model));
  }
  await sql`reindex index lecture_chunks_embedding`;
  await sql`reindex index slide_chunks_embedding`;
  await sql`vacuum analyze`;
  return courses;
}

async function fillCourse(sql: Sql, number: number, chunks: number, model: string) {
  const [course] = await sql<{ id: string }[]>`
    insert into courses (name) values (${`Course ${number}`}) returning id`;
  const id = course!.id;
  const spoken = Math.round((chunks * 2) / 3);
  await sql`
    insert into lectures (course_id, source, title, metadata)
    select ${id}, 'upload', 'Lecture ' || n, jsonb_build_object('n', n)
    from generate_series(0, ${Math.ceil(spoken / CHUNKS_PER_ASSET)}::int) n`;
  await sql`
    insert into documents (course_id, filename, storage_url, size_bytes, sha256, metadata)
    select ${id}, n || '.pdf', n || '.pdf', 1, encode(sha256((${id} || n)::bytea), 'hex'),
           jsonb_build_object('n', n)
    from generate_series(0, ${Math.ceil((chunks - spoken) / CHUNKS_PER_ASSET)}::int) n`;
  await sql`
    insert into lecture_chunks (lecture_id, course_id, chunk_index, start_ms, end_ms, content,
                                text_config, embedding, embedding_model)
    select l.id, ${id}, i % ${CHUNKS_PER_ASSET}, i * 1000, i * 1000 + 900, ${content(sql)}, 'english',
           ${embedding(sql, number)}, ${model}
    from generate_series(0, ${spoken - 1}::int) i
    join lectures l on l.course_id = ${id} and (l.metadata->>'n')::int = i / ${CHUNKS_PER_ASSET}`;
  await sql`
    insert into slide_chunks (document_id, course_id, chunk_index, page_number, page_end, content,
                              text_config, embedding, embedding_model)
    select d.id, ${id}, i % ${CHUNKS_PER_ASSET}, i + 1, i + 1, ${content(sql)}, 'english',
           ${embedding(sql, number)}, ${model}
    from generate_series(0, ${chunks - spoken - 1}::int) i
    join documents d on d.course_id = ${id} and (d.metadata->>'n')::int = i / ${CHUNKS_PER_ASSET}`;
  return { id, chunks };
}

/** 80 words, of which the rare ones are many and seldom. */
const content = (sql: Sql) => sql`
  (select string_agg('w' || floor(exp(random() * ln(20000)))::int, ' ') from generate_series(1, 80 + i * 0))`;

/** Topics 0 to 199 of the pool: ten of each course's own, ten shared; the rest of the pool is noise. */
const embedding = (sql: Sql, course: number) => sql`
  (select l2_normalize(topic.v + a.v + b.v) from pool topic, pool a, pool b
   where topic.n = case when i % 2 = 0 then (i / 2) % 10 else (${course}::int % 19 + 1) * 10 + (i / 2) % 10 end
     and a.n = 200 + (i * 7919) % 400 and b.n = 200 + (i * 104729 + 13) % 400)`;
