import type { Config, ConfigProblems } from "../../config";
import { AppError } from "../../errors";
import type { OnSpawn } from "../../media/ffmpeg";
import type { Transcriber } from "../transcriber";
import { openElevenLabs } from "./elevenlabs";
import { openOpenAITranscriber } from "./openai-transcriber";

export type TranscriberSettings = Pick<
  Config,
  | "ELEVENLABS_API_KEY"
  | "ELEVENLABS_BASE_URL"
  | "TRANSCRIPTION_BASE_URL"
  | "TRANSCRIPTION_API_KEY"
  | "TRANSCRIPTION_MODEL"
  | "OPENAI_API_KEY"
  | "OPENAI_BASE_URL"
>;

type Provider = "elevenlabs" | "openai";

/**
 * Opens the transcriber that the settings name. Without a name it is the first of these that has its
 * settings: ElevenLabs, a self-hosted speech server, OpenAI. Null without any: captions are used then.
 *
 * @param onSpawn  receives the ffmpeg process that cuts long audio
 * @throws AppError `config_invalid` when TRANSCRIPTION_MODEL names a provider without settings
 */
export function selectTranscriber(
  config: TranscriberSettings,
  onSpawn?: OnSpawn,
): Transcriber | null {
  const { TRANSCRIPTION_MODEL: wanted } = config;
  if (wanted === undefined) return openDefault(config, onSpawn);
  const problems = transcriberProblems(config);
  if (Object.keys(problems).length > 0) throw new AppError("config_invalid", { problems });
  const { provider, model } = parseModel(wanted)!;
  return open(provider, config, { model, onSpawn });
}

/** The problem of TRANSCRIPTION_MODEL, under its name; empty without one. */
export function transcriberProblems(settings: TranscriberSettings): ConfigProblems {
  const { TRANSCRIPTION_MODEL: wanted } = settings;
  if (wanted === undefined) return {};
  const provider = parseModel(wanted)?.provider;
  if (provider && isConfigured(provider, settings)) return {};
  const problem = provider
    ? `needs ${NEEDS[provider]}`
    : "is not elevenlabs:<model> or openai:<model>";
  return { TRANSCRIPTION_MODEL: [`"${wanted}" ${problem}`] };
}

function parseModel(text: string): { provider: Provider; model: string } | undefined {
  const [, provider, model] = /^(elevenlabs|openai):(\S+)$/.exec(text) ?? [];
  return provider && model ? { provider: provider as Provider, model } : undefined;
}

const NEEDS: Record<Provider, string> = {
  elevenlabs: "ELEVENLABS_API_KEY or ELEVENLABS_BASE_URL",
  openai: "TRANSCRIPTION_BASE_URL, OPENAI_API_KEY or OPENAI_BASE_URL",
};

function isConfigured(provider: Provider, config: TranscriberSettings): boolean {
  return provider === "elevenlabs"
    ? Boolean(config.ELEVENLABS_API_KEY ?? config.ELEVENLABS_BASE_URL)
    : Boolean(config.TRANSCRIPTION_BASE_URL ?? config.OPENAI_API_KEY ?? config.OPENAI_BASE_URL);
}

/** A base URL for chat is not used for speech: many such servers do not transcribe. */
function openDefault(config: TranscriberSettings, onSpawn?: OnSpawn): Transcriber | null {
  if (isConfigured("elevenlabs", config)) return open("elevenlabs", config, { onSpawn });
  const isOfficial = config.OPENAI_API_KEY !== undefined && config.OPENAI_BASE_URL === undefined;
  if (config.TRANSCRIPTION_BASE_URL || isOfficial) return open("openai", config, { onSpawn });
  return null;
}

type TranscriberChoice = { model?: string | undefined; onSpawn?: OnSpawn | undefined };

function open(
  provider: Provider,
  config: TranscriberSettings,
  choice: TranscriberChoice,
): Transcriber {
  if (provider === "elevenlabs") {
    const { ELEVENLABS_API_KEY: apiKey = "", ELEVENLABS_BASE_URL: baseUrl } = config;
    return openElevenLabs({ apiKey, baseUrl, model: choice.model });
  }
  const server = config.TRANSCRIPTION_BASE_URL
    ? { baseUrl: config.TRANSCRIPTION_BASE_URL, apiKey: config.TRANSCRIPTION_API_KEY }
    : { baseUrl: config.OPENAI_BASE_URL, apiKey: config.OPENAI_API_KEY };
  return openOpenAITranscriber({ ...server, ...choice });
}
