import { describe, expect, test } from "bun:test";
import { openProviders } from "../../src/providers";
import type { ProviderSettings } from "../../src/providers/models";

const localEmbedderUrl = "http://127.0.0.1:1/v1";

function chosen(settings: ProviderSettings) {
  const { embedder, chatModel } = openProviders(settings, { localEmbedderUrl });
  return [embedder.model, chatModel.name];
}

describe("openProviders", () => {
  test("works without any key", () => {
    expect(chosen({})).toEqual(["local:use-lite", "local:extractive"]);
    expect(openProviders({}, { localEmbedderUrl }).chatModel.kind).toBe("extractive");
  });

  test("takes the best provider that the keys allow", () => {
    const openai = ["openai:text-embedding-3-small", "openai:gpt-5.4-mini"];
    const google = ["google:gemini-embedding-001", "google:gemini-flash-latest"];

    expect(chosen({ OPENAI_API_KEY: "sk" })).toEqual(openai);
    expect(chosen({ GOOGLE_API_KEY: "g" })).toEqual(google);
    expect(chosen({ OPENAI_API_KEY: "sk", GOOGLE_API_KEY: "g" })).toEqual(openai);
  });

  test("takes a base URL without a key for a provider", () => {
    expect(chosen({ OPENAI_BASE_URL: "http://localhost:11434/v1" })[1]).toStartWith("openai:");
  });

  test("uses the models that are named, from any mix of providers", () => {
    const settings = {
      OPENAI_BASE_URL: "http://localhost:11434/v1",
      CHAT_MODEL: "openai:llama3.2:3b",
    };

    expect(chosen({ ...settings, EMBEDDING_MODEL: "local:use-lite" })).toEqual([
      "local:use-lite",
      "openai:llama3.2:3b",
    ]);
  });

  test("has slides looked at by Google, by OpenAI itself, or by whom the settings name", () => {
    const describer = (settings: ProviderSettings) =>
      openProviders(settings, { localEmbedderUrl }).slideDescriber?.model ?? null;
    const own = { OPENAI_BASE_URL: "http://localhost:11434/v1" };

    expect(describer({})).toBeNull();
    expect(describer({ OPENAI_API_KEY: "sk" })).toBe("openai:gpt-5.4-mini");
    expect(describer({ OPENAI_API_KEY: "sk", GOOGLE_API_KEY: "g" })).toBe(
      "google:gemini-flash-latest",
    );
    // Of a server of one's own nobody knows whether it can see.
    expect(describer(own)).toBeNull();
    expect(describer({ ...own, SLIDE_MODEL: "openai:qwen-vl" })).toBe("openai:qwen-vl");
    expect(describer({ GOOGLE_API_KEY: "g", SLIDE_MODEL: "local:text-layer" })).toBeNull();
  });

  test("refuses names it cannot serve, all at once, and lists the legal forms", () => {
    expect(() => chosen({ CHAT_MODEL: "gpt-5", EMBEDDING_MODEL: "local:bert" })).toThrow(
      expect.objectContaining({
        errorCode: "config_invalid",
        details: {
          problems: {
            CHAT_MODEL: ['"gpt-5" must be one of openai:<model>, google:<model>, local:extractive'],
            EMBEDDING_MODEL: [
              '"local:bert" must be one of openai:<model>, google:<model>, local:use-lite',
            ],
          },
        },
      }),
    );
  });

  test("refuses a provider without key and base URL", () => {
    expect(() => chosen({ CHAT_MODEL: "google:gemini-flash-latest" })).toThrow(
      expect.objectContaining({
        details: { problems: { CHAT_MODEL: [expect.stringContaining("GOOGLE_API_KEY")] } },
      }),
    );
  });
});
