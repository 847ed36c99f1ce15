import type { Sql } from "../client";
import type { JobKind } from "./jobs";

/** One billable unit, such as a described page: what it was for, and what it took. */
export type ProviderCall = {
  /** Names what was bought; among the calls that succeeded each key exists once. */
  call_key: string;
  purpose: string;
  provider: string;
  model: string | null;
  usage: Record<string, number>;
  /** `error`: it was paid for, and nothing usable came back. */
  outcome: "ok" | "error";
  error_code?: string | undefined;
};

/** `openai:gpt-5-mini` → its provider and the name that the provider has for it. */
export function toModelName(name: string): { provider: string; model: string } {
  const [provider = "", ...model] = name.split(":");
  return { provider, model: model.join(":") };
}

/**
 * A CTE that records a call for the asset in the CTE `claimed`: in the statement that keeps what was
 * bought, so that neither exists without the other. With null it records nothing.
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

/** What was bought for an asset, in order. */
export async function listProviderCalls(sql: Sql, asset_id: string): Promise<ProviderCall[]> {
  return sql<ProviderCall[]>`
    select call_key, purpose, provider, model, usage, outcome, error_code
    from provider_calls where asset_id = ${asset_id} order by id`;
}
