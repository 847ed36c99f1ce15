import { Elysia } from "elysia";
import { z } from "zod";
import { version } from "../../package.json";
import type { Sql } from "../db/client";
import { countJobs } from "../db/jobs/jobs";
import { listProviderOutages } from "../db/jobs/provider-calls";
import type { Metrics } from "../metrics";
import { queueDepths } from "../queue/queue";
import { type QueueState, readQueueState } from "../queue/queue-state";
import { type DiskSpace, judgeDiskSpace } from "../storage/disk-space";
import type { FileStorage } from "../storage/files";
import { principalOf } from "./http/auth";
import { RETRY_AFTER_SECONDS } from "./http/problems";
import { Time } from "./http/schemas";

const Check = z.enum(["ok", "failed", "off"]);

const Checks = z.object({
  database: Check,
  storage: Check.describe("Writes and removes a few bytes"),
  queue: Check,
  workers: Check.describe("failed: jobs wait, and no worker runs in any process"),
  providers: Check.describe("failed: calls to a provider fail, so jobs wait for it; off: unknown"),
  disk: z.enum(["ok", "low", "full", "failed"]).describe("full: the next upload can fail"),
});

const Outage = z.object({
  provider: z.string(),
  since: Time,
  next_probe_at: Time,
  jobs: z.int().describe("Jobs that wait for the provider"),
});

const QueueNumbers = z.object({
  waiting: z.int(),
  paused: z.int().describe("Jobs that continue when they are resumed"),
  running: z.int(),
  oldest_pending_seconds: z
    .number()
    .nullable()
    .describe("How long the oldest job that could start has waited for a worker"),
  dead_letters: z.int().describe("Failed jobs and invalid messages"),
  workers: z.int().describe("Running workers in all processes"),
});

const CREDENTIAL = "Only with a credential, where one is required";
const Health = z
  .object({
    status: z.enum(["ok", "degraded"]),
    checks: Checks.optional().describe(CREDENTIAL),
    queue: QueueNumbers.nullable().optional().describe(`${CREDENTIAL}; null without the database`),
    waiting_for: z.array(Outage).optional().describe(CREDENTIAL),
    disk: z
      .object({ free_bytes: z.number(), total_bytes: z.number() })
      .nullable()
      .optional()
      .describe(`${CREDENTIAL}. The disk of DATA_ROOT`),
    version: z.string().optional().describe(CREDENTIAL),
  })
  .meta({ id: "Health" });

type HealthRoutesDeps = {
  db: Sql;
  storage: FileStorage;
  metrics: Metrics;
  /** How many workers this process should run, and how many are running. */
  workers: () => { wanted: number; alive: number };
  diskSpace: () => Promise<DiskSpace>;
  maxUploadBytes: number;
  /** A check without a result after this time has failed. */
  checkTimeoutMs?: number;
};

export const healthRoutes = (deps: HealthRoutesDeps) =>
  new Elysia({ tags: ["Operation"] })
    .get(
      "/api/health",
      async ({ request, set, status }) => {
        const { isReady, ...health } = await checkHealth(deps);
        const isAnonymous = principalOf(request).kind === "anonymous";
        if (!isReady) set.headers["retry-after"] = RETRY_AFTER_SECONDS;
        return status(isReady ? 200 : 503, isAnonymous ? { status: health.status } : health);
      },
      {
        response: { 200: Health, 503: Health },
        detail: {
          summary: "Check the database, storage, queue, workers, providers and disk",
          description:
            "503 without the database, and when the disk has less free space than the largest upload needs. " +
            "Other failed checks make the status degraded.",
        },
      },
    )
    .get(
      "/metrics",
      async () => {
        await setGauges(deps);
        const { registry } = deps.metrics;
        const headers = { "content-type": registry.contentType };
        return new Response(await registry.metrics(), { headers });
      },
      {
        detail: {
          summary: "Metrics for Prometheus",
          responses: { 200: { description: "Metrics", content: { "text/plain": {} } } },
        },
      },
    );

async function checkHealth(deps: HealthRoutesDeps) {
  const { db, storage, workers, diskSpace, maxUploadBytes, checkTimeoutMs = 2_000 } = deps;
  const inTime = <T>(check: () => PromiseLike<T>) => withTimeout(check, checkTimeoutMs);
  const [database, queue, outages, stored, space] = await Promise.all([
    inTime(() => db`select 1`),
    inTime(() => readQueueState(db)),
    inTime(() => listProviderOutages(db)),
    inTime(() => storage.check().then(() => true)),
    inTime(diskSpace),
  ]);
  const disk = space ? judgeDiskSpace(space, maxUploadBytes) : "failed";
  const checks = {
    database: toCheck(database),
    storage: toCheck(stored),
    queue: toCheck(queue),
    workers: checkWorkers(workers(), queue),
    providers: outages === null ? "off" : outages.length === 0 ? "ok" : "failed",
    disk,
  } as const;
  const isWell = Object.values(checks).every((check) => check === "ok" || check === "off");
  return {
    isReady: database !== null && disk !== "full",
    status: isWell ? "ok" : "degraded",
    checks,
    queue,
    waiting_for: (outages ?? []).map(({ reason: _, ...outage }) => outage),
    disk: space,
    version,
  } as const;
}

const toCheck = (result: unknown) => (result === null ? "failed" : "ok");

/** A process without workers relies on those of other processes. */
function checkWorkers(
  { wanted, alive }: { wanted: number; alive: number },
  queue: QueueState | null,
): "ok" | "failed" | "off" {
  if (wanted > 0) return alive > 0 ? "ok" : "failed";
  if (!queue) return "off";
  if (queue.workers > 0) return "ok";
  return queue.waiting + queue.running > 0 ? "failed" : "off";
}

/** Sets the metrics that are read at the moment of the request. */
async function setGauges({ db, metrics, diskSpace }: HealthRoutesDeps): Promise<void> {
  metrics.jobs.reset();
  metrics.queued.reset();
  metrics.waitingJobs.reset();
  for (const { kind, state, count } of await countJobs(db))
    metrics.jobs.set({ kind, state }, count);
  for (const { queue_name, waiting } of await queueDepths(db)) {
    metrics.queued.set({ queue: queue_name }, waiting);
  }
  for (const { provider, jobs } of await listProviderOutages(db)) {
    metrics.waitingJobs.set({ provider }, jobs);
  }
  const { oldest_pending_seconds, workers } = await readQueueState(db);
  metrics.oldestPendingSeconds.set(oldest_pending_seconds ?? 0);
  metrics.workers.set(workers);
  metrics.diskFreeBytes.set((await diskSpace()).free_bytes);
}

/** The result of a check; null if it fails or has no result in time. */
async function withTimeout<T>(check: () => PromiseLike<T>, timeoutMs: number): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), timeoutMs);
  try {
    return await Promise.race([check(), late.promise]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
