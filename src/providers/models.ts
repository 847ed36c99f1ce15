import type { Config, ConfigProblems } from "../config";
import { AppError } from "../errors";

export type ProviderSettings = Pick<
  Config,
  | "OPENAI_API_KEY"
  | "OPENAI_BASE_URL"
  | "OPENAI_API"
  | "GOOGLE_API_KEY"
  | "GOOGLE_BASE_URL"
  | "CHAT_MODEL"
  | "EMBEDDING_MODEL"
  | "SLIDE_MODEL"
>;

/** The same settings before validation. */
type RawSettings = { [Name in keyof ProviderSettings]?: string | undefined };

type ModelRole = "CHAT_MODEL" | "EMBEDDING_MODEL" | "SLIDE_MODEL";
type ProviderName = keyof typeof DEFAULT_MODELS;
export type ModelChoice = { provider: ProviderName; modelId: string };

/** The default models of each provider, in order of preference. */
const DEFAULT_MODELS = {
  openai: {
    EMBEDDING_MODEL: "text-embedding-3-small",
    CHAT_MODEL: "gpt-5.4-mini",
    SLIDE_MODEL: "gpt-5.4-mini",
  },
  google: {
    EMBEDDING_MODEL: "gemini-embedding-001",
    CHAT_MODEL: "gemini-flash-latest",
    SLIDE_MODEL: "gemini-flash-latest",
  },
  local: { EMBEDDING_MODEL: "use-lite", CHAT_MODEL: "extractive", SLIDE_MODEL: "text-layer" },
};

/**
 * The models that the settings name, or the best ones that have a key.
 *
 * @throws AppError `config_invalid` when a setting names an unknown model or provider
 */
export function chooseModels(config: ProviderSettings): Record<ModelRole, ModelChoice> {
  const problems = modelProblems(config);
  if (Object.keys(problems).length > 0) throw new AppError("config_invalid", { problems });
  const choose = (role: ModelRole): ModelChoice => {
    const wanted = config[role];
    // A value that cannot be parsed was reported as a problem above.
    return wanted === undefined ? defaultChoice(role, config) : parseChoice(role, wanted)!;
  };
  return {
    CHAT_MODEL: choose("CHAT_MODEL"),
    EMBEDDING_MODEL: choose("EMBEDDING_MODEL"),
    SLIDE_MODEL: choose("SLIDE_MODEL"),
  };
}

const ROLES: ModelRole[] = ["CHAT_MODEL", "EMBEDDING_MODEL", "SLIDE_MODEL"];

/** The problems of the models in the settings, by variable. */
export function modelProblems(settings: RawSettings): ConfigProblems {
  const problems: ConfigProblems = {};
  for (const role of ROLES) {
    const wanted = settings[role];
    if (wanted === undefined) continue;
    const choice = parseChoice(role, wanted);
    if (choice === undefined) {
      problems[role] = [`"${wanted}" must be one of ${legalForms(role)}`];
    } else if (!isConfigured(choice.provider, settings)) {
      const name = choice.provider.toUpperCase();
      problems[role] = [`"${wanted}" needs ${name}_API_KEY or ${name}_BASE_URL`];
    }
  }
  return problems;
}

const PROVIDERS = Object.keys(DEFAULT_MODELS) as ProviderName[];

/** Whether the settings have a key of the provider. A base URL counts, because self-hosted servers often need none. */
export function isConfigured(provider: ProviderName, config: RawSettings): boolean {
  switch (provider) {
    case "openai":
      return Boolean(config.OPENAI_API_KEY ?? config.OPENAI_BASE_URL);
    case "google":
      return Boolean(config.GOOGLE_API_KEY ?? config.GOOGLE_BASE_URL);
    case "local":
      return true;
  }
}

function defaultChoice(role: ModelRole, config: ProviderSettings): ModelChoice {
  const provider =
    role === "SLIDE_MODEL"
      ? slideProvider(config)
      : PROVIDERS.find((name) => isConfigured(name, config))!;
  return { provider, modelId: DEFAULT_MODELS[provider][role] };
}

/** Google first, because it describes slides at the lowest cost. A self-hosted server possibly cannot read images. */
function slideProvider(config: ProviderSettings): ProviderName {
  if (isConfigured("google", config)) return "google";
  return config.OPENAI_API_KEY && !config.OPENAI_BASE_URL ? "openai" : "local";
}

/** Reads `provider:model`; undefined for other texts and for a local model that does not exist. */
export function parseChoice(role: ModelRole, text: string): ModelChoice | undefined {
  const [, name, modelId] = /^([a-z]+):(\S+)$/.exec(text) ?? [];
  const provider = PROVIDERS.find((known) => known === name);
  if (provider === undefined || modelId === undefined) return undefined;
  if (provider === "local" && modelId !== DEFAULT_MODELS.local[role]) return undefined;
  return { provider, modelId };
}

const legalForms = (role: ModelRole) =>
  `openai:<model>, google:<model>, local:${DEFAULT_MODELS.local[role]}`;
