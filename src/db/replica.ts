import { AppError } from "../errors";
import type { Log } from "../log";
import { type Database, isDatabaseOutage, openDatabase, type Sql } from "./client";

/** A statement on the replica without a result after this time runs on the primary. */
const REPLICA_TIMEOUT_MS = 5_000;
/** After a failure, all statements run on the primary for this time. */
const REST_MS = 10_000;
/** A replica further behind is not used, because deleted and hidden material is still visible there. */
const MAX_LAG_SECONDS = 60;
/** The lag is read this often. */
const LAG_EVERY_MS = 5_000;

type Replica = {
  sql: Sql;
  restsUntil: number;
  /** Rejected when the replica was too far behind. */
  lagCheck: Promise<void>;
  lagCheckedUntil: number;
  log: Pick<Log, "warn">;
};
/** The replica of each primary, so that only the statements that use it have to know it. */
const replicas = new WeakMap<Sql, Replica>();

/**
 * Opens a read replica for the statements that are sent through `onReplica`.
 *
 * @param primary  the database that the replica copies
 */
export function openReplica(
  primary: Sql,
  url: string,
  options: { max: number; name: string; isPooled: boolean },
  log: Log,
): Database {
  const database = openDatabase(url, { ...options, queryTimeoutMs: REPLICA_TIMEOUT_MS }, log);
  const unchecked = { lagCheck: Promise.resolve(), lagCheckedUntil: 0 };
  replicas.set(primary, { sql: database.sql, restsUntil: 0, ...unchecked, log });
  return database;
}

/**
 * Runs a read on the replica, if there is one. It runs on the primary while the replica does not answer or is
 * more than a minute behind, and when the replica cancels it or has not received the schema yet.
 */
export async function onReplica<T>(primary: Sql, read: (sql: Sql) => Promise<T>): Promise<T> {
  const replica = replicas.get(primary);
  if (!replica || performance.now() < replica.restsUntil) return read(primary);
  try {
    await assertRecent(replica);
    return await read(replica.sql);
  } catch (err) {
    if (!isFaultOfReplica(err)) throw err;
    replica.restsUntil = performance.now() + REST_MS;
    replica.log.warn({ err }, "searches use the primary database, because the replica failed");
    return read(primary);
  }
}

/** Concurrent reads share one check. */
function assertRecent(replica: Replica): Promise<void> {
  if (performance.now() >= replica.lagCheckedUntil) {
    replica.lagCheckedUntil = performance.now() + LAG_EVERY_MS;
    replica.lagCheck = checkLag(replica.sql);
  }
  return replica.lagCheck;
}

/**
 * A connected replica that has replayed all that it received is not behind: an idle primary sends nothing, so the age
 * of the last transaction alone shows no lag.
 *
 * @throws AppError `database_unavailable` when the replica is too far behind
 */
async function checkLag(sql: Sql): Promise<void> {
  const [row] = await sql<{ lag: number | null }[]>`
    select case when pg_is_in_recovery()
        and (pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
             or not exists (select from pg_stat_wal_receiver))
      then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 end as lag`;
  const lag_seconds = Math.round(row?.lag ?? 0);
  if (lag_seconds > MAX_LAG_SECONDS) throw new AppError("database_unavailable", { lag_seconds });
}

/** Conflict with recovery, missing tables and functions, and another password or right than the primary's. */
const REPLICA_CODES = /^(40001|42P01|42703|42883|42501|28|3D000|26000)/;

function isFaultOfReplica(error: unknown): boolean {
  if (isDatabaseOutage(error)) return true;
  if (error instanceof AppError || !(error instanceof Error) || !("code" in error)) return false;
  return REPLICA_CODES.test(String(error.code));
}
