import postgres from "postgres";
import { AppError } from "../errors";
import type { Log } from "../log";
import { inSpan, isTraced } from "../tracing";

/** The database for query functions. They use it as a template tag only. */
export type Sql = postgres.Sql;

export type Database = {
  /** Stays valid although the pool behind it can be replaced. */
  sql: Sql;
  /** Statements that run or wait for a connection, and the largest number of connections. */
  load(): { running: number; connections: number };
  close(): Promise<void>;
};

export type DatabaseOptions = {
  /** Maximum number of connections of a pool: 10 for the API, 2 for a worker. */
  max: number;
  /** The name that the server shows for the connections (`application_name`). */
  name?: string;
  /** The address can lead to a pooler in transaction mode, which gives each statement another connection. */
  isPooled?: boolean;
  /** A statement without a result after this time fails. The embedded engine has no other limit. */
  queryTimeoutMs?: number;
  /** Interval of the probes. */
  probeEveryMs?: number;
  /** Receives the duration of each statement in seconds, with its wait for a connection. */
  onStatement?: (seconds: number) => void;
};

/** A probe (`select 1`) without a result after this time has failed. */
const PROBE_TIMEOUT_MS = 2_000;
/** The statements of a replaced pool get this long to end. Equals the default of `queryTimeoutMs`. */
const DRAIN_SECONDS = 30;
/** Limits the connections to a slow database: at most this many replaced pools at a time. */
const MAX_DRAINING = 3;

/**
 * Opens a pool that survives restarts of the database.
 *
 * postgres.js 3.4.9 can lose the connections of a pool permanently when backends are terminated under
 * load (porsager/postgres issues 1130, 1195, 1199). So its connections are patched (ADR 15), every statement has a
 * deadline, and after two failed probes in a row, or when the server has become read-only, new statements are sent to a
 * new pool, while the old one drains. A pool that is only slow is replaced too: its statements still get their results.
 */
export function openDatabase(url: string, options: DatabaseOptions, log: Log): Database {
  const { queryTimeoutMs = DRAIN_SECONDS * 1_000, probeEveryMs = 1_000 } = options;
  const { max, name, isPooled = false } = options;
  let running = 0;
  const measure = () => {
    const startedAt = performance.now();
    running += 1;
    return () => {
      running -= 1;
      options.onStatement?.((performance.now() - startedAt) / 1_000);
    };
  };
  let pool = connect(url, { max, name, isPooled });
  let failedProbes = 0;
  let draining = 0;
  let isAnswering = true;
  const server = new URL(url).host;

  const replacePool = async () => {
    const replaced = pool;
    pool = connect(url, { max, name, isPooled });
    failedProbes = 0;
    draining += 1;
    await replaced.end({ timeout: DRAIN_SECONDS }).catch(() => {});
    draining -= 1;
  };

  const probes = setInterval(async () => {
    const probed = pool;
    const isAnswered = await withDeadline(probed`select 1`, PROBE_TIMEOUT_MS).then(
      () => true,
      () => false,
    );
    if (probed !== pool) return;
    failedProbes = isAnswered ? 0 : failedProbes + 1;
    if (isAnswered && !isAnswering) log.info({ server }, "the database answers again");
    isAnswering ||= isAnswered;
    if (failedProbes < 2 || draining >= MAX_DRAINING) return;
    // Once in an outage: the pool is replaced every second.
    if (isAnswering) log.warn({ server }, "database pool replaced after two failed probes");
    isAnswering = false;
    void replacePool();
  }, probeEveryMs);
  probes.unref();

  const sql = new Proxy(pool, {
    apply: (_, __, args: Parameters<Sql>) => {
      const used = pool;
      const result: unknown = Reflect.apply(used, undefined, args);
      if (!isTemplate(args[0])) return result;
      const onFailure = (error: unknown) => {
        if (used === pool && isReadOnlyServer(error)) void replacePool();
      };
      return withDeadline(result as Statement, queryTimeoutMs, {
        measure,
        text: args[0],
        onFailure,
      });
    },
    get: (_, property) => Reflect.get(pool, property),
  });
  return {
    sql,
    load: () => ({ running, connections: max }),
    close: async () => {
      clearInterval(probes);
      await pool.end({ timeout: 5 });
    },
  };
}

/** The first argument of a tagged template; other calls of `sql` make identifiers and lists. */
const isTemplate = (argument: unknown): argument is TemplateStringsArray =>
  Array.isArray(argument) && "raw" in argument;

type Statement = postgres.PendingQuery<postgres.Row[]>;

type StatementHooks = {
  /** Starts to measure the time of the statement; the returned function ends it. */
  measure?: () => () => void;
  /** The template of the statement, for its span. */
  text?: readonly string[];
  onFailure?: (error: unknown) => void;
};

/**
 * Makes a statement fail with `database_unavailable` when it has no result after `timeoutMs`. postgres.js
 * sends a statement when its `then` is called, so the time starts there; a fragment of another statement
 * is never sent.
 */
function withDeadline(
  statement: Statement,
  timeoutMs: number,
  { measure, text, onFailure }: StatementHooks = {},
): Statement {
  const send = statement.then.bind(statement);
  let result: Promise<postgres.RowList<postgres.Row[]>> | undefined;
  const sendOnce = () =>
    new Promise<postgres.RowList<postgres.Row[]>>((resolve, reject) => {
      const end = measure?.();
      const timer = setTimeout(() => {
        reject(new AppError("database_unavailable", { timeout_ms: timeoutMs }));
      }, timeoutMs);
      const fail = (error: unknown) => {
        onFailure?.(error);
        reject(error);
      };
      send(resolve, fail).finally(() => {
        clearTimeout(timer);
        end?.();
      });
    });
  const then: Statement["then"] = (onResult, onError) => {
    result ??= text && isTraced() ? inSqlSpan(text, sendOnce) : sendOnce();
    return result.then(onResult, onError);
  };
  return Object.assign(statement, { then });
}

/** The longest text of a statement in a span. */
const MAX_SQL_LENGTH = 1_000;

/** Runs a statement in a span that has the text of its template, so no values. */
function inSqlSpan<T>(template: readonly string[], send: () => Promise<T>): Promise<T> {
  const text = template.join("?").replace(/\s+/g, " ").trim();
  const operation = /^\w+/.exec(text)?.[0] ?? "statement";
  const attributes = {
    "db.system.name": "postgresql",
    "db.operation.name": operation,
    "db.query.text": text.slice(0, MAX_SQL_LENGTH),
  };
  return inSpan(`sql ${operation}`, { kind: "client", attributes }, send);
}

type ConnectOptions = {
  max: number;
  idle_timeout?: number;
  name?: string | undefined;
  isPooled?: boolean;
};

/** A plain pool, or with `max: 1` a single connection: for migrations and LISTEN. */
export function connect(url: string, { name, isPooled, ...options }: ConnectOptions): Sql {
  return postgres(url, {
    ...options,
    ...readIpv6(url),
    ...(isPooled && POOLED),
    connect_timeout: 10,
    backoff: (attempt) => Math.min(0.1 * 2 ** attempt, 2),
    onnotice: () => {},
    connection: { application_name: name ? `lectern ${name}` : "lectern" },
    // Times go from column to JSON unchanged, as ISO 8601 text in UTC.
    types: { date: ISO_TIME, list: LIST },
    // postgres.js does not await its query for array types, so a connection that is lost at that moment
    // would end the process. LIST defines the array types that we need.
    fetch_types: false,
  });
}

/** postgres.js ends the host of an address at its first colon, also that of `[::1]`; a list is taken as it is. */
function readIpv6(url: string): { host?: string; port?: number } {
  const { hostname, port } = new URL(url);
  if (!hostname.startsWith("[")) return {};
  const lists = { host: [hostname.slice(1, -1)], port: [Number(port || 5432)] };
  return lists as unknown as { host: string; port: number }; // its types lack lists
}

/**
 * A prepared statement exists in one connection of the server only. With pipelining, PgBouncer 1.18 sends
 * the rest of a statement to another connection, so it never gets a result.
 */
const POOLED = { prepare: false, max_pipeline: 0 };

const ISO_TIME = {
  to: 1184,
  from: [1082, 1114, 1184],
  serialize: (time: string | Date) => new Date(time).toISOString(),
  parse: (time: string) => new Date(time).toISOString(),
};

/** Arrays of text and of ids, in both directions. */
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

/**
 * A lost or refused connection, a name that is not resolved at the moment, and a server that is read-only (25006), as
 * the former primary of a failover is.
 */
const LOST_CONNECTION =
  /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_AGAIN|25006|57P0|53[013]00|08)/;

/** A failover leaves the connections to the former primary open. */
const isReadOnlyServer = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "25006";

/** True if the database cannot be reached; false if it rejected a statement. */
export function isDatabaseOutage(error: unknown): boolean {
  if (error instanceof AppError) return error.errorCode === "database_unavailable";
  return error instanceof Error && "code" in error && LOST_CONNECTION.test(String(error.code));
}

/**
 * Lets a commit return before it is on the disk. Not on the embedded database: it has no background
 * writer, so a commit that stays in memory would be lost when the process is killed.
 */
export const notWaitingForDisk = (sql: Sql) => sql`
  set_config('synchronous_commit',
             case current_setting('lectern.embedded', true) when 'on' then 'on' else 'off' end, true)`;
