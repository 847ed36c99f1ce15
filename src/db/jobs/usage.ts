import { AppError } from "../../errors";
import type { Sql } from "../client";
import type { JobKind } from "./jobs";
import type { Budgets, ExceededBudget } from "./provider-calls";

/** The paid work of providers, computed from the receipts. */
export type Usage = {
  audio_minutes: number;
  pages: number;
  /** By the prices in `provider_prices` at the time of each call. */
  usd: number;
  calls: number;
  /** Calls that were paid for without a usable result: errors with usage, and lost calls. */
  wasted_calls: number;
  /** Calls to models without a price; they are not included in `usd`. */
  unpriced_calls: number;
  items: UsageItem[];
};

export type UsageItem = {
  purpose: string;
  provider: string;
  model: string | null;
  calls: number;
  /** The sums of the billed units, such as `{ audio_seconds: 3600 }`. */
  units: Record<string, number>;
  usd: number;
};

type UsageScope = { course_id: string } | { asset_id: string };

const inScope = (sql: Sql, scope: UsageScope) =>
  "course_id" in scope
    ? sql`c.course_id = ${scope.course_id}`
    : sql`c.asset_id = ${scope.asset_id}`;

/** The usage of a course, of its deleted assets too, or of one asset. */
export async function getUsage(sql: Sql, scope: UsageScope): Promise<Usage> {
  const [row] = await sql<Usage[]>`
    with calls as (select c.* from provider_calls c where ${inScope(sql, scope)}),
    units as (
      select purpose, provider, model, unit.key, sum(unit.value::numeric) as amount
      from calls, jsonb_each_text(usage) unit group by purpose, provider, model, unit.key
    ),
    items as (
      select purpose, provider, model, count(*)::int as calls,
             coalesce(sum(cost_usd), 0) as usd,
             coalesce((select jsonb_object_agg(u.key, u.amount) from units u
                       where u.purpose = calls.purpose and u.provider = calls.provider
                         and u.model is not distinct from calls.model), '{}') as units
      from calls group by purpose, provider, model
    )
    select
      coalesce(sum((usage ->> 'audio_seconds')::numeric) / 60, 0)::float8 as audio_minutes,
      coalesce(sum((usage ->> 'pages')::numeric), 0)::float8 as pages,
      coalesce(sum(cost_usd), 0)::float8 as usd,
      count(*)::int as calls,
      count(*) filter (where state = 'lost' or state = 'error' and usage <> '{}')::int
        as wasted_calls,
      count(*) filter (where cost_usd is null and usage <> '{}')::int as unpriced_calls,
      coalesce((select jsonb_agg(jsonb_build_object(
        'purpose', purpose, 'provider', provider, 'model', model, 'calls', items.calls,
        'units', items.units, 'usd', items.usd) order by purpose, provider, model) from items), '[]')
        as items
    from calls`;
  return row!;
}

/** The cost that work is expected to have, and the limit that it would exceed. */
export type Forecast = {
  audio_minutes: number;
  pages: number;
  /** Null when the model has no price. */
  usd: number | null;
  exceeded: ExceededBudget | null;
};

/**
 * The expected cost of new work in a course.
 *
 * @param asset_id  the lecture or document, if it exists: its earlier usage counts for its budget
 * @param usage  expected units, such as `{ pages: 40 }`
 */
export async function forecastUsage(
  sql: Sql,
  course_id: string,
  {
    asset_id = null,
    provider,
    model,
    usage,
  }: {
    asset_id?: string | null;
    provider: string;
    model: string;
    usage: Record<string, number>;
  },
  budgets: Budgets,
): Promise<Forecast> {
  const [row] = await sql<Pick<Forecast, "usd" | "exceeded">[]>`
    select cost.usd::float8 as usd,
           exceeded_budget(${course_id}, ${asset_id}, ${sql.json(usage)}, cost.usd,
                           ${sql.json(budgets as never)}) as exceeded
    from (select call_cost(${provider}, ${model}, ${sql.json(usage)}) as usd) cost`;
  const { audio_seconds = 0, pages = 0 } = usage;
  return { audio_minutes: audio_seconds / 60, pages, ...row! };
}

/**
 * Resumes the paused job of an asset.
 *
 * @param ignoresBudget  the job can exceed all budgets from now on
 * @returns the job's id
 * @throws AppError `lecture_not_found`, `document_not_found`, `not_paused`
 */
export async function resumeAsset(
  sql: Sql,
  kind: JobKind,
  asset_id: string,
  ignoresBudget: boolean,
): Promise<string> {
  const assets = kind === "lecture" ? sql`lectures` : sql`documents`;
  const [row] = await sql<{ job_id: string | null }[]>`
    select resume_job(id, ${ignoresBudget}) as job_id from ${assets}
    where id = ${asset_id} and deleted_at is null`;
  if (!row) throw new AppError(kind === "lecture" ? "lecture_not_found" : "document_not_found");
  if (!row.job_id) throw new AppError("not_paused");
  return row.job_id;
}

/** Resumes the jobs that a limit of an earlier day has paused; returns their number. */
export async function resumeDueJobs(sql: Sql): Promise<number> {
  const [row] = await sql<{ resumed: number }[]>`select resume_due_jobs() as resumed`;
  return row!.resumed;
}
