import type { Config } from "./config";
import { openDatabase, type Sql } from "./db/client";
import { type Log, openLog } from "./log";
import { type Metrics, openMetrics } from "./metrics";
import { openProviders, type Providers } from "./providers";
import { openDiskStorage } from "./storage/disk";
import type { DocumentStorage } from "./storage/documents";

export type Services = Providers & {
  config: Config;
  log: Log;
  db: Sql;
  storage: DocumentStorage;
  metrics: Metrics;
  /** Folder for files, scratch ones included. */
  dataRoot: string;
  workers: () => { wanted: number; alive: number };
  /** Aborted when the process begins to stop: streams end themselves properly. */
  shutdown: AbortSignal;
};

export type OpenOptions = {
  /** Most database connections of this thread. */
  connections: number;
  /** Where the process's local embedder listens, when the settings choose it. */
  localEmbedderUrl: string;
  name: string;
};

/** Opens what a thread works with; `close` ends it in reverse. */
export async function openServices(
  config: Config & { DATABASE_URL: string },
  { connections, localEmbedderUrl, name }: OpenOptions,
): Promise<
  Services & { stop(): void; close(): Promise<void>; run(workers: Services["workers"]): void }
> {
  const log = openLog(config.LOG_LEVEL, { name });
  const database = openDatabase(config.DATABASE_URL, { max: connections }, log);
  const shutdown = new AbortController();
  let workers: Services["workers"] = () => ({ wanted: 0, alive: 0 });
  return {
    ...openProviders(config, { localEmbedderUrl }),
    config,
    log,
    db: database.sql,
    storage: await openDiskStorage(config.DATA_ROOT),
    metrics: openMetrics(),
    dataRoot: config.DATA_ROOT,
    workers: () => workers(),
    shutdown: shutdown.signal,
    run: (running) => {
      workers = running;
    },
    stop: () => shutdown.abort(),
    close: () => database.close(),
  };
}
