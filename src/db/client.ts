import postgres from "postgres";
import { AppError } from "../errors";
import type { Log } from "../log";

/** What every query function takes: tagged templates only. */
export type Sql = postgres.Sql;

export type Database = {
  /** Stays valid for good, whatever happens to the connections behind it. */
  sql: Sql;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  /** Most connections at once: 10 for the API, 2 for a worker. */
  max: number;
  /** A statement that has no answer after this long fails; the embedded engine knows no other limit. */
  queryTimeoutMs?: number;
  /** How often the pool is asked for a sign of life. */
  probeEveryMs?: number;
};

/** How long a pool that lives may take for `select 1` when nobody else waits. */
const PROBE_MS = 2_000;
const LAST_CHANCE_MS = 200;

/**
 * Opens a pool that outlives the database's restarts.
 *
 * postgres.js 3.4.9 can lose the connections of a pool for good when backends are terminated under
 * load (porsager/postgres issues 1130, 1195, 1199). So every statement has a deadline, and a pool that
 * is dead is replaced behind the `sql` that everybody holds: one that fails two probes in a row, has
 * answered nobody else meanwhile, and only so because of itself, since a fresh connection gets an
 * answer, and by it no server is at work for those who wait. A crowd in front of a slow database is no
 * reason to send everybody away, and neither is a lock.
 */
export function openDatabase(url: string, options: DatabaseOptions, log: Log): Database {
  const { max, queryTimeoutMs = 30_000, probeEveryMs = 1_000 } = options;
  const openPool = () => connect(url, { max });
  const traffic: Traffic = { waiting: new Set(), answers: 0 };
  let pool = openPool();
  let failedProbes = 0;

  const probe = setInterval(async () => {
    const [suspect, answersBefore] = [pool, traffic.answers];
    const lives = (await isAnswered(suspect)) || traffic.answers > answersBefore;
    failedProbes = lives ? 0 : failedProbes + 1;
    if (failedProbes < 2) return;
    failedProbes = 0;
    const answersUntilNow = traffic.answers;
    const isDead = await isFaultOf(suspect, traffic, url);
    if (!isDead || traffic.answers > answersUntilNow || pool !== suspect) return;
    log.warn("database pool replaced");
    pool = openPool();
    void suspect.end({ timeout: 0 }).catch(() => {});
  }, probeEveryMs);
  probe.unref();

  const sql = new Proxy(pool, {
    apply: (_, __, args: Parameters<Sql>) => {
      const result: unknown = Reflect.apply(pool, undefined, args);
      return isQuery(result) ? withDeadline(result, queryTimeoutMs, traffic) : result;
    },
    get: (_, property) => Reflect.get(pool, property),
  });
  return {
    sql,
    close: async () => {
      clearInterval(probe);
      await pool.end({ timeout: 5 });
    },
  };
}

/** A plain pool, or with `max: 1` a single connection: for migrations and LISTEN. */
export function connect(url: string, options: { max: number; idle_timeout?: number }): Sql {
  return postgres(url, {
    ...options,
    connect_timeout: 10,
    backoff: (attempt) => Math.min(0.1 * 2 ** attempt, 2),
    onnotice: () => {},
    connection: { application_name: "lectern" },
    // Times are data: they go from column to JSON as ISO 8601 text in UTC.
    types: { date: ISO_TIME, list: LIST },
    // Asking each new connection for its array types is a query that nobody awaits: a connection that
    // is lost meanwhile ends the process. LIST says what we need of them.
    fetch_types: false,
  });
}

const ISO_TIME = {
  to: 1184,
  from: [1082, 1114, 1184],
  serialize: (time: string | Date) => new Date(time).toISOString(),
  parse: (time: string) => new Date(time).toISOString(),
};

/** Arrays of text and of ids, both ways. */
const LIST = {
  to: 1009,
  from: [1009, 2951],
  serialize: (items: unknown) =>
    Array.isArray(items)
      ? `{${items.map((item) => (item === null ? "null" : quoted(item))).join(",")}}`
      : items,
  parse: (text: string) =>
    Array.from(text.matchAll(/"((?:[^"\\]|\\.)*)"|[^{},]+/g), ([plain, inside]) =>
      inside === undefined ? plain : inside.replace(/\\(.)/g, "$1"),
    ),
};
const quoted = (item: unknown) => `"${String(item).replace(/["\\]/g, "\\$&")}"`;

type Query = Promise<unknown> & {
  handler(query: Query): unknown;
  reject(error: unknown): void;
  /** The backend that the statement was sent to; null until then. */
  state: { pid: number | null } | null;
};

const isQuery = (value: unknown): value is Query =>
  value instanceof Promise && "handler" in value && "reject" in value;

/** Who waits for an answer, and how many there were. */
type Traffic = { waiting: Set<Query>; answers: number };

const isAnswered = (pool: Sql, timeoutMs = PROBE_MS): Promise<boolean> =>
  withDeadline(pool`select 1`, timeoutMs).then(
    () => true,
    () => false,
  );

/** Whether a pool is silent although the database answers others and does not work for it. */
async function isFaultOf(pool: Sql, traffic: Traffic, url: string): Promise<boolean> {
  const fresh = connect(url, { max: 1 });
  try {
    if (await isAtWork(fresh, traffic)) return false;
    // All may have stood still, database or process: what goes on again gets a last chance.
    return !(await isAnswered(pool, LAST_CHANCE_MS));
  } catch {
    return false; // the database answers nobody
  } finally {
    void fresh.end({ timeout: 0 }).catch(() => {});
  }
}

/** Whether a backend works on a statement, or stands in front of a lock for it. */
async function isAtWork(sql: Sql, { waiting }: Traffic): Promise<boolean> {
  const pids = Array.from(waiting, ({ state }) => String(state?.pid));
  // The embedded engine has one backend, which is at work on this.
  const active = sql`
    select from pg_stat_activity
    where pid::text = any(${pids}::text[]) and state = 'active' and pid <> pg_backend_pid()`;
  return (await withDeadline(active, PROBE_MS)).count > 0;
}

/** Queries run when they are awaited; only then does their time begin. */
function withDeadline<Q extends Promise<unknown>>(
  pending: Q,
  timeoutMs: number,
  traffic?: Traffic,
): Q {
  const query = pending as unknown as Query;
  const run = query.handler;
  query.handler = (running) => {
    const timer = setTimeout(() => {
      query.reject(new AppError("database_unavailable", { timeout_ms: timeoutMs }));
    }, timeoutMs);
    traffic?.waiting.add(query);
    const stop = () => {
      clearTimeout(timer);
      traffic?.waiting.delete(query);
    };
    const answer = () => {
      stop();
      if (traffic) traffic.answers += 1;
    };
    // The native `then`, because the query's own would start it a second time.
    Promise.prototype.then.call(query, answer, stop);
    return run(running);
  };
  return pending;
}

const LOST_CONNECTION =
  /^(CONNECTION_|CONNECT_TIMEOUT|ECONNRESET|ECONNREFUSED|EPIPE|57P0[123]|53300|08)/;

/** Does this failure say that the database is away, rather than that it refused something? */
export function isDatabaseOutage(error: unknown): boolean {
  if (error instanceof AppError) return error.errorCode === "database_unavailable";
  return error instanceof Error && "code" in error && LOST_CONNECTION.test(String(error.code));
}

/**
 * Lets a commit return before it is on the disk, where that is what takes time. The embedded database
 * never waits for the disk, and has no writer in the background: what a commit leaves in its memory
 * would go with a killed process.
 */
export const notWaitingForDisk = (sql: Sql) => sql`
  set_config('synchronous_commit',
             case current_setting('fsync') when 'on' then 'off' else 'on' end, true)`;
