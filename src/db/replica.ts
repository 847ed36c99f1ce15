import { AppError } from "../errors";
import type { Log } from "../log";
import { type Database, isDatabaseOutage, openDatabase, type Sql } from "./client";

/** A statement on the replica without a result after this time runs on the primary. */
const REPLICA_TIMEOUT_MS = 5_000;
/** After a failure, all statements run on the primary for this time. */
const REST_MS = 10_000;

type Replica = { sql: Sql; restsUntil: number; log: Pick<Log, "warn"> };
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
  replicas.set(primary, { sql: database.sql, restsUntil: 0, log });
  return database;
}

/**
 * Runs a read on the replica, if there is one. It runs on the primary while the replica does not answer,
 * and when the replica cancels it or has not received the schema yet. The replica can lag behind.
 */
export async function onReplica<T>(primary: Sql, read: (sql: Sql) => Promise<T>): Promise<T> {
  const replica = replicas.get(primary);
  if (!replica || performance.now() < replica.restsUntil) return read(primary);
  try {
    return await read(replica.sql);
  } catch (err) {
    if (!isFaultOfReplica(err)) throw err;
    replica.restsUntil = performance.now() + REST_MS;
    replica.log.warn({ err }, "searches use the primary database, because the replica failed");
    return read(primary);
  }
}

/** Conflict with recovery, missing tables and functions, and another password or right than the primary's. */
const REPLICA_CODES = /^(40001|42P01|42703|42883|42501|28|3D000|26000)/;

function isFaultOfReplica(error: unknown): boolean {
  if (isDatabaseOutage(error)) return true;
  if (error instanceof AppError || !(error instanceof Error) || !("code" in error)) return false;
  return REPLICA_CODES.test(String(error.code));
}
