import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Config, flyAppName } from "../../config";
import { listKeys } from "../../db/access/keys";
import { countEmbeddings } from "../../db/chunks/embeddings";
import { connect, type Sql } from "../../db/client";
import { countConnections, readServerConnections } from "../../db/connections";
import { refuseSeveralMachines } from "../../db/embedded/one-machine";
import { listProviderOutages } from "../../db/jobs/provider-calls";
import { assertMigratable, findPendingMigrations, listMigrations } from "../../db/migrate";
import { findReplicaProblem, readInstalledAt, readReplicaState } from "../../db/replica";
import { checkServer, type DatabaseServer, openDatabaseServer } from "../../db/server";
import { AppError } from "../../errors";
import { readQueueState } from "../../queue/queue-state";
import { broken, type Finding, missing, ok, toFinding } from "./finding";

export type DatabaseReport = {
  findings: Finding[];
  /** Whether an API key was ever created; null when the database does not show it. */
  hasKeys: boolean | null;
};

/**
 * Examines the database of the settings without a change of its rows: whether a start can use it, its connections,
 * its queue, and chunks of another model.
 *
 * @param embeddingModel  the configured one; null when the settings of the models are wrong
 */
export async function examineDatabase(
  config: Config,
  embeddingModel: string | null,
): Promise<DatabaseReport> {
  const findings: Finding[] = [];
  try {
    findings.push(await describeServer(config));
    if (!config.DATABASE_URL && !existsSync(join(config.DATA_ROOT, "db"))) {
      return { findings, hasKeys: false };
    }
    const server = await openDatabaseServer(config);
    try {
      const opened = await examineOpened(server, config, embeddingModel);
      return { ...opened, findings: [...findings, ...opened.findings] };
    } finally {
      await server.close();
    }
  } catch (error) {
    const isLocked = error instanceof AppError && error.errorCode === "database_locked";
    const text =
      "chunks and queue cannot be checked while a server uses the database: see its GET /api/health";
    const finding = isLocked ? missing("queue", text) : toFinding("database", error);
    return { findings: isLocked ? [...findings, finding] : [finding], hasKeys: null };
  }
}

/** @throws AppError `config_invalid` when no start can use the server */
async function describeServer({ DATABASE_URL, DATA_ROOT, ROLE }: Config): Promise<Finding> {
  if (DATABASE_URL) {
    const { release, vector } = await checkServer(DATABASE_URL);
    return ok("database", `PostgreSQL ${release} with pgvector ${vector}`);
  }
  if (ROLE !== "all") return broken("database", `ROLE=${ROLE} shares a database: set DATABASE_URL`);
  await refuseSeveralMachines(flyAppName());
  const text = `embedded, in ${join(DATA_ROOT, "db")}: survives crashes and power failures, serves one machine`;
  return ok("database", text);
}

async function examineOpened(
  { directUrl, engine }: DatabaseServer,
  config: Config,
  embeddingModel: string | null,
): Promise<DatabaseReport> {
  const sql = connect(directUrl, { max: 1 });
  try {
    const findings = engine === "embedded" ? [] : [await examineConnections(config, sql)];
    const schema = await examineSchema(directUrl);
    findings.push(schema);
    if (schema.mark !== "ok") return { findings, hasKeys: null };
    if (config.DATABASE_REPLICA_URL) {
      findings.push(await examineReplica(sql, config.DATABASE_REPLICA_URL));
    }
    if (embeddingModel) findings.push(...(await listOtherModels(sql, embeddingModel)));
    findings.push(...(await examineQueue(sql)));
    return { findings, hasKeys: (await listKeys(sql)).length > 0 };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Compares the connections of a process with those of the server. */
async function examineConnections(config: Config, sql: Sql): Promise<Finding> {
  const { pool, direct } = countConnections(config);
  const { available, used } = await readServerConnections(sql);
  const pooled = config.DATABASE_DIRECT_URL ? `${pool} through the pooler and ${direct}` : pool;
  const text = `a process with these settings opens up to ${pooled}; the server has ${available}, ${used} in use`;
  const isFull = (config.DATABASE_DIRECT_URL ? direct : pool) > available - used;
  if (!isFull) return ok("connections", text);
  const advice = "lower DATABASE_POOL or WORKERS, raise max_connections, or use a pooler";
  return missing("connections", `${text}: ${advice}`);
}

/** A start does not wait for the replica: searches use the primary without it. */
async function examineReplica(primary: Sql, url: string): Promise<Finding> {
  const replica = connect(url, { max: 1 });
  try {
    const [state, installedAt] = await Promise.all([
      readReplicaState(replica),
      readInstalledAt(primary),
    ]);
    const problem = findReplicaProblem(state, installedAt);
    if (!problem) return ok("replica", "searches use it");
    return missing("replica", `searches use DATABASE_URL: DATABASE_REPLICA_URL ${problem}`);
  } catch (error) {
    const { message } = error as Error;
    const advice = "check host, port, user, password and database";
    return missing(
      "replica",
      `searches use DATABASE_URL, because it does not answer: ${message}: ${advice}`,
    );
  } finally {
    await replica.end({ timeout: 1 });
  }
}

/** Whether a start can use the schema as it is, must migrate it first, or refuses it. */
async function examineSchema(url: string): Promise<Finding> {
  try {
    await assertMigratable(url);
    const pending = await findPendingMigrations(url);
    if (pending.length === 0) return ok("schema", "of this version");
    if (pending.length === (await listMigrations()).length) {
      return missing("schema", "the database is empty: the first start makes its tables");
    }
    const advice = "make a backup; the next start, or ./lectern migrate, applies them";
    return missing("schema", `of an earlier version, without ${pending.join(", ")}: ${advice}`);
  } catch (error) {
    return toFinding("schema", error);
  }
}

async function listOtherModels(sql: Sql, configured: string): Promise<Finding[]> {
  const stored = await countEmbeddings(sql, { course_id: null });
  return stored
    .filter(({ model }) => model !== configured)
    .map(({ model, chunks }) =>
      missing("embeddings", `${chunks} chunks use ${model}: ./lectern reembed moves them`),
    );
}

async function examineQueue(sql: Sql): Promise<Finding[]> {
  const { waiting, paused, running, oldest_pending_seconds, dead_letters, workers, held_since } =
    await readQueueState(sql);
  const oldest = Math.round(oldest_pending_seconds ?? 0);
  const since = oldest > 0 ? `, the oldest for ${oldest} s` : "";
  const text = `${waiting} jobs wait${since}; ${running} run; ${paused} are paused; ${workers} workers`;
  const isStuck = workers === 0 && waiting + running > 0;
  const findings = [
    isStuck ? missing("queue", `${text}: start one with ./lectern up`) : ok("queue", text),
  ];
  if (held_since) {
    findings.push(missing("queue", `on hold since ${held_since}: ./lectern jobs resume`));
  }
  if (dead_letters > 0) {
    const advice = "./lectern jobs list --activity failed shows the jobs";
    findings.push(missing("queue", `${dead_letters} dead letters: ${advice}`));
  }
  for (const { provider, since, jobs } of await listProviderOutages(sql)) {
    findings.push(
      missing("providers", `${provider} fails since ${since}; ${jobs} jobs wait for it`),
    );
  }
  return findings;
}
