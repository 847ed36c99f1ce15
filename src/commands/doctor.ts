import { exists } from "node:fs/promises";
import { join } from "node:path";
import { type Config, type ConfigProblems, findMisspeltSettings, loadConfig } from "../config";
import { countEmbeddings } from "../db/chunks/embeddings";
import { connect, type Sql } from "../db/client";
import { countConnections, readServerConnections } from "../db/connections";
import { listProviderOutages } from "../db/jobs/provider-calls";
import { checkServer, isMigrated, openDatabaseServer } from "../db/server";
import { AppError } from "../errors";
import { openProviders } from "../providers";
import { modelProblems } from "../providers/models";
import { findOcr } from "../providers/slides/ocr";
import { selectTranscriber, transcriberProblems } from "../providers/speech/select-transcriber";
import { readQueueState } from "../queue/queue-state";
import { isLoopback } from "../routes/http/authenticate";
import { openDataRoot } from "../storage/data-root";
import { judgeDiskSpace, readDiskSpace } from "../storage/disk-space";

/**
 * `./lectern doctor`: shows what is configured, what is missing, and the effect of each missing part.
 * It changes no stored data. Exit code 1: the server cannot start with these settings.
 */
type Finding = { mark: "ok" | "--" | "!!"; about: string; text: string };

const ok = (about: string, text: string): Finding => ({ mark: "ok", about, text });
const missing = (about: string, text: string): Finding => ({ mark: "--", about, text });
const broken = (about: string, text: string): Finding => ({ mark: "!!", about, text });

async function examine(config: Config): Promise<Finding[]> {
  return [
    runtime(),
    ...misspelt(),
    access(config),
    ...(await database(config)),
    await folder(config),
    ...(await disk(config)),
    ...models(config),
    ...(await storedState(config)),
    panopto(config),
    tool("ffmpeg", "lectures cannot be transcribed: install ffmpeg"),
    tool("pdftoppm", "page images are rendered 6 times slower: install poppler-utils"),
  ];
}

function runtime(): Finding {
  const recent = Bun.semver.satisfies(Bun.version, ">=1.4.5");
  return recent ? ok("bun", Bun.version) : broken("bun", `${Bun.version}: install 1.4.5 or newer`);
}

const misspelt = () =>
  findMisspeltSettings().map(({ name, meant }) =>
    missing("settings", `${name} is not a setting: did you mean ${meant}?`),
  );

/** Keys in the database count too, but only the server knows them while it runs. */
function access({ AUTH, HOST, BOOTSTRAP_API_KEY, OIDC_ISSUER }: Config): Finding {
  const isPublic = !isLoopback(HOST);
  if (AUTH === "off") {
    const who = isPublic ? "everyone who can reach" : "every program on";
    return missing("access", `AUTH=off: ${who} this machine can change and delete everything`);
  }
  const login = [BOOTSTRAP_API_KEY && "API keys", OIDC_ISSUER && `tokens of ${OIDC_ISSUER}`];
  const ways = login.filter(Boolean).join(" and ");
  if (ways) return ok("access", `${ways} on ${HOST}`);
  if (!isPublic)
    return ok("access", `this machine only (${HOST}): no key needed until one is created`);
  const advice = "set BOOTSTRAP_API_KEY, or create a key with ./lectern keys";
  return missing("access", `${HOST} is open to other machines, so a key is needed: ${advice}`);
}

async function database(config: Config): Promise<Finding[]> {
  const { DATABASE_URL, DATA_ROOT } = config;
  if (!DATABASE_URL) {
    const text = `embedded, in ${join(DATA_ROOT, "db")}: survives crashes and power failures, serves one machine`;
    return [ok("database", text)];
  }
  try {
    const { release, vector } = await checkServer(DATABASE_URL);
    const { directUrl } = await openDatabaseServer(config);
    return [
      ok("database", `PostgreSQL ${release} with pgvector ${vector}`),
      await connections(config, directUrl),
    ];
  } catch (error) {
    return [broken("database", problemsOf(error))];
  }
}

/** Compares the connections of a process with those of the server. */
async function connections(config: Config, url: string): Promise<Finding> {
  const { pool, direct } = countConnections(config);
  const sql = connect(url, { max: 1 });
  try {
    const { available, used } = await readServerConnections(sql);
    const pooled = config.DATABASE_DIRECT_URL ? `${pool} through the pooler and ${direct}` : pool;
    const text = `a process with these settings opens up to ${pooled}; the server has ${available}, ${used} in use`;
    const isFull = (config.DATABASE_DIRECT_URL ? direct : pool) > available - used;
    if (!isFull) return ok("connections", text);
    const advice = "lower DATABASE_POOL or WORKERS, raise max_connections, or use a pooler";
    return missing("connections", `${text}: ${advice}`);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function folder({ DATA_ROOT, S3_BUCKET }: Config): Promise<Finding> {
  try {
    await openDataRoot(DATA_ROOT);
    return ok("files", S3_BUCKET ? `bucket ${S3_BUCKET}, scratch in ${DATA_ROOT}` : DATA_ROOT);
  } catch (error) {
    return broken("files", problemsOf(error));
  }
}

async function disk({ DATA_ROOT, MAX_UPLOAD_MB }: Config): Promise<Finding[]> {
  const space = await readDiskSpace(DATA_ROOT).catch(() => null); // a missing folder is reported above
  if (!space) return [];
  const text = `${Math.round(space.free_bytes / 1e6)} MB free`;
  const state = judgeDiskSpace(space, MAX_UPLOAD_MB * 1e6);
  if (state === "ok") return [ok("disk", text)];
  return [missing("disk", `${text}, ${state}: free space, or set DATA_ROOT to a larger disk`)];
}

/** The problems of the settings in one line; other errors are bugs. */
function problemsOf(error: unknown): string {
  if (!(error instanceof AppError) || !error.details.problems) throw error;
  const problems = Object.entries(error.details.problems as ConfigProblems);
  return problems.map(([name, all]) => `${name} ${all.join("; ")}`).join("; ");
}

function models(config: Config): Finding[] {
  try {
    const { embedder, chatModel, slideDescriber } = openProviders(config, UNASKED);
    const transcriber = selectTranscriber(config);
    const local = embedder.model.startsWith("local:");
    return [
      local
        ? missing(
            "embeddings",
            `${embedder.model}, English only: OPENAI_API_KEY or GOOGLE_API_KEY adds more`,
          )
        : ok("embeddings", embedder.model),
      chatModel.kind === "extractive"
        ? missing("answers", "extracts with citations: the key of a model adds written answers")
        : ok("answers", chatModel.name),
      slideDescriber
        ? ok("slides", slideDescriber.model)
        : missing(
            "slides",
            `their text${findOcr() ? ", or OCR (English)" : " only"}: GOOGLE_API_KEY, OPENAI_API_KEY or SLIDE_MODEL adds figures`,
          ),
      transcriber
        ? ok("speech", `${transcriber.provider}:${transcriber.model}`)
        : missing(
            "speech",
            "captions only: ELEVENLABS_API_KEY, OPENAI_API_KEY or TRANSCRIPTION_BASE_URL adds more",
          ),
    ];
  } catch (error) {
    return [broken("models", problemsOf(error))];
  }
}

/** An embedder is only opened here, never called. */
const UNASKED = { localEmbedderUrl: "http://127.0.0.1" };

function panopto(config: Config): Finding {
  const signIn = config.PANOPTO_CLIENT_ID
    ? "an OAuth2 client"
    : config.PANOPTO_COOKIE && "a cookie";
  const hosts = config.PANOPTO_ALLOWED_HOSTS.join(", ");
  return signIn
    ? ok("panopto", `signs in with ${signIn} at ${hosts}`)
    : missing("panopto", "public recordings only: PANOPTO_COOKIE or PANOPTO_CLIENT_ID adds others");
}

/** Reports the queue, and chunks with embeddings of another model than the configured one. */
async function storedState(config: Config): Promise<Finding[]> {
  const embedded = join(config.DATA_ROOT, "db");
  if (!config.DATABASE_URL && !(await exists(embedded))) return [];
  try {
    const database = await openDatabaseServer(config);
    try {
      return await examineStored(database.directUrl, config);
    } finally {
      await database.close();
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.errorCode !== "database_locked") return []; // reported above
    const text =
      "chunks and queue cannot be checked while a server uses the database: see its GET /api/health";
    return [missing("queue", text)];
  }
}

async function examineStored(url: string, config: Config): Promise<Finding[]> {
  const sql = connect(url, { max: 1 });
  try {
    if (!(await isMigrated(sql))) return [];
    return [...(await otherModels(sql, config)), ...(await queueFindings(sql))];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function otherModels(sql: Sql, config: Config): Promise<Finding[]> {
  const { embedder } = openProviders(config, UNASKED);
  const stored = await countEmbeddings(sql, { course_id: null });
  return stored
    .filter(({ model }) => model !== embedder.model)
    .map(({ model, chunks }) =>
      missing("embeddings", `${chunks} chunks use ${model}: ./lectern reembed moves them`),
    );
}

async function queueFindings(sql: Sql): Promise<Finding[]> {
  const { waiting, paused, running, oldest_pending_seconds, dead_letters, workers, held_since } =
    await readQueueState(sql);
  const oldest = Math.round(oldest_pending_seconds ?? 0);
  const since = oldest > 0 ? `, the oldest for ${oldest} s` : "";
  const text = `${waiting} jobs wait${since}; ${running} run; ${paused} are paused; ${workers} workers`;
  const isStuck = workers === 0 && waiting + running > 0;
  const findings = [
    isStuck ? missing("queue", `${text}: start one with ./lectern up`) : ok("queue", text),
  ];
  if (held_since) {
    findings.push(missing("queue", `on hold since ${held_since}: ./lectern jobs resume`));
  }
  if (dead_letters > 0) {
    const advice = "./lectern jobs list --activity failed shows the jobs";
    findings.push(missing("queue", `${dead_letters} dead letters: ${advice}`));
  }
  for (const { provider, since, jobs } of await listProviderOutages(sql)) {
    findings.push(
      missing("providers", `${provider} fails since ${since}; ${jobs} jobs wait for it`),
    );
  }
  return findings;
}

function tool(name: string, cost: string): Finding {
  const path = Bun.which(name);
  return path ? ok(name, path) : missing(name, cost);
}

function print(findings: Finding[]): void {
  for (const { mark, about, text } of findings) console.log(`${mark}  ${about.padEnd(11)} ${text}`);
}

try {
  const findings = await examine(loadConfig(undefined, [modelProblems, transcriberProblems]));
  print(findings);
  process.exitCode = findings.some(({ mark }) => mark === "!!") ? 1 : 0;
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  const problems = error.details.problems as ConfigProblems;
  print(Object.entries(problems).map(([name, all]) => broken(name, all.join("; "))));
  process.exitCode = 1;
}
