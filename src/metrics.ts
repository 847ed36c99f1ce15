import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const SECONDS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 300, 1800];

export type Metrics = ReturnType<typeof openMetrics>;

/** The metrics of `/metrics`. Workers report theirs to the main process. */
export function openMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers });
  return {
    registry,
    // Gauges are set when `/metrics` is requested. Those of the whole installation have the same value in each of
    // its processes, so a query takes their maximum and not their sum.
    jobs: gauge("lectern_jobs", "Unfinished and failed jobs", "kind", "state"),
    queued: gauge("lectern_queue_messages", "Messages in each queue", "queue"),
    oldestSeconds: gauge(
      "lectern_queue_oldest_seconds",
      "How long the oldest job that could start has waited for a worker",
    ),
    deadLetters: gauge("lectern_dead_letters", "Failed jobs and invalid messages by code", "code"),
    waitingJobs: gauge(
      "lectern_waiting_jobs",
      "Jobs that wait for a provider whose calls fail",
      "provider",
    ),
    workers: gauge(
      "lectern_workers",
      "Workers of all processes on all machines that run or start when they are needed",
    ),
    breakerOpen: gauge(
      "lectern_provider_breaker_open",
      "1 while calls to a provider fail and jobs wait for it",
      "provider",
    ),
    callsRunning: gauge(
      "lectern_provider_calls_running",
      "Paid calls of jobs under way in all processes",
      "provider",
    ),
    costToday: gauge(
      "lectern_provider_cost_today_usd",
      "Cost of the calls since midnight UTC, by the table of prices",
      "provider",
      "model",
    ),
    backupAge: gauge(
      "lectern_backup_age_seconds",
      "Time since the last stored backup, or since the first attempt if none was stored",
    ),
    backupDamagedFiles: gauge(
      "lectern_backup_damaged_files",
      "Files of the last stored backup that are missing in the storage, or differ from their upload",
    ),
    worseCourses: gauge(
      "lectern_courses_with_worse_exam",
      "Courses whose last exam has a regression that is not accepted",
    ),
    databaseUp: gauge("lectern_database_up", "1 when the database answers this process"),
    storageUp: gauge("lectern_storage_up", "1 when this process can store uploads"),
    diskFreeBytes: gauge("lectern_disk_free_bytes", "Free space on the disk of DATA_ROOT"),
    localWorkers: gauge(
      "lectern_process_workers",
      "Workers of this process; alive: those that run or start when they are needed, 0 while none runs",
      "state",
    ),
    workerMemory: gauge(
      "lectern_worker_memory_bytes",
      "JavaScript heap of a worker thread, or the memory of a worker process",
      "worker",
    ),
    openStreams: gauge("lectern_open_streams", "Streamed responses that are being sent"),
    statementsRunning: gauge(
      "lectern_database_statements_running",
      "SQL statements of this process that run or wait for a connection",
    ),
    poolConnections: gauge(
      "lectern_database_pool_connections",
      "Largest number of connections of this process's pool",
    ),
    buildInfo: gauge("lectern_build_info", "Always 1", "version", "runtime", "role", "database"),
    workerCrashes: new Counter({
      name: "lectern_worker_crashes_total",
      help: "Workers of this process that ended without having been asked to",
      registers,
    }),
    takeovers: fromZero(
      new Counter({
        name: "lectern_job_takeovers_total",
        help: "Jobs that continue after their worker ended without a report",
        labelNames: ["kind"],
        registers,
      }),
    ),
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
    providerSeconds: new Histogram({
      name: "lectern_provider_call_seconds",
      help: "Duration of calls to providers, such as transcription, embedding and chat, by outcome",
      labelNames: ["provider", "purpose", "outcome"],
      buckets: SECONDS,
      registers,
    }),
    providerErrors: new Counter({
      name: "lectern_provider_errors_total",
      help: "Failed calls to providers by the code of the error",
      labelNames: ["provider", "code"],
      registers,
    }),
    providerUnits: new Counter({
      name: "lectern_provider_units_total",
      help: "Billed units, such as input_tokens, output_tokens, tokens, audio_seconds and pages",
      labelNames: ["provider", "model", "unit"],
      registers,
    }),
    statementSeconds: new Histogram({
      name: "lectern_database_statement_seconds",
      help: "Duration of SQL statements with their wait for a connection",
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30],
      registers,
    }),
    chatSeconds: new Histogram({
      name: "lectern_chat_seconds",
      help: "Time from a question to the end of its answer",
      labelNames: ["outcome"],
      buckets: SECONDS,
      registers,
    }),
    firstTextSeconds: new Histogram({
      name: "lectern_chat_first_text_seconds",
      help: "Time from a question to the first text of its answer",
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

/** Without the series of 0, Prometheus does not count the first takeover, and a sum with this counter has no result. */
function fromZero(takeovers: Counter<"kind">): Counter<"kind"> {
  for (const kind of ["lecture", "document"]) takeovers.inc({ kind }, 0);
  return takeovers;
}

export type AnswerMetrics = Pick<Metrics, "chatSeconds" | "firstTextSeconds" | "retrievalHits">;

/** Records the outcome of an answer, its durations, and the number of passages that its searches found. */
export function observeAnswer(
  { chatSeconds, firstTextSeconds, retrievalHits }: AnswerMetrics,
  outcome: string,
  {
    latency_ms,
    first_text_ms,
    hits,
  }: { latency_ms: number; first_text_ms?: number | undefined; hits: number },
): void {
  chatSeconds.observe({ outcome }, latency_ms / 1_000);
  if (first_text_ms !== undefined) firstTextSeconds.observe(first_text_ms / 1_000);
  retrievalHits.observe({ source: "chat" }, hits);
}

/** A call to a provider that ended. */
export type EndedProviderCall = {
  /** The service, such as `openai`; an address after a colon is not used. */
  provider: string;
  model: string | null;
  purpose: string;
  outcome: "ok" | "error" | "lost";
  error_code: string | null;
  /** Null: another measurement has the duration. */
  seconds: number | null;
  /** Billed units by name. */
  usage: Readonly<Record<string, number>>;
};

export type OnProviderCall = (call: EndedProviderCall) => void;

/** Records a call to a provider. Labels are names of services, models of the settings, and codes. */
export function observeProviderCall(
  {
    providerSeconds,
    providerErrors,
    providerUnits,
  }: Pick<Metrics, "providerSeconds" | "providerErrors" | "providerUnits">,
  { provider: service, model, purpose, outcome, error_code, seconds, usage }: EndedProviderCall,
): void {
  const [provider = service] = service.split(":");
  if (seconds !== null) providerSeconds.observe({ provider, purpose, outcome }, seconds);
  if (error_code !== null) providerErrors.inc({ provider, code: error_code });
  for (const [unit, amount] of Object.entries(usage)) {
    if (amount > 0) providerUnits.inc({ provider, model: model ?? "", unit }, amount);
  }
}
