import { type Config, type ConfigProblems, findMisspeltSettings, loadConfig } from "../config";
import { AppError } from "../errors";
import { assertPortFree } from "../listen";
import { openProviders } from "../providers";
import { modelProblems } from "../providers/models";
import { findOcr } from "../providers/slides/ocr";
import { selectTranscriber, transcriberProblems } from "../providers/speech/select-transcriber";
import { isLoopback } from "../routes/http/authenticate";
import { openDataRoot } from "../storage/data-root";
import { judgeDiskSpace, readDiskSpace } from "../storage/disk-space";
import { examineDatabase } from "./doctor/database";
import { broken, type Finding, missing, ok, toFinding } from "./doctor/finding";
import { addressOf, answersLive, portOf } from "./running-server";

/**
 * `./lectern doctor`: shows what is configured, what is missing, and the effect of each missing part.
 * It changes no stored data. Exit code 1: the server cannot start with these settings.
 */
async function examine(config: Config): Promise<Finding[]> {
  const folder = await examineFolder(config); // before the database, which is in it
  const { findings: modelFindings, embeddingModel } = await examineModels(config);
  const database = await examineDatabase(config, embeddingModel);
  return [
    runtime(),
    ...misspelt(),
    access(config, database.hasKeys),
    await port(config),
    ...database.findings,
    folder,
    ...(await disk(config)),
    ...modelFindings,
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

/** @param hasKeys  whether a key was ever created; null when the database does not show it */
function access(
  { AUTH, HOST, BOOTSTRAP_API_KEY, OIDC_ISSUER }: Config,
  hasKeys: boolean | null,
): Finding {
  const isPublic = !isLoopback(HOST);
  if (AUTH === "off") {
    const who = isPublic ? "everyone who can reach" : "every program on";
    return missing("access", `AUTH=off: ${who} this machine can change and delete everything`);
  }
  const isKnown = BOOTSTRAP_API_KEY || hasKeys;
  const login = [isKnown && "API keys", OIDC_ISSUER && `tokens of ${OIDC_ISSUER}`];
  const ways = login.filter(Boolean).join(" and ");
  if (ways) return ok("access", `${ways} on ${HOST}`);
  if (!isPublic)
    return ok("access", `this machine only (${HOST}): no key needed until one is created`);
  const advice = "set BOOTSTRAP_API_KEY, or create a key with ./lectern keys";
  const text = `${HOST} is open to other machines, so a key is needed: ${advice}`;
  return hasKeys === false ? broken("access", text) : missing("access", text);
}

/** A running server has its own port. */
async function port(config: Config): Promise<Finding> {
  if (portOf(config).port === 0) return ok("port", "the system chooses a free one");
  const address = addressOf(config);
  try {
    await assertPortFree(config);
    return ok("port", `${address} is free`);
  } catch (error) {
    const isOurs = await answersLive(address);
    return isOurs ? ok("port", `a Lectern answers at ${address}`) : toFinding("port", error);
  }
}

async function examineFolder({ DATA_ROOT, S3_BUCKET }: Config): Promise<Finding> {
  try {
    await openDataRoot(DATA_ROOT);
    return ok("files", S3_BUCKET ? `bucket ${S3_BUCKET}, scratch in ${DATA_ROOT}` : DATA_ROOT);
  } catch (error) {
    return toFinding("files", error);
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

async function examineModels(
  config: Config,
): Promise<{ findings: Finding[]; embeddingModel: string | null }> {
  try {
    const { embedder, chatModel, slideDescriber } = await openProviders(config, UNASKED);
    const transcriber = selectTranscriber(config);
    const local = embedder.model.startsWith("local:");
    const findings = [
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
    return { findings, embeddingModel: embedder.model };
  } catch (error) {
    return { findings: [toFinding("models", error)], embeddingModel: null };
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
