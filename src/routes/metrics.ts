import { Elysia } from "elysia";
import type { Sql } from "../db/client";
import { countJobs } from "../db/jobs/jobs";
import { listProviderOutages } from "../db/jobs/provider-calls";
import type { Metrics } from "../metrics";
import { queueDepths } from "../queue/queue";
import { readQueueState } from "../queue/queue-state";
import type { DiskSpace } from "../storage/disk-space";

type MetricsRouteDeps = {
  db: Sql;
  metrics: Metrics;
  diskSpace: () => Promise<DiskSpace>;
};

export const metricsRoute = (deps: MetricsRouteDeps) =>
  new Elysia({ tags: ["Operation"] }).get(
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

/** Sets the metrics that are read at the moment of the request. */
async function setGauges({ db, metrics, diskSpace }: MetricsRouteDeps): Promise<void> {
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
