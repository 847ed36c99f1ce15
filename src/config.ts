import { z } from "zod";
import { AppError } from "./errors";

const Port = z.coerce.number().int().min(0).max(65_535);
const Count = z.coerce.number().int().positive();
const Secret = z.string().min(1).optional();
const BaseUrl = z.url({ protocol: /^https?$/ }).optional();
const CommaList = z.string().transform((list) =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean),
);

// biome-ignore format: one variable, one line
const Config = z.object({
  /** TCP port of the API; 0 picks a free one. */
  PORT: Port.default(8080),
  /** Address to listen on; 0.0.0.0 or :: for everybody. */
  HOST: z.string().min(1).default("127.0.0.1"),
  /** A PostgreSQL of your own (15 or newer, with pgvector); unset runs the embedded database. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  /** Folder of the uploaded PDFs, the embedded database and scratch files. */
  DATA_ROOT: z.string().min(1).default("./data"),
  /** What this process does: answer requests, work through the queue, or both. */
  ROLE: z.enum(["all", "api", "worker"]).default("all"),
  /** Jobs worked on at once; 0 accepts work without doing it. */
  WORKERS: z.coerce.number().int().min(0).max(64).default(2),
  /** Whether a worker is a thread of this process or a process of its own. */
  WORKER_MODE: z.enum(["thread", "process"]).default("thread"),
  /** OpenAI, or any server that speaks its protocol. A base URL without a key is fine. */
  OPENAI_API_KEY: Secret,
  OPENAI_BASE_URL: BaseUrl,
  /** Which of OpenAI's chat protocols; unset: responses on the official host, chat elsewhere. */
  OPENAI_API: z.enum(["responses", "chat"]).optional(),
  GOOGLE_API_KEY: Secret,
  GOOGLE_BASE_URL: BaseUrl,
  /** Speech to text, with every word timed. */
  ELEVENLABS_API_KEY: Secret,
  ELEVENLABS_BASE_URL: BaseUrl,
  /** Any server with OpenAI's `/audio/transcriptions`; OPENAI_API_KEY is never sent there. */
  TRANSCRIPTION_BASE_URL: BaseUrl,
  TRANSCRIPTION_API_KEY: Secret,
  /** `provider:model`; unset: the best that the present keys allow, or captions alone. */
  TRANSCRIPTION_MODEL: z.string().min(1).optional(),
  /** When Panopto's captions are the transcript: before a transcriber, without one, or never. */
  CAPTIONS: z.enum(["prefer", "fallback", "never"]).default("fallback"),
  /** Sites that recordings may be on; `host:port` may be private and plain http, for development. */
  PANOPTO_ALLOWED_HOSTS: CommaList.default(["*.panopto.com", "*.panopto.eu"]),
  /** The value of `.ASPXAUTH` of somebody who may see the recordings. */
  PANOPTO_COOKIE: Secret,
  /** An API client of the site with a user to act for; all four, or none. */
  PANOPTO_CLIENT_ID: Secret,
  PANOPTO_CLIENT_SECRET: Secret,
  PANOPTO_USERNAME: Secret,
  PANOPTO_PASSWORD: Secret,
  /** `provider:model`; unset means the best that the present keys allow. */
  CHAT_MODEL: z.string().min(1).optional(),
  EMBEDDING_MODEL: z.string().min(1).optional(),
  /** Who looks at slides; unset: Google, or OpenAI itself, when there is a key, else nobody. */
  SLIDE_MODEL: z.string().min(1).optional(),
  /** A server with `/rerank`, as Cohere, Jina, vLLM and llama.cpp have it; unset: no reranking. */
  RERANK_BASE_URL: BaseUrl,
  RERANK_API_KEY: Secret,
  RERANK_MODEL: z.string().min(1).optional(),
  /** Where the parent process embeds for its workers; set by the supervisor, not by people. */
  LOCAL_EMBEDDER_URL: BaseUrl,
  /** Which of the supervisor's workers this is; set by the supervisor, not by people. */
  WORKER_NUMBER: z.coerce.number().int().min(0).default(0),
  /** Where uploaded PDFs are kept: under DATA_ROOT, or in an S3-compatible bucket. */
  STORAGE: z.enum(["disk", "s3"]).default("disk"),
  /** Unset: Amazon's own. */
  S3_ENDPOINT: BaseUrl,
  S3_BUCKET: z.string().min(1).optional(),
  S3_REGION: z.string().min(1).optional(),
  S3_ACCESS_KEY_ID: Secret,
  S3_SECRET_ACCESS_KEY: Secret,
  /** Largest upload, in MB (10^6 bytes). */
  MAX_UPLOAD_MB: Count.default(200),
  /** Most pages a PDF may have. */
  MAX_PAGES: Count.default(500),
  /** Origins whose pages may call the API; none by default. */
  CORS_ORIGINS: CommaList.default([]),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
  /** A built page to serve at /ag-ui instead of our own. */
  AG_UI_DIR: z.string().min(1).default("public/ag-ui"),
  /** How others reach this server; unset: as the request addressed it. */
  PUBLIC_URL: BaseUrl,
}).superRefine((env, context) => {
  for (const name of ["S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"] as const) {
    if (env.STORAGE !== "s3" || env[name]) continue;
    context.addIssue({ code: "custom", path: [name], message: "required when STORAGE is s3" });
  }
}, { when: () => true }); // even if another variable is wrong, so that one start shows every mistake

export type Config = Readonly<z.infer<typeof Config>>;

/**
 * Reads and checks the whole environment, once, at start-up. An empty variable counts as unset.
 *
 * @throws AppError `config_invalid`, with every problem listed under its variable
 */
export function loadConfig(env: Record<string, string | undefined> = process.env): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const result = Config.safeParse(set);
  if (result.success) return Object.freeze(result.data);
  throw new AppError("config_invalid", { problems: z.flattenError(result.error).fieldErrors });
}

/** The environment as it is, for the processes and threads we start. */
export const inheritedEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
