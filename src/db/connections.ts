import type { Config } from "../config";
import type { Sql } from "./client";

/** Connections of each worker. */
export const WORKER_CONNECTIONS = 2;

export type ConnectionSettings = Pick<
  Config,
  | "ROLE"
  | "WORKERS"
  | "DATABASE_POOL"
  | "DATABASE_URL"
  | "DATABASE_DIRECT_URL"
  | "DATABASE_REPLICA_URL"
>;

/** The most connections that one process opens, by the setting of their address. */
export type ConnectionCount = { pool: number; direct: number; replica: number };

/**
 * Counts the connections of one process: the pool of the API and its background work, two for each worker,
 * and one for notifications.
 */
export function countConnections(config: ConnectionSettings): ConnectionCount {
  const workers = config.ROLE === "api" ? 0 : config.WORKERS;
  const pool = config.DATABASE_POOL + workers * WORKER_CONNECTIONS;
  const listener = workers > 0 ? 1 : 0;
  return {
    pool: config.DATABASE_DIRECT_URL ? pool : pool + listener,
    direct: config.DATABASE_DIRECT_URL ? listener : 0,
    replica: config.DATABASE_REPLICA_URL ? pool : 0,
  };
}

/**
 * Opens the connections of a pool before the first crowd of requests needs them. A connection takes several
 * turns of the event loop, and each turn is long in a crowd: the last of 400 streams began a second late.
 * A failure is ignored, because every statement opens the connection that it lacks.
 *
 * @param count connections of the pool
 */
export async function openConnections(sql: Sql, count: number): Promise<void> {
  // Statements at the same time get a connection each.
  await Promise.allSettled(Array.from({ length: count }, async () => sql`select 1`));
}

export type ServerConnections = {
  /** Connections that users without superuser rights can open. */
  available: number;
  used: number;
};

/** The connections of the whole server, of all its databases. */
export async function readServerConnections(sql: Sql): Promise<ServerConnections> {
  const [row] = await sql<ServerConnections[]>`
    select current_setting('max_connections')::int
             - current_setting('superuser_reserved_connections')::int as available,
           (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used`;
  return row!;
}
