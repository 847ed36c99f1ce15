import type { Sql } from "./client";

export type DatabaseServer = {
  /** 17 for PostgreSQL 17.x. */
  release: number;
  /** The version of pgvector that can be had there; null without its package. */
  vector: string | null;
};

/** What a database server is, before anything is migrated there. */
export async function readServer(sql: Sql): Promise<DatabaseServer> {
  const [server] = await sql<DatabaseServer[]>`
    select current_setting('server_version_num')::int / 10000 as release,
           (select default_version from pg_available_extensions where name = 'vector') as vector`;
  return server!;
}

/** Has the database been migrated at all? */
export async function isMigrated(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ migrated: boolean }[]>`
    select to_regclass('shelved_embeddings') is not null as migrated`;
  return row!.migrated;
}
