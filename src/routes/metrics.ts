import { Elysia } from "elysia";
import { version } from "../../package.json";
import type { Config } from "../config";
import type { Database, Sql } from "../db/client";
import { readFleetNumbers } from "../db/jobs/fleet-numbers";
import { ERRORS } from "../errors";
import type { Metrics } from "../metrics";
import { queueDepths } from "../queue/queue";
import { readQueueState } from "../queue/queue-state";
import type { LocalWorkers } from "../queue/supervisor";
import type { DiskSpace } from "../storage/disk-space";
import type { FileStorage } from "../storage/files";
import { orNullAfter } from "./cached-checks";
import { countOpenStreams } from "./http/streaming-response";

export type MetricsRouteDeps = {
  db: Sql;
  storage: Pick<FileStorage, "check">;
  metrics: Metrics;
  workers: () => LocalWorkers;
  databaseLoad: Database["load"];
  diskSpace: () => Promise<DiskSpace>;
  config: Pick<Config, "ROLE" | "DATABASE_URL">;
  /** The numbers of a part that does not answer in this time are left out. */
  checkTimeoutMs?: number;
};

export const metricsRoute = (deps: MetricsRouteDeps) => {
  const { registry, buildInfo } = deps.metrics;
  const { ROLE: role, DATABASE_URL } = deps.config;
  const database = DATABASE_URL ? "postgresql" : "embedded";
  buildInfo.set({ version, runtime: `bun ${Bun.version}`, role, database }, 1);
  return new Elysia({ tags: ["Operation"] }).get(
    "/metrics",
    async () => {
      await Promise.all([setFleetGauges(deps), setProcessGauges(deps)]);
      const headers = { "content-type": registry.contentType };
      return new Response(await registry.metrics(), { headers });
    },
    {
      detail: {
        summary: "Metrics for Prometheus",
        description: "Without the database, the numbers of this process only.",
        responses: { 200: { description: "Metrics", content: { "text/plain": {} } } },
      },
    },
  );
};

const CODES = Object.keys(ERRORS);

/** Sets the metrics that are read from the database. Without it they are absent, because old ones would mislead. */
async function setFleetGauges(deps: MetricsRouteDeps): Promise<void> {
  const { db, metrics, checkTimeoutMs = 2_000 } = deps;
  const read = () =>
    Promise.all([readFleetNumbers(db, CODES), queueDepths(db), readQueueState(db)]);
  const numbers = await orNullAfter(checkTimeoutMs, read);

  metrics.databaseUp.set(numbers === null ? 0 : 1);
  const { jobs, queued, deadLetters, waitingJobs, breakerOpen, callsRunning, costToday } = metrics;
  const fleet = [jobs, queued, deadLetters, waitingJobs, breakerOpen, callsRunning, costToday];
  for (const gauge of fleet) gauge.reset();
  const backup = [metrics.backupAge, metrics.backupDamagedFiles];
  const single = [metrics.oldestSeconds, metrics.workers, metrics.worseCourses, ...backup];
  for (const gauge of single) gauge.remove();
  if (numbers === null) return;

  const [fleetNumbers, depths, state] = numbers;
  const { jobs: counts, dead_letters, providers, costs } = fleetNumbers;
  const { backup_age_seconds, backup_damaged_files } = fleetNumbers;
  for (const { kind, state: name, count } of counts) jobs.set({ kind, state: name }, count);
  for (const { queue_name, waiting } of depths) queued.set({ queue: queue_name }, waiting);
  for (const { code, count } of dead_letters) deadLetters.set({ code }, count);
  for (const { provider, open, waiting_jobs, running_calls } of providers) {
    breakerOpen.set({ provider }, open ? 1 : 0);
    waitingJobs.set({ provider }, waiting_jobs);
    callsRunning.set({ provider }, running_calls);
  }
  for (const { provider, model, usd } of costs) costToday.set({ provider, model }, usd);
  metrics.oldestSeconds.set(state.oldest_pending_seconds ?? 0);
  metrics.workers.set(state.workers);
  metrics.worseCourses.set(fleetNumbers.worse_courses);
  if (backup_age_seconds !== null) metrics.backupAge.set(backup_age_seconds);
  if (backup_damaged_files !== null) metrics.backupDamagedFiles.set(backup_damaged_files);
}

/** Sets the metrics of this process. */
async function setProcessGauges(deps: MetricsRouteDeps): Promise<void> {
  const { storage, metrics, workers, databaseLoad, diskSpace, checkTimeoutMs = 2_000 } = deps;
  const { wanted, alive } = workers();
  metrics.localWorkers.set({ state: "wanted" }, wanted);
  metrics.localWorkers.set({ state: "alive" }, alive);
  metrics.openStreams.set(countOpenStreams());
  const { running, connections } = databaseLoad();
  metrics.statementsRunning.set(running);
  metrics.poolConnections.set(connections);
  const [space, stored] = await Promise.all([
    orNullAfter(checkTimeoutMs, diskSpace),
    orNullAfter(checkTimeoutMs, () => storage.check().then(() => true)),
  ]);
  metrics.diskFreeBytes.set(space?.free_bytes ?? 0);
  metrics.storageUp.set(stored === null ? 0 : 1);
}
