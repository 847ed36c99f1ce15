import { Elysia } from "elysia";
import { z } from "zod";
import { version } from "../../package.json";
import type { Sql } from "../db/client";
import { countJobs } from "../db/jobs/jobs";
import type { Metrics } from "../metrics";
import { queueDepths } from "../queue/queue";
import type { FileStorage } from "../storage/files";
import { principalOf } from "./http/auth";
import { RETRY_AFTER_SECONDS } from "./http/problems";

const Check = z.enum(["ok", "failed", "off"]);

const Health = z
  .object({
    status: z.enum(["ok", "degraded"]),
    checks: z
      .object({ database: Check, storage: Check, queue: Check, workers: Check })
      .optional()
      .describe("Only with a credential, where one is required"),
    version: z.string().optional().describe("Only with a credential, where one is required"),
  })
  .meta({ id: "Health" });

type HealthRoutesDeps = {
  db: Sql;
  storage: FileStorage;
  metrics: Metrics;
  /** How many workers this process should run, and how many are running. */
  workers: () => { wanted: number; alive: number };
  /** A check without a result after this time has failed. */
  checkTimeoutMs?: number;
};

export const healthRoutes = ({
  db,
  storage,
  metrics,
  workers,
  checkTimeoutMs = 2_000,
}: HealthRoutesDeps) =>
  new Elysia({ tags: ["Operation"] })
    .get(
      "/api/health",
      async ({ request, set, status }) => {
        const [database, queue, stored] = await Promise.all([
          answers(() => db`select 1`, checkTimeoutMs),
          answers(() => queueDepths(db), checkTimeoutMs),
          answers(() => storage.check(), checkTimeoutMs),
        ]);
        const { wanted, alive } = workers();
        const working = wanted === 0 ? "off" : alive > 0 ? "ok" : "failed";
        const checks = { database, storage: stored, queue, workers: working } as const;
        const degraded = Object.values(checks).includes("failed");
        const overall = { status: degraded ? "degraded" : "ok" } as const;
        const isAnonymous = principalOf(request).kind === "anonymous";
        const body = isAnonymous ? overall : { ...overall, checks, version };
        if (database !== "ok") set.headers["retry-after"] = RETRY_AFTER_SECONDS;
        return status(database === "ok" ? 200 : 503, body);
      },
      {
        response: { 200: Health, 503: Health },
        detail: { summary: "Check the database, storage, queue and workers, each by using it" },
      },
    )
    .get(
      "/metrics",
      async () => {
        metrics.jobs.reset();
        metrics.queued.reset();
        for (const { kind, state, count } of await countJobs(db)) {
          metrics.jobs.set({ kind, state }, count);
        }
        for (const { queue_name, waiting } of await queueDepths(db)) {
          metrics.queued.set({ queue: queue_name }, waiting);
        }
        const headers = { "content-type": metrics.registry.contentType };
        return new Response(await metrics.registry.metrics(), { headers });
      },
      {
        detail: {
          summary: "Metrics for Prometheus",
          responses: { 200: { description: "Metrics", content: { "text/plain": {} } } },
        },
      },
    );

async function answers(
  check: () => PromiseLike<unknown>,
  checkTimeoutMs: number,
): Promise<"ok" | "failed"> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("no answer")), checkTimeoutMs);
  try {
    await Promise.race([check(), late.promise]);
    return "ok";
  } catch {
    return "failed";
  } finally {
    clearTimeout(timer);
  }
}
