import { Elysia } from "elysia";
import { z } from "zod";
import { version } from "../../package.json";
import type { Sql } from "../db/client";
import { listProviderOutages } from "../db/jobs/provider-calls";
import { type QueueState, readQueueState } from "../queue/queue-state";
import type { LocalWorkers } from "../queue/supervisor";
import { type DiskSpace, judgeDiskSpace } from "../storage/disk-space";
import type { FileStorage } from "../storage/files";
import { orNullAfter } from "./cached-checks";
import { principalOf } from "./http/auth";
import { RETRY_AFTER_SECONDS } from "./http/problems";
import { Time } from "./http/schemas";

const Check = z.enum(["ok", "failed", "off"]);

const Checks = z.object({
  database: Check,
  storage: Check.describe("Writes and removes a few bytes; the result is kept for 10 s"),
  queue: Check,
  workers: z
    .enum(["ok", "starting", "failed", "off"])
    .describe("failed: jobs wait, and no worker runs in any process"),
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
  workers: z.int().describe("Workers of all processes that run or start when they are needed"),
  held_since: Time.nullable().describe("After a restore no job begins, until the queue is resumed"),
});

const CREDENTIAL = "Only with a credential, where one is required";
const Health = z
  .object({
    status: z
      .enum(["ok", "starting", "degraded"])
      .describe("starting: the workers of this process do not run yet"),
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

const Readiness = z
  .object({
    status: z.enum(["ready", "starting", "not_ready"]),
    failed: z
      .array(z.enum(["database", "storage", "disk", "workers"]))
      .optional()
      .describe(CREDENTIAL),
  })
  .meta({ id: "Readiness" });

const Liveness = z.object({ status: z.literal("live") });

export type HealthDeps = {
  db: Sql;
  storage: Pick<FileStorage, "check">;
  workers: () => LocalWorkers;
  diskSpace: () => Promise<DiskSpace>;
  maxUploadBytes: number;
  /** The process only runs workers, so it is not ready without one. */
  needsWorkers?: boolean;
  /** A check without a result after this time has failed. */
  checkTimeoutMs?: number;
};

export const healthRoutes = (deps: HealthDeps) =>
  new Elysia({ tags: ["Operation"] })
    .get(
      "/api/health",
      async ({ request, set, status }) => {
        const { unready, ...health } = await checkHealth(deps);
        const isReady = unready.length === 0;
        const isAnonymous = principalOf(request).kind === "anonymous";
        if (!isReady) set.headers["retry-after"] = RETRY_AFTER_SECONDS;
        return status(isReady ? 200 : 503, isAnonymous ? { status: health.status } : health);
      },
      {
        response: { 200: Health, 503: Health },
        detail: {
          summary: "Check the database, storage, queue, workers, providers and disk",
          description:
            "503 when the process is not ready, as `/api/health/ready` reports it. " +
            "Other failed checks make the status degraded.",
        },
      },
    )
    .get("/api/health/live", () => ({ status: "live" }) as const, {
      response: { 200: Liveness },
      detail: {
        summary: "Check that this process answers",
        description: "Checks nothing else, so that a database outage does not restart the process.",
      },
    })
    .get(
      "/api/health/ready",
      async ({ request, set, status }) => {
        const { unready: failed, checks } = await checkHealth(deps);
        const isAnonymous = principalOf(request).kind === "anonymous";
        if (failed.length === 0) return status(200, { status: "ready" });
        set.headers["retry-after"] = RETRY_AFTER_SECONDS;
        const isStarting = failed.length === 1 && checks.workers === "starting";
        const state = isStarting ? "starting" : "not_ready";
        return status(503, isAnonymous ? { status: state } : { status: state, failed });
      },
      {
        response: { 200: Readiness, 503: Readiness },
        detail: {
          summary: "Check that this process can do its work",
          description:
            "503 without the database, without the storage of the uploads, and when the disk has less free " +
            "space than the largest upload needs. A process that only runs workers also needs a running one.",
        },
      },
    );

async function checkHealth(deps: HealthDeps) {
  const { db, storage, workers, diskSpace, maxUploadBytes, checkTimeoutMs = 2_000 } = deps;
  const inTime = <T>(check: () => PromiseLike<T>) => orNullAfter(checkTimeoutMs, check);
  const [database, queue, outages, stored, space] = await Promise.all([
    inTime(() => db`select 1`),
    inTime(() => readQueueState(db)),
    inTime(() => listProviderOutages(db)),
    inTime(() => storage.check().then(() => true)),
    inTime(diskSpace),
  ]);
  const local = workers();
  const checks = {
    database: toCheck(database),
    storage: toCheck(stored),
    queue: toCheck(queue),
    workers: checkWorkers(local, queue),
    providers: outages === null ? "off" : outages.length === 0 ? "ok" : "failed",
    disk: space ? judgeDiskSpace(space, maxUploadBytes) : "failed",
  } as const;
  const isWell = Object.values(checks).every((check) => check === "ok" || check === "off");
  return {
    unready: findUnready(checks, deps.needsWorkers === true && local.alive === 0),
    status: checks.workers === "starting" ? "starting" : isWell ? "ok" : "degraded",
    checks,
    queue,
    waiting_for: (outages ?? []).map(({ reason: _, ...outage }) => outage),
    disk: space,
    version,
  } as const;
}

const toCheck = (result: unknown) => (result === null ? "failed" : "ok");

/** The checks that keep the process from doing its work. */
function findUnready(
  { database, storage, disk }: Pick<z.infer<typeof Checks>, "database" | "storage" | "disk">,
  lacksWorkers: boolean,
) {
  const failures = {
    database: database === "failed",
    storage: storage === "failed",
    disk: disk === "full",
    workers: lacksWorkers,
  };
  const names = Object.keys(failures) as (keyof typeof failures)[];
  return names.filter((name) => failures[name]);
}

/** A process without workers relies on those of other processes. */
function checkWorkers(
  { wanted, alive, isStarting }: LocalWorkers,
  queue: QueueState | null,
): "ok" | "starting" | "failed" | "off" {
  if (wanted > 0) return alive > 0 ? "ok" : isStarting ? "starting" : "failed";
  if (!queue) return "off";
  if (queue.workers > 0) return "ok";
  return queue.waiting + queue.running > 0 ? "failed" : "off";
}
