import type { Sql } from "../client";
import type { ClaimToken } from "./jobs";

/** A receipt: one billable request to a provider. */
export type ProviderCall = {
  /** The work that is paid for, such as `document:<id>:page:7:describe`. */
  call_key: string;
  purpose: string;
  provider: string;
  model: string | null;
  /** `error`: there is no usable answer. `lost`: the caller ended before the answer. */
  state: "started" | "ok" | "error" | "lost";
  /** The billed units, such as `{ audio_seconds: 3600 }`; an estimate while `started` and when `lost`. */
  usage: Record<string, number>;
  /** The terms of slides that a transcription was primed with. */
  terms: string[];
  error_code: string | null;
};

export type BudgetUnit = "audio_minutes" | "pages" | "usd";
export type BudgetScope = "asset" | "course" | "day";
/** Limits of paid work; a scope or a unit without a number has no limit. */
export type Budgets = Partial<Record<BudgetScope, Partial<Record<BudgetUnit, number>>>>;

/** A limit that a call would exceed. */
export type ExceededBudget = {
  scope: BudgetScope;
  unit: BudgetUnit;
  limit: number;
  used: number;
  needed: number;
};

/** Limits of the calls to one provider, for the whole fleet. */
export type CallLimits = {
  budgets: Budgets;
  /** Calls under way at the same time. */
  maxConcurrent: number;
  /** So many consecutive failures open the circuit breaker. */
  maxFailures: number;
  /** An open breaker lets one call through in this time, in seconds. */
  probeSeconds: number;
};

/** The defaults of the circuit breaker. */
export const BREAKER = { maxFailures: 5, probeSeconds: 30 };

export type CallVerdict =
  | { verdict: "go" }
  | { verdict: "resume"; call_id: string; request_id: string }
  | { verdict: "open"; wait_seconds: number }
  | { verdict: "budget"; exceeded: ExceededBudget }
  | { verdict: "busy" | "lost" };

export type NewProviderCall = Pick<
  ProviderCall,
  "call_key" | "purpose" | "provider" | "model" | "usage"
> & {
  /** Chosen by the caller, so that the statement can be repeated. */
  id: string;
  /** Null outside a job. */
  token: ClaimToken | null;
  /** Of a call outside a job, whose cost counts for the budgets of the course. A job has its own. */
  course_id: string | null;
  /** The terms that the request contains to prime the service. */
  terms: readonly string[];
  /** The server needs no key, so the call counts for no budget. */
  isFree: boolean;
};

/** Inserts the receipt of a call that is about to be made, if it can be made now. */
export async function beginCall(
  sql: Sql,
  {
    id,
    token,
    course_id,
    call_key,
    purpose,
    provider,
    model,
    usage,
    terms,
    isFree,
  }: NewProviderCall,
  { budgets, maxConcurrent, probeSeconds }: CallLimits,
): Promise<CallVerdict> {
  const [row] = await sql<CallVerdict[]>`
    select verdict, call_id, request_id, wait_seconds::float8 as wait_seconds, exceeded
    from begin_call(${id}, ${token?.job_id ?? null}, ${course_id}, ${token?.message_id ?? null}::bigint,
                    ${token?.attempt ?? null}::int, ${call_key}, ${purpose}, ${provider}, ${model},
                    ${sql.json(usage)}, ${terms as string[]}::text[], ${isFree}, ${sql.json(budgets as never)},
                    ${maxConcurrent}::int, ${probeSeconds}::numeric)`;
  return row!;
}

/** The limit in USD of a course, or of all courses in a day, that is used up; null while calls can be made. */
export async function findExceededBudget(
  sql: Sql,
  course_id: string,
  budgets: Budgets,
): Promise<ExceededBudget | null> {
  const [row] = await sql<{ exceeded: ExceededBudget | null }[]>`
    select exceeded_budget(${course_id}, null, '{}', 0, ${sql.json(budgets as never)}) as exceeded`;
  return row!.exceeded;
}

export type CallEnd = {
  /** `outage`: the provider did not answer, or asked us to wait. */
  outcome: "ok" | "error" | "outage" | "lost";
  usage: Record<string, number>;
  error_code?: string | undefined;
  reason?: string | undefined;
  /** Whether the call was paid for and has no usable answer. */
  isUnusable?: boolean;
  /** The delay that the provider asked for, in seconds. */
  waitSeconds?: number;
};

/**
 * Closes a receipt and counts it for the provider's circuit breaker. Can be repeated.
 *
 * @returns how often the job paid for an unusable answer to the same work
 */
export async function finishCall(
  sql: Sql,
  id: string,
  { outcome, usage, error_code, reason, isUnusable = false, waitSeconds = 0 }: CallEnd,
  { maxFailures, probeSeconds }: CallLimits,
): Promise<number> {
  const [row] = await sql<{ unusable: number }[]>`
    select finish_call(${id}, ${outcome}, ${sql.json(usage)}, ${error_code ?? null},
                       ${reason ?? null}, ${isUnusable}, ${waitSeconds}::numeric,
                       ${maxFailures}::int, ${probeSeconds}::numeric) as unusable`;
  return row!.unusable;
}

/**
 * Asks to make a call that is not billed, such as a request to a recording site.
 *
 * @returns seconds until the next call can be made; 0: now
 */
export async function beginUnbilledCall(
  sql: Sql,
  service: string,
  { probeSeconds }: Pick<CallLimits, "probeSeconds">,
): Promise<number> {
  const [row] = await sql<{ seconds: number }[]>`
    select begin_unbilled_call(${service}, ${probeSeconds}::numeric)::float8 as seconds`;
  return row!.seconds;
}

/** Counts the end of a call that is not billed for the circuit breaker of its service. */
export async function reportToBreaker(
  sql: Sql,
  service: string,
  { outcome, reason, waitSeconds = 0 }: Pick<CallEnd, "outcome" | "reason" | "waitSeconds">,
  { maxFailures, probeSeconds }: Pick<CallLimits, "maxFailures" | "probeSeconds">,
): Promise<void> {
  await sql`
    select report_to_breaker(${service}, ${outcome}, ${reason ?? null}, ${waitSeconds}::numeric,
                             ${maxFailures}::int, ${probeSeconds}::numeric)`;
}

/** Stores the provider's id of asynchronous work. */
export async function storeRequestId(sql: Sql, id: string, request_id: string): Promise<void> {
  await sql`update provider_calls set request_id = ${request_id} where id = ${id}`;
}

/** Seconds until a provider can be called; 0 when its circuit breaker is closed or lets a probe through. */
export async function providerWaitSeconds(sql: Sql, provider: string): Promise<number> {
  const [row] = await sql<{ seconds: number }[]>`
    select greatest(0, extract(epoch from open_until - clock_timestamp()))::float8 as seconds
    from provider_states where provider = ${provider} and open_until is not null`;
  return row?.seconds ?? 0;
}

/** Closes the receipts of dead attempts; returns their number. */
export async function closeLostCalls(sql: Sql): Promise<number> {
  const [row] = await sql<{ closed: number }[]>`select close_lost_calls() as closed`;
  return row!.closed;
}

/** A provider with an open circuit breaker, and the jobs that wait for it. */
export type ProviderOutage = {
  provider: string;
  since: string;
  next_probe_at: string;
  reason: string | null;
  jobs: number;
};

export async function listProviderOutages(sql: Sql): Promise<ProviderOutage[]> {
  return sql<ProviderOutage[]>`
    select s.provider, s.opened_at as since, s.open_until as next_probe_at, s.reason,
           (select count(*)::int from jobs j
            where j.waiting_for = s.provider and j.job_state not in ('completed', 'failed')) as jobs
    from provider_states s where s.open_until is not null order by s.provider`;
}

/** Splits `openai:gpt-5-mini` into provider and model. */
export function toModelName(name: string): { provider: string; model: string } {
  const [provider = "", ...model] = name.split(":");
  return { provider, model: model.join(":") };
}

/** Which of these works were possibly billed: by an answer, usable or not, or by a call without a known end. */
export async function listBilledWork(sql: Sql, call_keys: readonly string[]): Promise<Set<string>> {
  const rows = await sql<{ call_key: string }[]>`
    select distinct call_key from provider_calls
    where call_key = any(${[...call_keys]}::text[]) and (state <> 'error' or usage <> '{}')`;
  return new Set(rows.map(({ call_key }) => call_key));
}

/** The receipts of an asset, in order. */
export async function listProviderCalls(sql: Sql, asset_id: string): Promise<ProviderCall[]> {
  return sql<ProviderCall[]>`
    select call_key, purpose, provider, model, state, usage, terms, error_code
    from provider_calls where asset_id = ${asset_id} order by created_at, id`;
}
