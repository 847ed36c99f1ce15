import { AppError } from "../errors";
import { type AuditSender, auditChange } from "./access/audit";
import type { Sql } from "./client";

/** `full`: search, answers and refusals. `search`: only search, which needs no chat model. */
export type ExamKind = "full" | "search";

const KEPT_RUNS = 20;

export type ExamRun<Settings, Report> = {
  id: string;
  kind: ExamKind;
  /** The settings that the results depend on. */
  settings: Settings;
  report: Report;
  /** `section name` of each measure that is worse than in the baseline. */
  regressions: string[];
  /** When an administrator accepted the regressions. */
  accepted_at: string | null;
  created_at: string;
};

const columns = (sql: Sql) => sql`id, kind, settings, report, regressions, accepted_at, created_at`;
/** Later runs are compared with such a run. */
const isBaseline = (sql: Sql) => sql`(regressions = '{}' or accepted_at is not null)`;

/**
 * Stores a run. Of each course and kind, the newest 20 runs stay, and the newest ones that can be a baseline. A whole run
 * removes the answers that were kept for it.
 *
 * @throws AppError `course_not_found` if the course was deleted while the exam ran
 */
export async function insertExamRun<Settings, Report>(
  sql: Sql,
  course_id: string,
  run: Omit<ExamRun<Settings, Report>, "id" | "accepted_at" | "created_at">,
): Promise<ExamRun<Settings, Report>> {
  const { kind, settings, report, regressions } = run;
  const [stored] = await sql<ExamRun<Settings, Report>[]>`
    with course as (select id from courses where id = ${course_id} for key share),
    former as (
      select id, ${isBaseline(sql)} as is_baseline, row_number() over (order by created_at desc, id desc) as number,
             row_number() over (partition by ${isBaseline(sql)}, settings ->> 'is_reranked'
                                order by created_at desc, id desc) as number_of_its_sort
      from exam_runs where course_id = ${course_id} and kind = ${kind}
    ),
    removed as (
      delete from exam_runs where id in (
        select id from former
        where number >= ${KEPT_RUNS} and not (is_baseline and number_of_its_sort = 1))
    ),
    answered as (
      delete from exam_answers where course_id = ${course_id} and ${kind} = 'full'
    )
    insert into exam_runs (course_id, kind, settings, report, regressions)
    select id, ${kind}, ${sql.json(settings as never)}::jsonb, ${sql.json(report as never)}::jsonb, ${regressions}::text[]
    from course
    returning ${columns(sql)}`;
  if (!stored) throw new AppError("course_not_found");
  return stored;
}

/** The newest run of a course. */
export async function findLastExamRun<Settings, Report>(
  sql: Sql,
  course_id: string,
): Promise<ExamRun<Settings, Report> | null> {
  const [run] = await sql<ExamRun<Settings, Report>[]>`
    select ${columns(sql)} from exam_runs
    where course_id = ${course_id} order by created_at desc, id desc limit 1`;
  return run ?? null;
}

/**
 * The newest run with which a run of this kind is compared, without a regression or accepted: one of its kind, and for
 * search also a full one without a reranker, because both search in the same way.
 */
export async function findBaselineRun<Settings, Report>(
  sql: Sql,
  course_id: string,
  kind: ExamKind,
): Promise<ExamRun<Settings, Report> | null> {
  const [run] = await sql<ExamRun<Settings, Report>[]>`
    select ${columns(sql)} from exam_runs
    where course_id = ${course_id} and ${isBaseline(sql)}
      and (kind = ${kind} or ${kind} = 'search' and settings ->> 'is_reranked' = 'false')
    order by created_at desc, id desc limit 1`;
  return run ?? null;
}

/**
 * Accepts the regressions of the newest run of a course: later runs are compared with it. An accepted run stays as it is.
 * The first acceptance is an event of the audit.
 *
 * @returns null if the newest run has no regression, or if there is no run
 */
export async function acceptLastExamRun<Settings, Report>(
  sql: Sql,
  course_id: string,
  sender: AuditSender,
): Promise<ExamRun<Settings, Report> | null> {
  const [run] = await sql<ExamRun<Settings, Report>[]>`
    with last as (
      select id as last_id, accepted_at is null as is_new from exam_runs
      where course_id = ${course_id} order by created_at desc, id desc limit 1
      for update
    ),
    accepted as (
      update exam_runs set accepted_at = coalesce(accepted_at, clock_timestamp())
      from last where id = last_id and regressions <> '{}'
      returning exam_runs.*, is_new
    ),
    changed as (select id::text as target, course_id from accepted where is_new),
    audited as (${auditChange(sql, "exam.accepted", sender, "changed")})
    select ${columns(sql)} from accepted`;
  return run ?? null;
}

/** A running exam. While it runs, no other one of its course starts. */
export type ExamTurn = { course_id: string; holder: string };

/** Starts the exam of a course for a person; null while another one runs. */
export async function claimExam(sql: Sql, course_id: string): Promise<ExamTurn | null> {
  const [row] = await sql<{ holder: string | null }[]>`select claim_exam(${course_id}) as holder`;
  return row!.holder === null ? null : { course_id, holder: row!.holder };
}

/**
 * Starts the exam of a course whose last run of this kind has other settings, or that has none; null if none is due.
 * If the exam does not end well, the course is due again after 1 hour, then after twice as long each time, up to 7 days.
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

/**
 * Records that the process of a running exam is alive.
 *
 * @returns false if the exam has lost its turn: another process has it, or the course is deleted
 */
export async function refreshExam(sql: Sql, { course_id, holder }: ExamTurn): Promise<boolean> {
  const { count } = await sql`
    update exam_turns set seen_at = clock_timestamp()
    where course_id = ${course_id} and holder = ${holder}`;
  return count > 0;
}

/** Ends a failed exam. The wait that began with its attempt stays. */
export async function endFailedExam(sql: Sql, { course_id, holder }: ExamTurn): Promise<void> {
  await sql`
    update exam_turns set holder = null where course_id = ${course_id} and holder = ${holder}`;
}

/**
 * Ends an exam that did not fail, also one that had nothing to ask.
 *
 * @param waitSeconds  Lectern itself starts no exam of the course in this time
 */
export async function endExam(
  sql: Sql,
  { course_id, holder }: ExamTurn,
  waitSeconds: number,
): Promise<void> {
  await sql`
    update exam_turns set
      holder = null, failures = 0, retry_at = clock_timestamp() + make_interval(secs => ${waitSeconds}::float8)
    where course_id = ${course_id} and holder = ${holder}`;
}
