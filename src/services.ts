import { join } from "node:path";
import { version } from "../package.json";
import { type Config, instanceName } from "./config";
import { AuditWriter } from "./db/access/audit-writer";
import { KeyRing } from "./db/access/key-ring";
import { UserDirectory } from "./db/access/users";
import { type Database, openDatabase, type Sql } from "./db/client";
import type { ContentRetention } from "./db/content-retention";
import { ReceiptWriter } from "./db/jobs/receipt-writer";
import { openReplica } from "./db/replica";
import { type DatabaseServer, openServerDatabase } from "./db/server";
import { type Log, openLog } from "./log";
import { type GuardedFetch, openGuardedFetch } from "./media/fetch/guarded-fetch";
import type { OnSpawn } from "./media/ffmpeg";
import { openPageRenderer, type PageRenderer } from "./media/pdf/page-images";
import { type Metrics, type OnProviderCall, observeProviderCall, openMetrics } from "./metrics";
import { type CallPolicy, openCallPolicy } from "./pipelines/paid-calls";
import { openProviders, type Providers } from "./providers";
import type { AudioSource } from "./providers/audio-source";
import { openOidc, type TokenVerifier } from "./providers/oidc";
import { openPanopto } from "./providers/panopto";
import { openReranker, type Reranker } from "./providers/reranker";
import { findOcr, type OpenOcr } from "./providers/slides/ocr";
import { selectTranscriber } from "./providers/speech/select-transcriber";
import type { Transcriber } from "./providers/transcriber";
import type { LocalWorkers } from "./queue/supervisor";
import { type BackupPlace, openBackupPlace } from "./storage/backup-place";
import { openDiskStorage } from "./storage/disk";
import { AUDIO_FILES, DOCUMENT_FILES, type FileKind, type FileStorage } from "./storage/files";
import { openS3Storage } from "./storage/s3";
import { startTracing } from "./tracing";

export type Services = Providers & {
  config: Config;
  log: Log;
  db: Sql;
  /** The uploaded PDFs. */
  storage: FileStorage;
  /** The audio that clients uploaded, while lectures need it. */
  uploadedAudio: FileStorage;
  audioSource: AudioSource;
  /** Null without a configured transcriber; then only captions are used. */
  transcriber: Transcriber | null;
  pageRenderer: PageRenderer;
  /** Null without an installed OCR program. */
  openOcr: OpenOcr | null;
  /** Null without a configured reranking server. */
  reranker: Reranker | null;
  metrics: Metrics;
  /** Limits of the calls that cost money, and the place of their answers. */
  callPolicy: CallPolicy;
  /** Sends webhooks. */
  webhookFetch: GuardedFetch;
  /** Receipts of the calls that questions make. */
  receipts: ReceiptWriter;
  keys: KeyRing;
  users: UserDirectory;
  audit: AuditWriter;
  databaseLoad: Database["load"];
  /** Null without OIDC_ISSUER. */
  oidc: TokenVerifier | null;
  /** The source of backups. */
  database: Pick<DatabaseServer, "engine" | "openCopy">;
  backups: { place: BackupPlace; keep: number };
  /** Folder for all files, including temporary ones. */
  dataRoot: string;
  workers: () => LocalWorkers;
  /** Aborted when the process begins to stop, so that streams can end properly. */
  shutdown: AbortSignal;
  /** `close` waits for the promise, such as an answer without a reader that is being stored. */
  beforeClose(work: Promise<void>): void;
};

export type OpenOptions = {
  /** Maximum number of database connections of this thread. */
  connections: number;
  /** Address of the process's local embedder; used if the settings choose it. */
  localEmbedderUrl: string;
  name: string;
  /** The source of backups; DATABASE_URL by default. */
  database?: Services["database"];
  /** Called for every child process that can outlive its thread. */
  onSpawn?: OnSpawn;
  /** Receives the calls to providers; default: the metrics of this thread. */
  onCall?: OnProviderCall;
};

/** Opens the services of one thread. */
export async function openServices(
  config: Config & { DATABASE_URL: string },
  { connections, localEmbedderUrl, name, onSpawn, ...options }: OpenOptions,
): Promise<
  Services & { stop(): void; close(): Promise<void>; run(workers: Services["workers"]): void }
> {
  const instance = instanceName(config);
  const log = openLog(config.LOG_LEVEL, { name, instance });
  const stopTracing = await openTracing(config, { instance, name, log });
  const metrics = openMetrics();
  const onCall = options.onCall ?? ((call) => observeProviderCall(metrics, call));
  const onStatement = (seconds: number) => metrics.statementSeconds.observe(seconds);
  const isPooled = config.DATABASE_DIRECT_URL !== undefined; // then DATABASE_URL leads to a pooler
  const pool = { max: connections, name: `${instance} ${name}`, isPooled, onStatement };
  const database = openDatabase(config.DATABASE_URL, pool, log);
  const replica =
    config.DATABASE_REPLICA_URL &&
    openReplica(database.sql, config.DATABASE_REPLICA_URL, pool, log);
  const keys = new KeyRing(database.sql);
  const audit = new AuditWriter(database.sql, log);
  const receipts = new ReceiptWriter(database.sql, log, { onCall });
  const shutdown = new AbortController();
  const unfinished = new Set<Promise<void>>();
  let workers: Services["workers"] = () => ({ wanted: 0, alive: 0, isStarting: false });
  const providers = await openProviders(config, { localEmbedderUrl });
  return {
    ...providers,
    chatModel: { ...providers.chatModel, onCall },
    config,
    log,
    db: database.sql,
    storage: await openStorage(config, DOCUMENT_FILES),
    uploadedAudio: await openStorage(config, AUDIO_FILES),
    audioSource: openAudioSource(config),
    transcriber: selectTranscriber(config, onSpawn),
    pageRenderer: openPageRenderer(),
    openOcr: findOcr(),
    reranker: openReranker(config),
    metrics,
    callPolicy: openCallPolicy(config, log, onCall),
    webhookFetch: openGuardedFetch({ allowedHosts: config.WEBHOOK_ALLOWED_HOSTS }),
    receipts,
    databaseLoad: database.load,
    keys,
    users: new UserDirectory(database.sql),
    audit,
    oidc: openTokenVerifier(config),
    database: options.database ?? openServerDatabase(config.DATABASE_URL),
    backups: { place: openBackups(config), keep: config.BACKUP_KEEP },
    dataRoot: config.DATA_ROOT,
    workers: () => workers(),
    shutdown: shutdown.signal,
    run: (running) => {
      workers = running;
    },
    stop: () => shutdown.abort(),
    beforeClose: (work) => {
      const ended = work.finally(() => unfinished.delete(ended));
      unfinished.add(ended);
    },
    close: async () => {
      shutdown.abort();
      await Promise.all(unfinished);
      keys.close();
      await audit.flush();
      await receipts.flush();
      await database.close();
      if (replica) await replica.close();
      await stopTracing();
    },
  };
}

/** Sends traces if the settings name a collector; the returned function stops it. */
async function openTracing(
  config: Config,
  { instance, name, log }: { instance: string; name: string; log: Log },
): Promise<() => Promise<void>> {
  if (!config.OTEL_EXPORTER_OTLP_ENDPOINT) return async () => {};
  const resource = {
    "service.name": "lectern",
    "service.version": version,
    "service.instance.id": instance,
    "lectern.role": config.ROLE,
    "thread.name": name,
  };
  return startTracing(
    {
      endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
      headers: config.OTEL_EXPORTER_OTLP_HEADERS,
      share: config.OTEL_TRACES_SAMPLER_ARG,
      resource,
    },
    log,
  );
}

/** Opens the storage that the settings choose, for one kind of files. */
export async function openStorage(config: Config, kind: FileKind): Promise<FileStorage> {
  if (config.STORAGE === "disk") return openDiskStorage(config.DATA_ROOT, kind);
  return openS3Storage(config.DATA_ROOT, kind, {
    endpoint: config.S3_ENDPOINT,
    region: config.S3_REGION,
    // config.ts rejects STORAGE=s3 without these.
    bucket: config.S3_BUCKET!,
    accessKeyId: config.S3_ACCESS_KEY_ID!,
    secretAccessKey: config.S3_SECRET_ACCESS_KEY!,
  });
}

export const toContentRetention = (config: Config): ContentRetention => ({
  pdfs: config.PDF_RETENTION_DAYS,
  transcripts: config.TRANSCRIPT_RETENTION_DAYS,
  embeddings: config.EMBEDDING_RETENTION_DAYS,
  chats: config.CHAT_RETENTION_DAYS,
});

/**
 * Opens a place of backups.
 *
 * @param address  a folder, or `s3://bucket/prefix`; BACKUP_TO by default
 */
export function openBackups(config: Config, address = backupAddress(config)): BackupPlace {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config;
  if (!accessKeyId || !secretAccessKey) return openBackupPlace(address);
  const { S3_ENDPOINT: endpoint, S3_REGION: region } = config;
  return openBackupPlace(address, { endpoint, region, accessKeyId, secretAccessKey });
}

const backupAddress = ({ BACKUP_TO, DATA_ROOT }: Config) => BACKUP_TO ?? join(DATA_ROOT, "backups");

function openTokenVerifier(config: Config): TokenVerifier | null {
  if (!config.OIDC_ISSUER) return null;
  return openOidc({
    issuer: config.OIDC_ISSUER,
    // config.ts rejects OIDC_ISSUER without it.
    audience: config.OIDC_AUDIENCE!,
    scopesClaim: config.OIDC_SCOPES_CLAIM,
    scopesMap: config.OIDC_SCOPES_MAP,
    coursesClaim: config.OIDC_COURSES_CLAIM,
    userClaim: config.OIDC_USER_CLAIM,
  });
}

function openAudioSource(config: Config): AudioSource {
  return openPanopto({
    allowedHosts: config.PANOPTO_ALLOWED_HOSTS,
    cookie: config.PANOPTO_COOKIE,
    clientId: config.PANOPTO_CLIENT_ID,
    clientSecret: config.PANOPTO_CLIENT_SECRET,
    username: config.PANOPTO_USERNAME,
    password: config.PANOPTO_PASSWORD,
  });
}
