import type { Sql } from "./client";

/** Notes which bundle is served, once for each. */
export async function recordBundle(sql: Sql, bundle_version: string, checksum: string) {
  await sql`
    insert into agui_assets (bundle_version, checksum) values (${bundle_version}, ${checksum})
    on conflict (checksum) do update set served_at = now()`;
}
