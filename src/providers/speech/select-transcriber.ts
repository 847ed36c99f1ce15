import type { Config } from "../../config";
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
 * Opens the transcriber that the settings name, else the best that the present keys allow: ElevenLabs,
 * then a speech server of one's own, then OpenAI. Null when there is none; captions remain.
 *
 * @param onSpawn  learns of the ffmpeg that cuts long audio
 * @throws AppError `config_invalid` when TRANSCRIPTION_MODEL names what is not there
 */
export function selectTranscriber(
  config: TranscriberSettings,
  onSpawn?: OnSpawn,
): Transcriber | null {
  const { TRANSCRIPTION_MODEL: wanted } = config;
  if (wanted === undefined) return openDefault(config, onSpawn);

  const [, provider, model] = /^(elevenlabs|openai):(\S+)$/.exec(wanted) ?? [];
  if (!provider) throw refusal(`"${wanted}" is none of elevenlabs:<model>, openai:<model>`);
  if (!isConfigured(provider as Provider, config)) {
    throw refusal(`"${wanted}" needs ${NEEDS[provider as Provider]}`);
  }
  return open(provider as Provider, config, { model, onSpawn });
}

const NEEDS: Record<Provider, string> = {
  elevenlabs: "ELEVENLABS_API_KEY or ELEVENLABS_BASE_URL",
  openai: "TRANSCRIPTION_BASE_URL, OPENAI_API_KEY or OPENAI_BASE_URL",
};

const refusal = (problem: string) =>
  new AppError("config_invalid", { problems: { TRANSCRIPTION_MODEL: [problem] } });

function isConfigured(provider: Provider, config: TranscriberSettings): boolean {
  return provider === "elevenlabs"
    ? Boolean(config.ELEVENLABS_API_KEY ?? config.ELEVENLABS_BASE_URL)
    : Boolean(config.TRANSCRIPTION_BASE_URL ?? config.OPENAI_API_KEY ?? config.OPENAI_BASE_URL);
}

/** A base URL for chat says nothing about speech: many such servers have none. */
function openDefault(config: TranscriberSettings, onSpawn?: OnSpawn): Transcriber | null {
  if (isConfigured("elevenlabs", config)) return open("elevenlabs", config, { onSpawn });
  const isOfficial = config.OPENAI_API_KEY !== undefined && config.OPENAI_BASE_URL === undefined;
  if (config.TRANSCRIPTION_BASE_URL || isOfficial) return open("openai", config, { onSpawn });
  return null;
}

type Choice = { model?: string | undefined; onSpawn?: OnSpawn | undefined };

function open(provider: Provider, config: TranscriberSettings, choice: Choice): Transcriber {
  if (provider === "elevenlabs") {
    const { ELEVENLABS_API_KEY: apiKey = "", ELEVENLABS_BASE_URL: baseUrl } = config;
    return openElevenLabs({ apiKey, baseUrl, model: choice.model });
  }
  const server = config.TRANSCRIPTION_BASE_URL
    ? { baseUrl: config.TRANSCRIPTION_BASE_URL, apiKey: config.TRANSCRIPTION_API_KEY }
    : { baseUrl: config.OPENAI_BASE_URL, apiKey: config.OPENAI_API_KEY };
  return openOpenAITranscriber({ ...server, ...choice });
}
