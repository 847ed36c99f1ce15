import { join } from "node:path";
import { type Config, inheritedEnvironment, instanceName } from "./config";
import { listCoursesWithOtherModel } from "./db/chunks/embeddings";
import { openConnections } from "./db/connections";
import type { DatabaseServer } from "./db/server";
import { AppError } from "./errors";
import { takeDueExam } from "./evaluation/due-exam";
import { type App, listen } from "./listen";
import { removeScratchOfThread } from "./media/scratch";
import { observeProviderCall } from "./metrics";
import { runDueBackup } from "./pipelines/backup/run";
import { syncDueSources } from "./pipelines/lecture/sync-source";
import { startMaintenance } from "./pipelines/maintenance";
import { startPolling } from "./pipelines/poll";
import { startWebhookSender } from "./pipelines/webhook-sender";
import { startLocalEmbedder } from "./providers/local/embedding-server";
import { releaseAllClaims } from "./queue/queue";
import { type LocalWorkers, startSupervisor } from "./queue/supervisor";
import type { FromWorker } from "./queue/worker-handle";
import { isLoopback, isOpen } from "./routes/http/authenticate";
import { openServices, type Services, toContentRetention } from "./services";
import { warmUp } from "./warm-up";

/** The longest wait of a requested import before it begins. */
const SYNC_POLL_MS = 2_000;

/** How often a process looks whether a backup is due. */
const BACKUP_POLL_MS = 60_000;

/** How often a process with workers looks whether the exam of a course is due. */
const EXAM_POLL_MS = 60_000;

/**
 * Opens the services, listens and starts the workers, on a migrated database.
 *
 * @param createApp  makes the routes of this process
 * @returns stops all of this: streams end, and running jobs finish or are given back
 * @throws AppError `config_invalid`
 */
export async function startServer(
  config: Config,
  database: DatabaseServer,
  createApp: (services: Services) => App,
): Promise<() => Promise<void>> {
  const embedder = startLocalEmbedder();
  const services = await openServices(
    { ...config, DATABASE_URL: database.url },
    {
      connections: config.DATABASE_POOL,
      localEmbedderUrl: embedder.url,
      name: "lectern",
      database,
    },
  );

  // Only this process uses the embedded database, so no worker of an earlier process is alive.
  if (!config.DATABASE_URL) await releaseAllClaims(services.db);
  // Before the server listens, so that its first answer is not a failure.
  const hasWorkers = config.ROLE !== "api" && config.WORKERS > 0;
  if (hasWorkers) services.run(openWorkerState(config.WORKERS, () => 0));
  if (config.ROLE !== "worker") await checkAccess(services);
  // A worker loads its modules on its own thread while the routes are made: each takes a third of a second of CPU time.
  const [stopWorking, stopServing] = await Promise.all([
    hasWorkers ? startWorkers(services, database, embedder.url) : async () => {},
    serve(services, createApp(services)),
  ]);
  const stopBackground = startBackgroundWork(services, hasWorkers);
  void warnAboutOtherModels(services);

  return async () => {
    services.stop();
    await Promise.all([stopServing(), stopWorking(), stopBackground()]);
    await services.close();
    await embedder.close();
  };
}

/**
 * Starts the work that no request and no job waits for.
 *
 * @returns stops it
 */
function startBackgroundWork(services: Services, hasWorkers: boolean): () => Promise<void> {
  const { config, log } = services;
  // A process without workers does this too, because it has the interrupted uploads that it received.
  const stopMaintenance = startMaintenance({
    ...services,
    contentRetention: toContentRetention(config),
    audioRetentionDays: config.SOUND_RETENTION_DAYS,
    retention: {
      archives: config.ARCHIVE_RETENTION_DAYS,
      deadLetters: config.DEAD_LETTER_RETENTION_DAYS,
      audit: config.AUDIT_RETENTION_DAYS,
      events: config.EVENT_RETENTION_DAYS,
      receipts: config.RECEIPT_RETENTION_DAYS,
    },
  });
  const stops = [
    startWebhookSender({
      ...services,
      fetch: services.webhookFetch,
      showsQuestions: config.TEACHERS_SEE_QUESTIONS,
      now: () => new Date(),
    }),
    startPolling((signal) => syncDueSources(services, signal), {
      everyMs: SYNC_POLL_MS,
      log,
      failure: "sources are synchronised later",
    }),
  ];
  const everyHours = config.BACKUP_EVERY_HOURS;
  if (everyHours > 0) {
    const stopBackups = startPolling((signal) => runDueBackup(services, everyHours, signal), {
      everyMs: BACKUP_POLL_MS,
      log,
      failure: "the backup is tried again later",
    });
    stops.push(stopBackups);
  }
  if (hasWorkers && config.AUTO_EXAMS !== "off") {
    const stopExams = startPolling((signal) => takeDueExam(services, signal), {
      everyMs: EXAM_POLL_MS,
      log,
      failure: "the exam of a course is tried again later",
    });
    stops.push(stopExams);
  }
  return async () => {
    stopMaintenance();
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** The most courses in a log line. */
const MAX_NAMED_COURSES = 5;

/** Logs a warning if chunks use another embedding model. Search uses the model of each course if it is configured. */
async function warnAboutOtherModels({ db, embedder, log }: Services): Promise<void> {
  try {
    const courses = await listCoursesWithOtherModel(db, null, embedder.model);
    if (courses.length === 0) return;
    const named = courses.slice(0, MAX_NAMED_COURSES).map(({ name }) => name);
    const advice =
      "courses are embedded with another model than the configured one: ./lectern reembed moves them";
    log.warn({ configured: embedder.model, count: courses.length, courses: named }, advice);
  } catch (err) {
    log.warn({ err }, "the models of the stored embeddings could not be read");
  }
}

/**
 * Logs when no key is required.
 *
 * @throws AppError `config_invalid` when other machines could use the server without a key
 */
async function checkAccess(services: Services): Promise<void> {
  const { config, log, keys } = services;
  const isPublic = !isLoopback(config.HOST);
  if (await isOpen(services)) {
    const who = isPublic ? "everyone who can reach this server" : "every program on this machine";
    const message = `no key is required: ${who} can read, change and delete everything`;
    if (isPublic) log.warn({ host: config.HOST, auth: config.AUTH }, message);
    else log.info({ host: config.HOST, auth: config.AUTH }, message);
    return;
  }
  const hasKey = config.BOOTSTRAP_API_KEY || config.OIDC_ISSUER || (await keys.everCreated());
  if (isPublic && !hasKey) {
    const problem =
      `${config.HOST} is open to other machines, and there is no key: set BOOTSTRAP_API_KEY to at least ` +
      "32 random characters (openssl rand -hex 32), or run ./lectern keys create --name admin --scopes admin, " +
      "or set OIDC_ISSUER. AUTH=off starts without any protection";
    throw new AppError("config_invalid", { problems: { HOST: [problem] } });
  }
}

/** Serves the API, or health and metrics of a process that only runs workers. */
async function serve(services: Services, app: App): Promise<() => Promise<void>> {
  const { config, log } = services;
  if (config.ROLE === "worker") {
    const { url, stop } = await listen(app, config, "WORKER_PORT");
    log.info({ url, metrics: `${url}metrics` }, "listening");
    return stop;
  }
  const connections = config.DATABASE_POOL;
  // Another process serves until this one listens. A single process would only start later.
  if (config.ROLE === "api") await warmUp(services, { connections });
  const { url, stop } = await listen(app, config, "PORT");
  if (config.ROLE === "all") void openConnections(services.db, connections);
  log.info({ url, ag_ui: `${url}ag-ui`, swagger: `${url}swagger` }, "listening");
  return stop;
}

/** Workers that do not run after this time have failed to start. */
const WORKERS_START_MS = 60_000;

/** The state of this process's workers, for its health. */
function openWorkerState(wanted: number, alive: () => number): () => LocalWorkers {
  const startedAt = performance.now();
  let hasRun = false;
  return () => {
    const running = alive();
    hasRun ||= running > 0;
    const isStarting = !hasRun && performance.now() - startedAt < WORKERS_START_MS;
    return { wanted, alive: running, isStarting };
  };
}

async function startWorkers(
  services: Services & { run(workers: Services["workers"]): void },
  database: DatabaseServer,
  embedderUrl: string,
): Promise<() => Promise<void>> {
  const { config, log, metrics } = services;
  const instance = instanceName(config);
  const onMessage = (message: FromWorker) => {
    if (message.type === "outcome")
      metrics.attempts.inc({ kind: message.kind, outcome: message.outcome });
    if (message.type === "step") {
      metrics.stepSeconds.observe({ kind: message.kind, step: message.step }, message.seconds);
    }
    if (message.type === "provider_call") observeProviderCall(metrics, message.call);
    if (message.type === "claimed" && message.job.taken_over_from) {
      metrics.takeovers.inc({ kind: message.job.kind });
    }
    if (message.type === "pong") {
      metrics.workerMemory.set({ worker: String(message.worker) }, message.memory_bytes);
    }
  };
  const supervisor = await startSupervisor({
    count: config.WORKERS,
    mode: config.WORKER_MODE,
    entry: join(import.meta.dir, "worker.ts"),
    env: {
      ...inheritedEnvironment(),
      DATABASE_URL: database.url,
      LOCAL_EMBEDDER_URL: embedderUrl,
      INSTANCE_NAME: instance,
    },
    db: services.db,
    databaseUrl: database.directUrl,
    instance,
    log,
    onMessage,
    onCrash: () => metrics.workerCrashes.inc(),
    onDeath: (thread) => {
      if (thread !== undefined) void removeScratchOfThread(config.DATA_ROOT, thread);
    },
  });
  services.run(openWorkerState(config.WORKERS, supervisor.alive));
  return supervisor.drain;
}
