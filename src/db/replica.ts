import { AppError } from "../errors";
import type { Log } from "../log";
import { type Database, isDatabaseOutage, openDatabase, type Sql } from "./client";

/** A statement on the replica without a result after this time runs on the primary. */
const REPLICA_TIMEOUT_MS = 5_000;
/** After a failure, all statements run on the primary for this time. */
const REST_MS = 10_000;
/** A replica further behind is not used, because deleted and hidden material is still visible there. */
const MAX_LAG_SECONDS = 60;
/** The state of the replica is read this often. */
const CHECK_EVERY_MS = 5_000;

type Replica = {
  sql: Sql;
  restsUntil: number;
  /** When the first migration ran on the primary; a copy has the same time. */
  installedAt: Promise<string | null> | undefined;
  /** Rejected when the server was no standby of the primary, or too far behind. */
  check: Promise<void>;
  checkedUntil: number;
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
  const unchecked = { installedAt: undefined, check: Promise.resolve(), checkedUntil: 0 };
  replicas.set(primary, { sql: database.sql, restsUntil: 0, ...unchecked, log });
  return database;
}

/**
 * Runs a read on the replica, if there is one. It runs on the primary while the replica does not answer, is more than
 * a minute behind or is no standby of this primary, and when the replica cancels it or has not received the schema yet.
 */
export async function onReplica<T>(primary: Sql, read: (sql: Sql) => Promise<T>): Promise<T> {
  const replica = replicas.get(primary);
  if (!replica || performance.now() < replica.restsUntil) return read(primary);
  try {
    await assertUsable(primary, replica);
    return await read(replica.sql);
  } catch (err) {
    if (!isFaultOfReplica(err)) throw err;
    replica.restsUntil = performance.now() + REST_MS;
    replica.log.warn({ err }, "searches use the primary database, because the replica failed");
    return read(primary);
  }
}

/** Concurrent reads share one check. */
function assertUsable(primary: Sql, replica: Replica): Promise<void> {
  if (performance.now() >= replica.checkedUntil) {
    replica.checkedUntil = performance.now() + CHECK_EVERY_MS;
    replica.check = assertStandby(primary, replica);
  }
  return replica.check;
}

/** @throws AppError `database_unavailable` when the server is another one than the settings mean, or too far behind */
async function assertStandby(primary: Sql, replica: Replica): Promise<void> {
  replica.installedAt ??= readInstalledAt(primary);
  const [expected, state] = await Promise.all([
    replica.installedAt.catch((error: unknown) => {
      replica.installedAt = undefined;
      throw error;
    }),
    readReplicaState(replica.sql),
  ]);
  const problem = findReplicaProblem(state, expected);
  if (problem)
    throw new AppError("database_unavailable", { message: `DATABASE_REPLICA_URL ${problem}` });
}

/** Why searches do not use a replica; null if they do. */
export function findReplicaProblem(
  { is_standby, installed_at, lag_seconds }: ReplicaState,
  installedAt: string | null,
): string | null {
  // A former primary, or one that was promoted, keeps material that was deleted or hidden since then.
  if (!is_standby) return "leads to a server that is not a standby: name a streaming replica";
  if (installed_at !== installedAt) return "leads to a standby of another database";
  if (lag_seconds <= MAX_LAG_SECONDS) return null;
  return `is ${lag_seconds} s behind: check its replication`;
}

/** When the first migration of a database ran. */
export async function readInstalledAt(sql: Sql): Promise<string | null> {
  const [row] = await sql<
    { installed_at: string | null }[]
  >`select ${installedAt(sql)} as installed_at`;
  return row!.installed_at;
}

const installedAt = (sql: Sql) =>
  sql`(select extract(epoch from min(applied_at))::text from schema_migrations)`;

export type ReplicaState = {
  is_standby: boolean;
  installed_at: string | null;
  lag_seconds: number;
};

/**
 * A connected replica that has replayed all that it received is not behind: an idle primary sends nothing, so the age
 * of the last transaction alone shows no lag.
 */
export async function readReplicaState(sql: Sql): Promise<ReplicaState> {
  const [row] = await sql<ReplicaState[]>`
    select pg_is_in_recovery() as is_standby,
           ${installedAt(sql)} as installed_at,
           coalesce(case when pg_is_in_recovery()
               and (pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
                    or not exists (select from pg_stat_wal_receiver))
             then round(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())) end, 0)::int
             as lag_seconds`;
  return row!;
}

/** Conflict with recovery, missing tables and functions, and another password or right than the primary's. */
const REPLICA_CODES = /^(40001|42P01|42703|42883|42501|28|3D000|26000)/;

function isFaultOfReplica(error: unknown): boolean {
  if (isDatabaseOutage(error)) return true;
  if (error instanceof AppError || !(error instanceof Error) || !("code" in error)) return false;
  return REPLICA_CODES.test(String(error.code));
}
