import type { Sql } from "./client";
import type { JobKind } from "./jobs/jobs";

/** A place that answers a question: pages of a document, or a part of a lecture. */
export type GoldPlace =
  | { asset_id: string; pages: number[] }
  | { asset_id: string; start_ms: number; end_ms: number };

/** A question about a term: what contains the term answers it. */
export type TermQuestion = { question: string; term: string };
export type StoredTermQuestion = TermQuestion & { id: string };

/**
 * Replaces the questions of a lecture or a document. A question about a term that it had before keeps its id, so that
 * exams before and after are compared. Personal and deleted assets get none.
 */
export async function replaceExamQuestions(
  sql: Sql,
  kind: JobKind,
  asset_id: string,
  questions: readonly TermQuestion[],
): Promise<void> {
  const [assets, id] =
    kind === "lecture" ? ["lectures", "lecture_id"] : ["documents", "document_id"];
  await sql`
    with wanted as (
      select question, term
      from jsonb_to_recordset(${sql.json(questions as never)}) as q (question text, term text)
    ),
    removed as (
      delete from exam_questions
      where ${sql(id as string)} = ${asset_id} and (question, term) not in (select question, term from wanted))
    insert into exam_questions (course_id, ${sql(id as string)}, question, term)
    select a.course_id, a.id, w.question, w.term
    from ${sql(assets as string)} a, wanted w
    where a.id = ${asset_id} and a.deleted_at is null and a.owner_id is null
      and (w.question, w.term) not in (
        select question, term from exam_questions where ${sql(id as string)} = ${asset_id})`;
}

/** The texts of an asset's published chunks, with the titles of pages, in order. */
export async function listAssetTexts(
  sql: Sql,
  kind: JobKind,
  asset_id: string,
): Promise<{ text: string; title: string | null }[]> {
  if (kind === "lecture") {
    return sql`
      select content as text, null::text as title from lecture_chunks
      where lecture_id = ${asset_id} order by chunk_index`;
  }
  return sql`
    select content as text, metadata ->> 'title' as title from slide_chunks
    where document_id = ${asset_id} order by chunk_index`;
}

/** The complete assets of a course without questions, such as those that were ingested by an earlier version. */
export async function listAssetsWithoutQuestions(
  sql: Sql,
  course_id: string,
): Promise<{ kind: JobKind; id: string }[]> {
  return sql`
    select 'lecture' as kind, l.id from lectures l
    where l.course_id = ${course_id} and l.deleted_at is null and l.owner_id is null
      and l.status = 'completed'
      and not exists (select from exam_questions q where q.lecture_id = l.id)
    union all
    select 'document', d.id from documents d
    where d.course_id = ${course_id} and d.deleted_at is null and d.owner_id is null
      and d.status = 'completed'
      and not exists (select from exam_questions q where q.document_id = d.id)`;
}

/** The generated questions of a course, at most `limit`: always the same ones, spread over its assets. */
export async function listExamQuestions(
  sql: Sql,
  course_id: string,
  limit: number,
): Promise<StoredTermQuestion[]> {
  return sql<StoredTermQuestion[]>`
    select id, question, term from (
      select distinct on (lower(q.term)) q.id, q.question, q.term
      from exam_questions q
      left join lectures l on l.id = q.lecture_id
      left join documents d on d.id = q.document_id
      where q.course_id = ${course_id} and coalesce(l.deleted_at, d.deleted_at) is null
      order by lower(q.term), q.id
    ) question
    order by md5(lower(term)), id limit ${limit}`;
}

/** The corrected words of a course: their right spelling is a term that search must find. */
export async function listCorrectedTerms(
  sql: Sql,
  course_id: string,
): Promise<{ id: string; term: string }[]> {
  return sql`
    select distinct on (lower(replacement)) id, replacement as term from transcript_corrections
    where course_id = ${course_id} and owner_id is null and undone_at is null
      and length(replacement) >= 4
    order by lower(replacement), seq`;
}

export type RatedQuestion = {
  /** Of the rating. */
  id: string;
  question: string;
  /** The citations that the person rated as good, or those of the good answer. */
  citations: {
    number?: number;
    asset_id?: string;
    page_number?: number;
    start_ms?: number;
    end_ms?: number;
  }[];
};

/**
 * The questions of well rated answers of a course, the newest first, with their citations of material that everyone
 * in the course has and that is not deleted: another place cannot be found again.
 */
export async function listWellRated(
  sql: Sql,
  course_id: string,
  limit: number,
): Promise<RatedQuestion[]> {
  return sql<RatedQuestion[]>`
    select f.id, f.question, coalesce((
      select jsonb_agg(c.citation) from jsonb_array_elements(f.metadata -> 'citations') c (citation)
      where (f.citation is null or (c.citation ->> 'number')::int = f.citation)
        and c.citation ->> 'asset_id' in (
          select id::text from lectures where course_id = ${course_id} and deleted_at is null and owner_id is null
          union all
          select id::text from documents where course_id = ${course_id} and deleted_at is null and owner_id is null)
    ), '[]') as citations
    from message_feedback f join chat_sessions s on s.id = f.session_id
    where s.course_id = ${course_id} and f.rating = 'up'
    order by f.created_at desc, f.id limit ${limit}`;
}

/**
 * The pages and the segments of speech of a course that contain each term, by the term; upper and lower case are
 * equal. A term without a place is missing.
 */
export async function findTermPlaces(
  sql: Sql,
  course_id: string,
  terms: readonly string[],
): Promise<Map<string, GoldPlace[]>> {
  const rows = await sql<{ term: string; places: GoldPlace[] }[]>`
    with term as materialized (
      select term, lower(term) as needle from unnest(${terms}::text[]) as asked (term)
    ),
    page as materialized (
      select p.document_id, p.page_number,
             lower(coalesce(p.metadata ->> 'title', '') || E'\n' || p.normalized_description) as text
      from documents d join slide_descriptions p on p.document_id = d.id
      where d.course_id = ${course_id} and d.deleted_at is null and d.owner_id is null
    ),
    spoken as materialized (
      select t.lecture_id, (s.segment ->> 'start_ms')::float8 as start_ms,
             (s.segment ->> 'end_ms')::float8 as end_ms, lower(s.segment ->> 'text') as text
      from lectures l join lecture_transcripts t on t.lecture_id = l.id
      cross join lateral jsonb_array_elements(t.word_segments -> 'segments') s (segment)
      where l.course_id = ${course_id} and l.deleted_at is null and l.owner_id is null
    ),
    place as (
      select term.term, jsonb_build_object(
               'asset_id', page.document_id, 'pages', jsonb_agg(page.page_number order by page.page_number)) as place
      from term join page on position(term.needle in page.text) > 0
      group by term.term, page.document_id
      union all
      select term.term, jsonb_build_object(
               'asset_id', spoken.lecture_id, 'start_ms', spoken.start_ms, 'end_ms', spoken.end_ms)
      from term join spoken on position(term.needle in spoken.text) > 0
    )
    select term, jsonb_agg(place) as places from place group by term`;
  return new Map(rows.map(({ term, places }) => [term, places]));
}

/** `full`: search, answers and refusals. `search`: only search, which needs no chat model. */
export type ExamKind = "full" | "search";

export type ExamRun<Settings, Report> = {
  id: string;
  kind: ExamKind;
  /** What the results depend on. */
  settings: Settings;
  report: Report;
  /** `section name` of each measure that is worse than in the baseline. */
  regressions: string[];
  created_at: string;
};

export async function insertExamRun<Settings, Report>(
  sql: Sql,
  course_id: string,
  run: Omit<ExamRun<Settings, Report>, "id" | "created_at">,
): Promise<ExamRun<Settings, Report>> {
  const { kind, settings, report, regressions } = run;
  const [stored] = await sql<ExamRun<Settings, Report>[]>`
    insert into exam_runs (course_id, kind, settings, report, regressions)
    values (${course_id}, ${kind}, ${sql.json(settings as never)}, ${sql.json(report as never)}, ${regressions})
    returning id, kind, settings, report, regressions, created_at`;
  return stored!;
}

/** The newest run of a course. */
export async function findLastExamRun<Settings, Report>(
  sql: Sql,
  course_id: string,
): Promise<ExamRun<Settings, Report> | null> {
  const [run] = await sql<ExamRun<Settings, Report>[]>`
    select id, kind, settings, report, regressions, created_at from exam_runs
    where course_id = ${course_id} order by created_at desc, id desc limit 1`;
  return run ?? null;
}

/** The newest run of a kind without a regression: a later run of this kind is compared with it. */
export async function findBaselineRun<Settings, Report>(
  sql: Sql,
  course_id: string,
  kind: ExamKind,
): Promise<ExamRun<Settings, Report> | null> {
  const [run] = await sql<ExamRun<Settings, Report>[]>`
    select id, kind, settings, report, regressions, created_at from exam_runs
    where course_id = ${course_id} and kind = ${kind} and regressions = '{}'
    order by created_at desc, id desc limit 1`;
  return run ?? null;
}

/** A running exam. While it runs, no other one of its course starts. */
export type ExamTurn = { course_id: string; holder: string };

/** Starts the exam of a course; null while another one runs. */
export async function claimExam(sql: Sql, course_id: string): Promise<ExamTurn | null> {
  const [row] = await sql<{ holder: string | null }[]>`select claim_exam(${course_id}) as holder`;
  return row!.holder === null ? null : { course_id, holder: row!.holder };
}

/**
 * Starts the exam of a course whose last run of this kind has other settings, or that has none; null if none is due.
 *
 * @param settledSeconds  a course with a job in this time is not due, because more files are probably coming
 */
export async function claimDueExam<Settings>(
  sql: Sql,
  kind: ExamKind,
  settings: Settings,
  settledSeconds: number,
): Promise<ExamTurn | null> {
  const [turn] = await sql<(ExamTurn | { course_id: null; holder: null })[]>`
    select course_id, holder
    from claim_due_exam(${kind}, ${sql.json(settings as never)}, ${settledSeconds}::float8)`;
  return turn?.holder ? turn : null;
}

/** Records that the process of a running exam is alive. */
export async function refreshExam(sql: Sql, { course_id, holder }: ExamTurn): Promise<void> {
  await sql`
    update exam_turns set seen_at = clock_timestamp()
    where course_id = ${course_id} and holder = ${holder}`;
}

/** @param waitSeconds  Lectern itself starts no exam of the course in this time */
export async function endExam(
  sql: Sql,
  { course_id, holder }: ExamTurn,
  waitSeconds: number,
): Promise<void> {
  await sql`
    update exam_turns set
      holder = null, retry_at = clock_timestamp() + make_interval(secs => ${waitSeconds}::float8)
    where course_id = ${course_id} and holder = ${holder}`;
}
