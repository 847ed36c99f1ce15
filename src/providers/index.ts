import type { Config, ConfigProblems } from "../config";
import { AppError } from "../errors";
import type { ChatModel } from "./chat/chat-model";
import type { Embedder } from "./embedder";
import { Google } from "./google";
import { openLocalEmbedder } from "./local/embedder";
import { openExtractiveAnswerer } from "./local/extractive-answerer";
import { OpenAI } from "./openai";
import type { SlideDescriber } from "./slides/slide-describer";

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

export type Providers = {
  embedder: Embedder;
  chatModel: ChatModel;
  /** Null when no model describes slides: then only their text is read. */
  slideDescriber: SlideDescriber | null;
};

type Role = "CHAT_MODEL" | "EMBEDDING_MODEL" | "SLIDE_MODEL";
type ProviderName = keyof typeof DEFAULT_MODELS;
type Choice = { provider: ProviderName; modelId: string };

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
 * Opens the models named by the settings, or the best ones that have a key.
 *
 * A base URL counts as a key, because self-hosted servers often need none.
 *
 * @throws AppError `config_invalid` when a setting names an unknown model or provider
 */
export function openProviders(
  config: ProviderSettings,
  { localEmbedderUrl }: { localEmbedderUrl: string },
): Providers {
  const choices = chooseModels(config);
  const openai = new OpenAI({
    baseUrl: config.OPENAI_BASE_URL,
    apiKey: config.OPENAI_API_KEY,
    api: config.OPENAI_API,
  });
  const google = new Google({ baseUrl: config.GOOGLE_BASE_URL, apiKey: config.GOOGLE_API_KEY });

  const embedderOf = {
    openai: (id: string) => openai.embedder(id),
    google: (id: string) => google.embedder(id),
    local: () => openLocalEmbedder(localEmbedderUrl),
  };
  const openEmbedder = ({ provider, modelId }: Choice) => embedderOf[provider](modelId);
  const embedder: Embedder = {
    ...openEmbedder(choices.EMBEDDING_MODEL),
    withModel: (model) => {
      const choice = parseChoice("EMBEDDING_MODEL", model);
      return choice && isConfigured(choice.provider, config) ? openEmbedder(choice) : undefined;
    },
  };

  const chatModelOf = {
    openai: (id: string) => openai.chatModel(id),
    google: (id: string) => google.chatModel(id),
    local: () => openExtractiveAnswerer(embedder),
  };
  const chat = choices.CHAT_MODEL;
  const chatModel = chatModelOf[chat.provider](chat.modelId);

  const slideDescriberOf = {
    openai: (id: string) => openai.slideDescriber(id),
    google: (id: string) => google.slideDescriber(id),
    local: () => null,
  };
  const slides = choices.SLIDE_MODEL;
  return { embedder, chatModel, slideDescriber: slideDescriberOf[slides.provider](slides.modelId) };
}

function chooseModels(config: ProviderSettings): Record<Role, Choice> {
  const problems = modelProblems(config);
  if (Object.keys(problems).length > 0) throw new AppError("config_invalid", { problems });
  const choose = (role: Role): Choice => {
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

const ROLES: Role[] = ["CHAT_MODEL", "EMBEDDING_MODEL", "SLIDE_MODEL"];

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

function isConfigured(provider: ProviderName, config: RawSettings): boolean {
  switch (provider) {
    case "openai":
      return Boolean(config.OPENAI_API_KEY ?? config.OPENAI_BASE_URL);
    case "google":
      return Boolean(config.GOOGLE_API_KEY ?? config.GOOGLE_BASE_URL);
    case "local":
      return true;
  }
}

function defaultChoice(role: Role, config: ProviderSettings): Choice {
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

function parseChoice(role: Role, text: string): Choice | undefined {
  const [, name, modelId] = /^([a-z]+):(\S+)$/.exec(text) ?? [];
  const provider = PROVIDERS.find((known) => known === name);
  if (provider === undefined || modelId === undefined) return undefined;
  if (provider === "local" && modelId !== DEFAULT_MODELS.local[role]) return undefined;
  return { provider, modelId };
}

const legalForms = (role: Role) =>
  `openai:<model>, google:<model>, local:${DEFAULT_MODELS.local[role]}`;
