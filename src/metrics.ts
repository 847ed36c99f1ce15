import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const SECONDS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800];

export type Metrics = ReturnType<typeof openMetrics>;

/** The metrics of `/metrics`. Workers report theirs to the main process. */
export function openMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    /** Set when `/metrics` is requested. */
    jobs: new Gauge({
      name: "lectern_jobs",
      help: "Unfinished and failed jobs",
      labelNames: ["kind", "state"],
      registers,
    }),
    queued: new Gauge({
      name: "lectern_queue_messages",
      help: "Messages in each queue",
      labelNames: ["queue"],
      registers,
    }),
    waitingJobs: new Gauge({
      name: "lectern_waiting_jobs",
      help: "Jobs that wait for a provider whose calls fail",
      labelNames: ["provider"],
      registers,
    }),
    oldestPendingSeconds: new Gauge({
      name: "lectern_oldest_pending_seconds",
      help: "How long the oldest job that could start has waited for a worker",
      registers,
    }),
    workers: new Gauge({
      name: "lectern_workers",
      help: "Running workers in all processes on all machines",
      registers,
    }),
    diskFreeBytes: new Gauge({
      name: "lectern_disk_free_bytes",
      help: "Free space on the disk of DATA_ROOT",
      registers,
    }),
    attempts: new Counter({
      name: "lectern_job_attempts_total",
      help: "Attempts of jobs by outcome",
      labelNames: ["kind", "outcome"],
      registers,
    }),
    stepSeconds: new Histogram({
      name: "lectern_step_seconds",
      help: "Time spent in each step of a job",
      labelNames: ["kind", "step"],
      buckets: SECONDS,
      registers,
    }),
    chatSeconds: new Histogram({
      name: "lectern_chat_seconds",
      help: "Time from a question to the end of its answer",
      labelNames: ["outcome"],
      buckets: SECONDS,
      registers,
    }),
    retrievalHits: new Histogram({
      name: "lectern_retrieval_hits",
      help: "Passages found by a query, or by all searches of an answer",
      labelNames: ["source"],
      buckets: [0, 1, 2, 4, 8, 16, 32, 50],
      registers,
    }),
    requestSeconds: new Histogram({
      name: "lectern_http_request_seconds",
      help: "Time until the response headers were sent",
      labelNames: ["method", "route", "status"],
      buckets: SECONDS,
      registers,
    }),
  };
}

export type AnswerMetrics = Pick<Metrics, "chatSeconds" | "retrievalHits">;

/** Records the outcome of an answer, its duration, and the number of passages that its searches found. */
export function observeAnswer(
  { chatSeconds, retrievalHits }: AnswerMetrics,
  outcome: string,
  { latency_ms, hits }: { latency_ms: number; hits: number },
): void {
  chatSeconds.observe({ outcome }, latency_ms / 1_000);
  retrievalHits.observe({ source: "chat" }, hits);
}
