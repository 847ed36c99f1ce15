import type { Sql } from "./client";

/** Records the served bundle, each version once. */
export async function recordBundle(sql: Sql, bundle_version: string, checksum: string) {
  await sql`
    insert into agui_assets (bundle_version, checksum) values (${bundle_version}, ${checksum})
    on conflict (checksum) do update set served_at = now()`;
}
