import type { ChatModel } from "./chat/chat-model";
import type { Embedder } from "./embedder";
import type { Google } from "./google";
import { openLocalEmbedder } from "./local/embedder";
import { openExtractiveAnswerer } from "./local/extractive-answerer";
import {
  chooseModels,
  isConfigured,
  type ModelChoice,
  type ProviderSettings,
  parseChoice,
} from "./models";
import type { OpenAI } from "./openai";
import type { SlideDescriber } from "./slides/slide-describer";

export type Providers = {
  embedder: Embedder;
  chatModel: ChatModel;
  /** Null when no model describes slides: then only their text is read. */
  slideDescriber: SlideDescriber | null;
};

/**
 * Opens the models named by the settings, or the best ones that have a key.
 *
 * A base URL counts as a key, because self-hosted servers often need none.
 *
 * @throws AppError `config_invalid` when a setting names an unknown model or provider
 */
export async function openProviders(
  config: ProviderSettings,
  { localEmbedderUrl }: { localEmbedderUrl: string },
): Promise<Providers> {
  const choices = chooseModels(config);
  const [openai, google] = await Promise.all([openOpenAI(config), openGoogle(config)]);

  // `chooseModels` and `withModel` choose only configured providers, so these are open.
  const embedderOf = {
    openai: (id: string) => openai!.embedder(id),
    google: (id: string) => google!.embedder(id),
    local: () => openLocalEmbedder(localEmbedderUrl),
  };
  const openEmbedder = ({ provider, modelId }: ModelChoice) => embedderOf[provider](modelId);
  const embedder: Embedder = {
    ...openEmbedder(choices.EMBEDDING_MODEL),
    withModel: (model) => {
      const choice = parseChoice("EMBEDDING_MODEL", model);
      return choice && isConfigured(choice.provider, config) ? openEmbedder(choice) : undefined;
    },
  };

  const chatModelOf = {
    openai: (id: string) => openai!.chatModel(id),
    google: (id: string) => google!.chatModel(id),
    local: () => openExtractiveAnswerer(embedder),
  };
  const chat = choices.CHAT_MODEL;
  const chatModel = chatModelOf[chat.provider](chat.modelId);

  const slideDescriberOf = {
    openai: (id: string) => openai!.slideDescriber(id),
    google: (id: string) => google!.slideDescriber(id),
    local: () => null,
  };
  const slides = choices.SLIDE_MODEL;
  return { embedder, chatModel, slideDescriber: slideDescriberOf[slides.provider](slides.modelId) };
}

/** Null without settings of OpenAI: the AI SDK takes 15 MB and 0.1 s in each thread that loads it. */
async function openOpenAI(config: ProviderSettings): Promise<OpenAI | null> {
  if (!isConfigured("openai", config)) return null;
  const { OpenAI } = await import("./openai");
  const { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: apiKey, OPENAI_API: api } = config;
  return new OpenAI({ baseUrl, apiKey, api });
}

/** Null without settings of Google. */
async function openGoogle(config: ProviderSettings): Promise<Google | null> {
  if (!isConfigured("google", config)) return null;
  const { Google } = await import("./google");
  return new Google({ baseUrl: config.GOOGLE_BASE_URL, apiKey: config.GOOGLE_API_KEY });
}
