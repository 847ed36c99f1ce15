import { join } from "node:path";
import { createApp, createWorkerApp } from "./app";
import {
  type Config,
  findMisspeltSettings,
  flyAppName,
  inheritedEnvironment,
  instanceName,
  loadConfig,
} from "./config";
import { countEmbeddings } from "./db/chunks/embeddings";
import { warnAboutMemory } from "./db/embedded/memory";
import { refuseSeveralMachines } from "./db/embedded/one-machine";
import { migrate } from "./db/migrate";
import { type DatabaseServer, openDatabaseServer } from "./db/server";
import { AppError, explain } from "./errors";
import { takeDueExam } from "./evaluation/due-exam";
import { openLog } from "./log";
import { removeScratchOfThread } from "./media/scratch";
import { observeProviderCall } from "./metrics";
import { runDueBackup } from "./pipelines/backup/run";
import { syncDueSources } from "./pipelines/lecture/sync-source";
import { startMaintenance } from "./pipelines/maintenance";
import { startPolling } from "./pipelines/poll";
import { startWebhookSender } from "./pipelines/webhook-sender";
import { modelProblems } from "./providers";
import { startLocalEmbedder } from "./providers/local/embedding-server";
import { transcriberProblems } from "./providers/speech/select-transcriber";
import { releaseAllClaims } from "./queue/queue";
import { type LocalWorkers, startSupervisor } from "./queue/supervisor";
import type { FromWorker } from "./queue/worker-handle";
import { isLoopback, isOpen } from "./routes/http/authenticate";
import { openServices, type Services, toContentRetention } from "./services";
import { openDataRoot } from "./storage/data-root";

/** The process exits after this time even if its stop is unfinished. Fly.io's kill_timeout must exceed it. */
const STOP_MS = 14_000;

/** The longest wait of a requested import before it begins. */
const SYNC_POLL_MS = 2_000;

/** How often a process looks whether a backup is due. */
const BACKUP_POLL_MS = 60_000;

/** How often a process with workers looks whether the exam of a course is due. */
const EXAM_POLL_MS = 60_000;

/** config → database → migrations → services → listen and work → drain on SIGTERM. */
async function main(): Promise<void> {
  const started = performance.now();
  const config = loadConfig(undefined, [modelProblems, transcriberProblems]);
  const log = openLog(config.LOG_LEVEL, { name: "lectern", instance: instanceName(config) });
  for (const { name, meant } of findMisspeltSettings())
    log.warn({ variable: name }, `${name} is not a setting: did you mean ${meant}?`);

  await assertPortFree(config);
  await openDataRoot(config.DATA_ROOT);
  refuseEmbeddedFleet(config);
  if (!config.DATABASE_URL) {
    warnAboutMemory(log);
    await refuseSeveralMachines(flyAppName());
  }
  const database = await openDatabaseServer(config, log);
  void database.failed.then((err) => {
    log.fatal({ err }, "the embedded database died; start again to continue where it stopped");
    process.exit(1);
  });
  const applied = await migrate(database.directUrl);
  if (applied.length > 0) log.info({ applied }, "database migrated");
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
  // A process without workers does this too, because it has the interrupted uploads that it received.
  const stopMaintenance = await startMaintenance({
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
  const stopWebhooks = startWebhookSender({
    ...services,
    fetch: services.webhookFetch,
    showsQuestions: config.TEACHERS_SEE_QUESTIONS,
    now: () => new Date(),
  });
  const stopSync = startPolling((signal) => syncDueSources(services, signal), {
    everyMs: SYNC_POLL_MS,
    log,
    failure: "sources are synchronised later",
  });
  const everyHours = config.BACKUP_EVERY_HOURS;
  const stopBackups =
    everyHours === 0
      ? async () => {}
      : startPolling((signal) => runDueBackup(services, everyHours, signal), {
          everyMs: BACKUP_POLL_MS,
          log,
          failure: "the backup is tried again later",
        });
  const hasWorkers = config.ROLE !== "api" && config.WORKERS > 0;
  const stopExams =
    !hasWorkers || config.AUTO_EXAMS === "off"
      ? async () => {}
      : startPolling((signal) => takeDueExam(services, signal), {
          everyMs: EXAM_POLL_MS,
          log,
          failure: "the exam of a course is tried again later",
        });
  // Before the server listens, so that its first answer is not a failure.
  if (hasWorkers) services.run(openWorkerState(config.WORKERS, () => 0));
  const stopServing = await serve(services);
  const stopWorking = hasWorkers
    ? await startWorkers(services, database, embedder.url)
    : async () => {};
  log.info({ start_ms: Math.round(performance.now() - started) }, "ready");
  void warnAboutOtherModels(services);

  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "stopping");
    setTimeout(() => process.exit(1), STOP_MS).unref();
    services.stop();
    stopMaintenance();
    await Promise.all([
      stopServing(),
      stopWorking(),
      stopWebhooks(),
      stopSync(),
      stopBackups(),
      stopExams(),
    ]);
    await services.close();
    await embedder.close();
    await database.close();
    process.exit(0);
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
}

/** Logs a warning if chunks use another embedding model. Search uses the model of each course if it is configured. */
async function warnAboutOtherModels({ db, embedder, log }: Services): Promise<void> {
  try {
    const stored = await countEmbeddings(db, { course_id: null });
    const others = stored.filter(({ model }) => model !== embedder.model);
    if (others.length === 0) return;
    const advice =
      "chunks are embedded with another model than the configured one: ./lectern reembed moves them";
    log.warn({ configured: embedder.model, stored: others }, advice);
  } catch (err) {
    log.warn({ err }, "the models of the stored embeddings could not be counted");
  }
}

/** Only one process can use the embedded database, so separate API and worker processes need a server. */
function refuseEmbeddedFleet({ DATABASE_URL, ROLE }: Config): void {
  if (DATABASE_URL || ROLE === "all") return;
  const message = "ROLE=api and ROLE=worker share a database: set DATABASE_URL";
  throw new AppError("config_invalid", { problems: { DATABASE_URL: [message] } });
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
async function serve(services: Services): Promise<() => Promise<void>> {
  const { config, log } = services;
  if (config.ROLE === "worker") {
    const { url, stop } = await listen(createWorkerApp(services), config, "WORKER_PORT");
    log.info({ url, metrics: `${url}metrics` }, "listening");
    return stop;
  }
  await checkAccess(services);
  const { url, stop } = await listen(createApp(services), config, "PORT");
  log.info({ url, ag_ui: `${url}ag-ui`, swagger: `${url}swagger` }, "listening");
  return stop;
}

/** @param setting  the setting of the port */
async function listen(
  app: ReturnType<typeof createApp>,
  config: Config,
  setting: "PORT" | "WORKER_PORT",
): Promise<{ url: string; stop: () => Promise<void> }> {
  await app.modules;
  try {
    // By default Elysia shares the port, and two servers would get alternate requests.
    app.listen({ hostname: config.HOST, port: config[setting], reusePort: false });
  } catch (error) {
    throw notListening(error, config, setting);
  }
  // Streams end themselves at shutdown. After 2 s all connections are closed.
  const stop = async () => {
    await Promise.race([app.server?.stop(false), Bun.sleep(2_000)]);
    await app.server?.stop(true);
  };
  return { url: app.server!.url.href, stop };
}

/**
 * Creating the database takes seconds, so a port in use is reported before it.
 *
 * @throws AppError `config_invalid`
 */
async function assertPortFree(config: Config): Promise<void> {
  const setting = config.ROLE === "worker" ? "WORKER_PORT" : "PORT";
  if (config[setting] === 0) return;
  const address = { hostname: config.HOST, port: config[setting], reusePort: false };
  try {
    const probe = Bun.serve({ ...address, fetch: () => new Response() });
    await probe.stop(true);
  } catch (error) {
    throw notListening(error, config, setting);
  }
}

function notListening(error: unknown, config: Config, setting: "PORT" | "WORKER_PORT"): unknown {
  const { HOST, [setting]: port } = config;
  const taken = `${port} is taken by another program: end that, or set another port (0 picks a free one)`;
  const { syscall, code = "" } = error as NodeJS.ErrnoException;
  if (syscall !== "listen") return error;
  const problems = {
    EADDRINUSE: { [setting]: [taken] },
    EACCES: { [setting]: [`${port} may not be used by this user: set one above 1023`] },
  }[code] ?? { HOST: [`${HOST} is no address of this machine: 0.0.0.0 or :: takes all it has`] };
  return new AppError("config_invalid", { problems });
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

try {
  await main();
} catch (error) {
  console.error(`Lectern could not start: ${explain(error)}`);
  process.exit(1);
}
