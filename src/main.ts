import { getPriority, setPriority } from "node:os";
import { type Config, findMisspeltSettings, flyAppName, instanceName, loadConfig } from "./config";
import { warnAboutMemory } from "./db/embedded/memory";
import { refuseSeveralMachines } from "./db/embedded/one-machine";
import { migrate } from "./db/migrate";
import { type DatabaseServer, openDatabaseServer } from "./db/server";
import { AppError, explain } from "./errors";
import { assertPortFree } from "./listen";
import { type Log, openLog } from "./log";
import { modelProblems } from "./providers/models";
import { transcriberProblems } from "./providers/speech/select-transcriber";
import { openDataRoot } from "./storage/data-root";

/** The process exits after this time even if its stop is unfinished. Fly.io's kill_timeout must exceed it. */
const STOP_MS = 14_000;

/**
 * The niceness of a process that only runs workers: where it shares a machine with the API, a job gets a third of
 * the CPU time of an answer while both need it. Its child processes inherit it.
 */
const WORKER_NICENESS = 5;

/** config → database → migrations → services → listen and work → drain on SIGTERM. */
async function main(): Promise<void> {
  const started = performance.now();
  const config = loadConfig(undefined, [modelProblems, transcriberProblems]);
  const log = openLog(config.LOG_LEVEL, { name: "lectern", instance: instanceName(config) });
  if (config.ROLE === "worker") setPriority(Math.max(getPriority(), WORKER_NICENESS));
  for (const { name, meant } of findMisspeltSettings())
    log.warn({ variable: name }, `${name} is not a setting: did you mean ${meant}?`);

  await assertPortFree(config);
  await openDataRoot(config.DATA_ROOT);
  refuseEmbeddedFleet(config);
  if (!config.DATABASE_URL) {
    warnAboutMemory(log);
    await refuseSeveralMachines(flyAppName());
  }
  // The rest of the program is loaded while the database starts: each takes half a second of CPU time.
  const [database, { startServer }, createApp] = await Promise.all([
    openMigratedDatabase(config, log),
    import("./server"),
    config.ROLE === "worker"
      ? import("./worker-app").then(({ createWorkerApp }) => createWorkerApp)
      : import("./app").then(({ createApp }) => createApp),
  ]);
  const stopServer = await startServer(config, database, createApp);
  log.info({ start_ms: Math.round(performance.now() - started) }, "ready");

  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "stopping");
    setTimeout(() => process.exit(1), STOP_MS).unref();
    await stopServer();
    await database.close();
    process.exit(0);
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
}

async function openMigratedDatabase(config: Config, log: Log): Promise<DatabaseServer> {
  const database = await openDatabaseServer(config, log);
  void database.failed.then((err) => {
    log.fatal({ err }, "the embedded database died; start again to continue where it stopped");
    process.exit(1);
  });
  const applied = await migrate(database.directUrl);
  if (applied.length > 0) log.info({ applied }, "database migrated");
  return database;
}

/** Only one process can use the embedded database, so separate API and worker processes need a server. */
function refuseEmbeddedFleet({ DATABASE_URL, ROLE }: Config): void {
  if (DATABASE_URL || ROLE === "all") return;
  const message = "ROLE=api and ROLE=worker share a database: set DATABASE_URL";
  throw new AppError("config_invalid", { problems: { DATABASE_URL: [message] } });
}

try {
  await main();
} catch (error) {
  console.error(`Lectern could not start: ${explain(error)}`);
  process.exit(1);
}
