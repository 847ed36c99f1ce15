import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import { findEnvFileProblems } from "./env-file";
import { AppError } from "./errors";
import {
  BaseUrl,
  Budget,
  CallsAtATime,
  CommaList,
  Count,
  HostRule,
  LimitsPerMinute,
  Network,
  Origin,
  OtlpHeaders,
  Port,
  PostgresUrl,
  ScopesMap,
  Secret,
  wholeNumber,
} from "./setting-types";
import { closestName } from "./text/closest-name";

/** Settings that can be read from a file, such as a secret of Docker: OPENAI_API_KEY_FILE names it. */
const SECRETS = [
  "BOOTSTRAP_API_KEY",
  "DATABASE_DIRECT_URL",
  "DATABASE_REPLICA_URL",
  "DATABASE_URL",
  "ELEVENLABS_API_KEY",
  "GOOGLE_API_KEY",
  "OPENAI_API_KEY",
  "OTEL_EXPORTER_OTLP_HEADERS",
  "PANOPTO_CLIENT_SECRET",
  "PANOPTO_COOKIE",
  "PANOPTO_PASSWORD",
  "RERANK_API_KEY",
  "S3_ACCESS_KEY_ID",
  "S3_SECRET_ACCESS_KEY",
  "TRANSCRIPTION_API_KEY",
] as const;

/** Either all of these are set, or none. */
const PANOPTO_CLIENT = [
  "PANOPTO_CLIENT_ID",
  "PANOPTO_CLIENT_SECRET",
  "PANOPTO_USERNAME",
  "PANOPTO_PASSWORD",
] as const;
const S3 = ["S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"] as const;

// biome-ignore format: one variable, one line
const Config = z.object({
  /** TCP port of the API; 0 picks a free one. */
  PORT: Port.default(8080),
  /** Address to listen on; 0.0.0.0 or :: for all networks. */
  HOST: z.string().min(1).default("127.0.0.1"),
  /** A PostgreSQL server (15 or newer, with pgvector); unset: the embedded database. */
  DATABASE_URL: PostgresUrl,
  /** PostgreSQL itself, when DATABASE_URL leads to a pooler in transaction mode such as PgBouncer. */
  DATABASE_DIRECT_URL: PostgresUrl,
  /** A read replica for searches; unset: searches use DATABASE_URL. */
  DATABASE_REPLICA_URL: PostgresUrl,
  /** Connections of each process to the database; each worker adds 2, and notifications 1. */
  DATABASE_POOL: wholeNumber(2, 1_000).default(10),
  /** Folder of the uploaded files, the embedded database and scratch files. */
  DATA_ROOT: z.string().min(1).default("./data"),
  /** The work of this process: answer requests (api), process jobs (worker), or both (all). */
  ROLE: z.enum(["all", "api", "worker"]).default("all"),
  /** Jobs processed at the same time; 0 queues jobs without processing them. */
  WORKERS: wholeNumber(0, 64).default(2),
  /** Runs each worker as a thread of this process or as a separate process. */
  WORKER_MODE: z.enum(["thread", "process"]).default("thread"),
  /** TCP port of health and metrics of a process with ROLE=worker; 0 picks a free one. */
  WORKER_PORT: Port.default(8081),
  /** The name of this process in logs, metrics, traces and database connections; unset: host name and process id. */
  INSTANCE_NAME: z.string().regex(/^[\w.:-]{1,40}$/, { error: "must be 1 to 40 letters, digits, or any of . _ : -" }).optional(),
  /** OpenAI, or any server with its protocol. A base URL needs no key. */
  OPENAI_API_KEY: Secret,
  OPENAI_BASE_URL: BaseUrl,
  /** OpenAI's chat protocol; unset: responses on the official host, chat elsewhere. */
  OPENAI_API: z.enum(["responses", "chat"]).optional(),
  GOOGLE_API_KEY: Secret,
  GOOGLE_BASE_URL: BaseUrl,
  /** Speech to text, with every word timed. */
  ELEVENLABS_API_KEY: Secret,
  ELEVENLABS_BASE_URL: BaseUrl,
  /** Any server with OpenAI's `/audio/transcriptions`; OPENAI_API_KEY is never sent there. */
  TRANSCRIPTION_BASE_URL: BaseUrl,
  TRANSCRIPTION_API_KEY: Secret,
  /** `provider:model`; unset: the best one that has a key, or captions only. */
  TRANSCRIPTION_MODEL: z.string().min(1).optional(),
  /** Sends terms and names of the course's slides to speech to text; ElevenLabs charges 20 % more for it. */
  TRANSCRIPTION_TERMS: z.enum(["true", "false"]).default("false").transform((text) => text === "true"),
  /** When Panopto's captions become the transcript: always, only without a transcriber, or never. */
  CAPTIONS: z.enum(["prefer", "fallback", "never"]).default("fallback"),
  /** Sites that recordings are downloaded from; `host:port` can be private and plain http, for development. */
  PANOPTO_ALLOWED_HOSTS: CommaList.pipe(z.array(HostRule)).default(["*.panopto.com", "*.panopto.eu"]),
  /** The value of the cookie `.ASPXAUTH` of a user with access to the recordings. */
  PANOPTO_COOKIE: Secret,
  /** An API client of the site and the user it acts for: all four, or none. */
  PANOPTO_CLIENT_ID: Secret,
  PANOPTO_CLIENT_SECRET: Secret,
  PANOPTO_USERNAME: Secret,
  PANOPTO_PASSWORD: Secret,
  /** `provider:model`; unset: the best one that has a key. */
  CHAT_MODEL: z.string().min(1).optional(),
  EMBEDDING_MODEL: z.string().min(1).optional(),
  /** The model that describes slides; unset: Google or OpenAI if there is a key, else only text is read. */
  SLIDE_MODEL: z.string().min(1).optional(),
  /** A server with `/rerank`, such as Cohere, Jina, vLLM or llama.cpp; unset: no reranking. */
  RERANK_BASE_URL: BaseUrl,
  RERANK_API_KEY: Secret,
  RERANK_MODEL: z.string().min(1).optional(),
  /** Below this score of its best passage the course does not cover a question; unset: the reranker decides nothing. */
  RERANK_MIN_SCORE: z.coerce.number({ error: "must be a number" }).optional(),
  /** Maximum concurrent calls in the whole fleet, `provider=number`; 16 for the others. */
  PROVIDER_CONCURRENCY: CallsAtATime.default({ elevenlabs: 4 }),
  /** Limits of paid work, such as `audio_minutes=180,pages=300,usd=5`: of each lecture or document, … */
  BUDGET_ASSET: Budget.default({}),
  /** … of each course, … */
  BUDGET_COURSE: Budget.default({}),
  /** … and of all courses together in a day (UTC). */
  BUDGET_DAY: Budget.default({}),
  /** Exams of courses that Lectern takes after models, chunk sizes or weights changed: of search, also of answers (full), or none (off). */
  AUTO_EXAMS: z.enum(["search", "full", "off"], { error: "must be search, full or off" }).default("search"),
  /** The storage of uploaded PDFs and audio: DATA_ROOT, or an S3-compatible bucket. */
  STORAGE: z.enum(["disk", "s3"]).default("disk"),
  /** Unset: Amazon S3. */
  S3_ENDPOINT: BaseUrl,
  S3_BUCKET: z.string().min(1).optional(),
  S3_REGION: z.string().min(1).optional(),
  S3_ACCESS_KEY_ID: Secret,
  S3_SECRET_ACCESS_KEY: Secret,
  /** Folder for backups, or `s3://bucket/prefix` with S3_ENDPOINT and its keys; unset: `backups` in DATA_ROOT. */
  BACKUP_TO: z.string().min(1).optional(),
  /** Hours from one backup to the next; 0: only `./lectern backup` makes them. */
  BACKUP_EVERY_HOURS: wholeNumber(0, 8_760).default(0),
  /** How many backups are kept in BACKUP_TO. */
  BACKUP_KEEP: Count.default(7),
  /** Days after their upload that documents and lectures are deleted with all their texts; 0: never. */
  PDF_RETENTION_DAYS: wholeNumber(0, 36_500).default(0),
  TRANSCRIPT_RETENTION_DAYS: wholeNumber(0, 36_500).default(0),
  /** Days after the upload that only the vectors are deleted, and after the last message that a conversation is. */
  EMBEDDING_RETENTION_DAYS: wholeNumber(0, 36_500).default(0),
  CHAT_RETENTION_DAYS: wholeNumber(0, 36_500).default(0),
  /** Days that uploaded audio is kept after its lecture failed or was cancelled, so that a retry can use it. */
  SOUND_RETENTION_DAYS: wholeNumber(0, 3_650).default(7),
  /** Days that messages of completed and of failed jobs, events, audit events, and receipts of paid calls are kept. */
  ARCHIVE_RETENTION_DAYS: wholeNumber(1, 3_650).default(30),
  DEAD_LETTER_RETENTION_DAYS: wholeNumber(1, 3_650).default(90),
  EVENT_RETENTION_DAYS: wholeNumber(1, 3_650).default(90),
  AUDIT_RETENTION_DAYS: wholeNumber(1, 3_650).default(365),
  RECEIPT_RETENTION_DAYS: wholeNumber(30, 3_650).default(400),
  /** Largest upload, in MB (10^6 bytes). */
  MAX_UPLOAD_MB: Count.default(200),
  /** Most files, and largest sum in MB, of one upload of a folder. */
  MAX_FOLDER_FILES: Count.default(200),
  MAX_FOLDER_MB: Count.default(2_000),
  /** Maximum number of pages of a PDF. */
  MAX_PAGES: Count.default(500),
  /** Origins of web pages that can call the API; unset: no other origin. */
  CORS_ORIGINS: CommaList.pipe(z.array(Origin)).default([]),
  /** Requests a minute by scope, address and failed logins; streams and uploads at a time. Unset: see operations.md. */
  RATE_LIMITS: LimitsPerMinute.default({}),
  /** Addresses and networks of trusted proxies; their X-Forwarded-For is used. */
  TRUSTED_PROXIES: CommaList.pipe(z.array(Network)).default([]),
  /** Private hosts that webhooks can be sent to, as `host:port`; public ones with https need no entry. */
  WEBHOOK_ALLOWED_HOSTS: CommaList.pipe(z.array(HostRule)).default([]),
  /** An OpenTelemetry collector that receives traces by OTLP/HTTP; unset: no traces. */
  OTEL_EXPORTER_OTLP_ENDPOINT: BaseUrl,
  /** Headers of these requests, such as `authorization=Bearer%20…`, comma separated. */
  OTEL_EXPORTER_OTLP_HEADERS: OtlpHeaders.default({}),
  /** The share of requests that are traced. */
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number({ error: "must be a number, 0 to 1" }).min(0).max(1).default(1),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
  /** Folder of a built page to serve at /ag-ui instead of the included one. */
  AG_UI_DIR: z.string().min(1).default("public/ag-ui"),
  /** auto: keys are required, except on a loopback HOST without any key; off: every caller can do everything. */
  AUTH: z.enum(["auto", "off"]).default("auto"),
  /** The longest time that a share link can be valid, in hours. */
  SHARE_LINK_MAX_HOURS: z.coerce.number().min(1).max(8_760).default(24),
  /** A key with the scope admin, in the settings instead of the database. */
  BOOTSTRAP_API_KEY: z.string().min(32, "must have at least 32 characters").optional(),
  /** The institution's login: its tokens are accepted like keys. */
  OIDC_ISSUER: BaseUrl,
  /** The `aud` of tokens for this server. */
  OIDC_AUDIENCE: z.string().min(1).optional(),
  /** Claims of a token, with dots for nested ones such as realm_access.roles. */
  OIDC_SCOPES_CLAIM: z.string().min(1).default("scope"),
  OIDC_SCOPES_MAP: ScopesMap.default(new Map()),
  /** Ids of the user's courses; unset: all courses. */
  OIDC_COURSES_CLAIM: z.string().min(1).optional(),
  OIDC_USER_CLAIM: z.string().min(1).default("sub"),
  /** Whether users with the scope ingest can read the conversations of their courses, without names. */
  TEACHERS_SEE_QUESTIONS: z.enum(["true", "false"]).default("false").transform((text) => text === "true"),
  /** The address of your CopilotKit runtime and the name of its agent, for pages that read /api/agui/config. */
  COPILOTKIT_URL: BaseUrl,
  COPILOTKIT_AGENT: z.string().min(1).max(100).default("default"),
  /** The public address of this server, with the path that a proxy adds; unset: the address of each request. */
  PUBLIC_URL: BaseUrl,
}).superRefine((env, context) => {
  const require = (name: string, message: string) =>
    context.addIssue({ code: "custom", path: [name], message });
  for (const name of S3)
    if (env.STORAGE === "s3" && !env[name]) require(name, "required when STORAGE is s3");
  for (const name of ["DATABASE_DIRECT_URL", "DATABASE_REPLICA_URL"] as const)
    if (env[name] && !env.DATABASE_URL) require("DATABASE_URL", `required when ${name} is set`);
  for (const name of ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"] as const)
    if (env.BACKUP_TO?.startsWith("s3://") && !env[name]) require(name, "required when BACKUP_TO is s3://…");
  if (env.OIDC_ISSUER && !env.OIDC_AUDIENCE) require("OIDC_AUDIENCE", "required when OIDC_ISSUER is set");
  if (env.RERANK_MIN_SCORE !== undefined && !env.RERANK_BASE_URL) {
    require("RERANK_BASE_URL", "required when RERANK_MIN_SCORE is set");
  }
  const given = PANOPTO_CLIENT.find((name) => env[name]);
  for (const name of PANOPTO_CLIENT)
    if (given && !env[name]) require(name, `required together with ${given}`);
}, { when: () => true }); // also when another variable is invalid, so that one start shows every problem

const SETTINGS: ReadonlySet<string> = new Set([
  ...Object.keys(Config.shape),
  ...SECRETS.map((name) => `${name}_FILE`),
]);

export type Config = Readonly<z.infer<typeof Config>>;

/** The name of this process among all of an installation. The threads of a process share it. */
export const instanceName = ({ INSTANCE_NAME }: Pick<Config, "INSTANCE_NAME">): string =>
  INSTANCE_NAME ?? `${hostname()}:${process.pid}`;

type Environment = Record<string, string | undefined>;
export type ConfigProblems = Record<string, string[]>;

/**
 * Reads and checks the whole environment, once, at start-up. An empty variable counts as unset. A secret
 * can be in the file that NAME_FILE names; NAME itself wins.
 *
 * @param checks  further checks by modules that know the valid values, such as the names of models
 * @throws AppError `config_invalid`, with every problem listed under its variable
 */
export function loadConfig(
  env: Environment = process.env,
  checks: ((env: Environment) => ConfigProblems)[] = [],
): Config {
  const isOwnEnvironment = env === process.env;
  if (isOwnEnvironment) bypassProxyForLoopback(env);
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const files = readSecretFiles(given);
  const set = { ...given, ...files.secrets };
  const result = Config.safeParse(set);
  const problems: ConfigProblems = result.success ? {} : z.flattenError(result.error).fieldErrors;
  Object.assign(problems, files.problems);
  if (isOwnEnvironment && readsEnvFile(env)) {
    Object.assign(problems, findEnvFileProblems(".env", env, SETTINGS));
  }
  for (const check of checks) Object.assign(problems, check(set));
  if (result.success && Object.keys(problems).length === 0) return Object.freeze(result.data);
  throw new AppError("config_invalid", { problems });
}

/** A worker has the settings of the start of its server; the file can have changed since. */
const readsEnvFile = ({ WORKER_PROCESS_ID }: Environment): boolean =>
  WORKER_PROCESS_ID === undefined && !process.execArgv.includes("--no-env-file");

function readSecretFiles(env: Environment) {
  const secrets: Record<string, string> = {};
  const problems: ConfigProblems = {};
  for (const name of SECRETS) {
    const path = env[`${name}_FILE`];
    if (path === undefined || env[name] !== undefined) continue;
    try {
      const secret = readFileSync(path, "utf8").replace(/\r?\n$/, "");
      if (secret === "") problems[`${name}_FILE`] = [`${path} is empty`];
      else secrets[name] = secret;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      problems[`${name}_FILE`] = [`${path} cannot be read (${code})`];
    }
  }
  return { secrets, problems };
}

/**
 * Our own processes and programs on this machine, such as Ollama, are never called through a proxy: it
 * could not reach them, and it would see the texts. `fetch` reads these variables at every call.
 */
export function bypassProxyForLoopback(env: Environment = process.env): void {
  const listed = [env.NO_PROXY, env.no_proxy].flatMap((list) => list?.split(",") ?? []);
  const all = [...listed.map((host) => host.trim()).filter(Boolean), ...LOOPBACK];
  env.NO_PROXY = env.no_proxy = [...new Set(all)].join(",");
}
const LOOPBACK = ["localhost", "127.0.0.1", "::1", "[::1]"];

/** A variable that is not a setting but resembles one, and that one. */
export type MisspeltSetting = { name: string; meant: string };

/** The variables of the environment that are probably misspelt settings. */
export function findMisspeltSettings(env: Environment = process.env): MisspeltSetting[] {
  const known = new Set([...SETTINGS, ...FOREIGN_SETTINGS]);
  for (const schema of [WorkerConfig, ClientConfig]) {
    for (const name of Object.keys(schema.shape)) known.add(name);
  }
  return Object.keys(env)
    .filter((name) => env[name] !== "" && !known.has(name))
    .flatMap((name) => {
      const meant = closestName(name, [...SETTINGS]);
      return meant === null ? [] : [{ name, meant }];
    });
}
/** Variables of Bun, of our tests and of providers' own programs that resemble settings. */
const FOREIGN_SETTINGS = [
  "BUN_CONFIG_MAX_HTTP_REQUESTS",
  "TEST_DATABASE_URL",
  "GOOGLE_API_USE_MTLS",
];

/**
 * The environment without any setting of ours and without `.env`, for a process that is started with
 * `--no-env-file`.
 */
export function environmentWithoutSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inheritedEnvironment()).filter(([name]) => !SETTINGS.has(name)),
  );
}

/** Passed by the supervisor to its workers; not settings of the operator. */
const WorkerConfig = z.object({
  /** The database in use: the embedded one has an address only while the main process runs. */
  DATABASE_URL: z.string(),
  /** The address at which the main process embeds texts for its workers. */
  LOCAL_EMBEDDER_URL: z.url(),
  /** The number of this worker in its supervisor, for the log. */
  WORKER_NUMBER: z.coerce.number(),
  /** Identifies the process in its claims; workers that are threads of one process share it. */
  WORKER_PROCESS_ID: z.uuid(),
  /** The claimed job of a process in quarantine, as JSON; it runs only this job and exits. */
  WORKER_CLAIM: z.string().optional(),
});

/** @throws AppError `config_invalid` when the process was not started by a supervisor */
export function loadWorkerConfig(env: Environment = process.env): z.infer<typeof WorkerConfig> {
  const result = WorkerConfig.safeParse(env);
  if (result.success) return result.data;
  throw new AppError("config_invalid", { message: "a worker is started by src/main.ts" });
}

/** For commands that use a running server. */
const ClientConfig = z.object({ LECTERN_URL: BaseUrl, LECTERN_API_KEY: Secret });

/** @throws AppError `config_invalid` */
export function loadClientConfig(env: Environment = process.env): z.infer<typeof ClientConfig> {
  const result = ClientConfig.safeParse(env);
  if (result.success) return result.data;
  throw new AppError("config_invalid", { problems: z.flattenError(result.error).fieldErrors });
}

/** The name of the app in which this machine of Fly.io runs; undefined elsewhere. */
export const flyAppName = (env: Environment = process.env): string | undefined => env.FLY_APP_NAME;

/**
 * A path in the arguments of a command, which begins at the folder of its caller. `./lectern` changes to the folder of
 * Lectern and names the other one. Addresses such as s3://… stay as they are.
 */
export function fromCallerFolder(path: string, env: Environment = process.env): string {
  const { LECTERN_CALLER_DIR } = env;
  return LECTERN_CALLER_DIR && !path.includes("://") ? resolve(LECTERN_CALLER_DIR, path) : path;
}

/** A copy of the environment, for the processes and threads that we start. */
export const inheritedEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
