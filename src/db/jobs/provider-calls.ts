import type { Sql } from "../client";
import type { JobKind } from "./jobs";

/** One billable unit, such as a described page: its purpose and its usage. */
export type ProviderCall = {
  /** The billable unit; each key exists once among successful calls. */
  call_key: string;
  purpose: string;
  provider: string;
  model: string | null;
  usage: Record<string, number>;
  /** `error`: the call was paid for, but its result is unusable. */
  outcome: "ok" | "error";
  error_code?: string | undefined;
};

/** Splits `openai:gpt-5-mini` into provider and model. */
export function toModelName(name: string): { provider: string; model: string } {
  const [provider = "", ...model] = name.split(":");
  return { provider, model: model.join(":") };
}

/**
 * The query of a CTE that records a call for the asset in the CTE `claimed`. It belongs to the statement
 * that stores the result of the call, so that neither exists without the other. Null records nothing.
 */
export function recording(sql: Sql, kind: JobKind, call: ProviderCall | null) {
  if (!call) return sql`select 1 where false`;
  return sql`
    insert into provider_calls
      (call_key, asset_type, asset_id, purpose, provider, model, usage, outcome, error_code)
    select ${call.call_key}, ${kind}, claimed.id, ${call.purpose}, ${call.provider}, ${call.model},
           ${sql.json(call.usage)}, ${call.outcome}, ${call.error_code ?? null}
    from claimed
    on conflict (call_key) where outcome = 'ok' do nothing`;
}

/** The calls of an asset, in order. For tests. */
export async function listProviderCalls(sql: Sql, asset_id: string): Promise<ProviderCall[]> {
  return sql<ProviderCall[]>`
    select call_key, purpose, provider, model, usage, outcome, error_code
    from provider_calls where asset_id = ${asset_id} order by id`;
}
