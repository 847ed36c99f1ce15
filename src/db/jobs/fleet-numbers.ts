import type { Sql } from "../client";

/** Numbers of the whole installation for the metrics. Services are named without their address. */
export type FleetNumbers = {
  jobs: { kind: string; state: string; count: number }[];
  dead_letters: { code: string; count: number }[];
  /** `open`: calls fail, so `waiting_jobs` wait. */
  providers: { provider: string; open: boolean; waiting_jobs: number; running_calls: number }[];
  /** Since midnight UTC. */
  costs: { provider: string; model: string; usd: number }[];
  /** Since the last stored backup, or since the first attempt if none was stored; null without an attempt. */
  backup_age_seconds: number | null;
  /** Missing and changed files of the last stored backup; null without one. */
  backup_damaged_files: number | null;
  /** Courses whose last exam has a regression that is not accepted. */
  worse_courses: number;
};

/**
 * Unfinished and failed jobs, dead letters, circuit breakers, costs, the last backup and the last exams, in one
 * statement. A dead letter of another program can have any code, so codes other than `known` are counted as `other`.
 */
export async function readFleetNumbers(sql: Sql, known: readonly string[]): Promise<FleetNumbers> {
  const [row] = await sql<FleetNumbers[]>`
    select
      (select coalesce(jsonb_agg(to_jsonb(j)), '[]') from (
        select kind, case when paused_at is null then job_state else 'paused' end as state,
               count(*)::int as count
        from jobs where job_state <> 'completed' group by 1, 2) j) as jobs,
      (select coalesce(jsonb_agg(to_jsonb(d)), '[]') from (
        select case when headers ->> 'code' = any(${[...known]}::text[]) then headers ->> 'code'
                    else 'other' end as code, count(*)::int as count
        from pgmq.q_ingest_dead group by 1) d) as dead_letters,
      (select coalesce(jsonb_agg(to_jsonb(p)), '[]') from (
        select split_part(s.provider, ':', 1) as provider, bool_or(s.open_until is not null) as open,
               sum((select count(*) from jobs j where j.waiting_for = s.provider
                    and j.job_state not in ('completed', 'failed')))::int as waiting_jobs,
               sum((select count(*) from provider_calls c
                    where c.provider = s.provider and c.state = 'started'))::int as running_calls
        from provider_states s group by 1) p) as providers,
      (select coalesce(jsonb_agg(to_jsonb(c)), '[]') from (
        select provider, coalesce(model, '') as model, sum(cost_usd)::float8 as usd
        from provider_calls
        where created_at >= date_trunc('day', now(), 'UTC') and cost_usd is not null
        group by 1, 2) c) as costs,
      (select extract(epoch from clock_timestamp() - coalesce(
                max(started_at) filter (where archive is not null and error_code is null),
                min(started_at)))::float8
       from backups) as backup_age_seconds,
      (select missing + changed from backups where archive is not null and error_code is null
       order by started_at desc limit 1) as backup_damaged_files,
      (select count(*)::int from (
        select distinct on (course_id) regressions, accepted_at from exam_runs
        order by course_id, created_at desc, id desc) last
       where regressions <> '{}' and accepted_at is null) as worse_courses`;
  return row!;
}
