import type { ChatModel } from "./chat/chat-model";
import type { Embedder } from "./embedder";
import { Google } from "./google";
import { openLocalEmbedder } from "./local/embedder";
import { openExtractiveAnswerer } from "./local/extractive-answerer";
import {
  chooseModels,
  isConfigured,
  type ModelChoice,
  type ProviderSettings,
  parseChoice,
} from "./models";
import { OpenAI } from "./openai";
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
  const openEmbedder = ({ provider, modelId }: ModelChoice) => embedderOf[provider](modelId);
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
