import { describe, expect, test } from "bun:test";
import { openProviders } from "../../src/providers";
import type { ProviderSettings } from "../../src/providers/models";

const localEmbedderUrl = "http://127.0.0.1:1/v1";

async function chosen(settings: ProviderSettings) {
  const { embedder, chatModel } = await openProviders(settings, { localEmbedderUrl });
  return [embedder.model, chatModel.name];
}

describe("openProviders", () => {
  test("works without any key", async () => {
    expect(await chosen({})).toEqual(["local:use-lite", "local:extractive"]);
    expect((await openProviders({}, { localEmbedderUrl })).chatModel.kind).toBe("extractive");
  });

  test("takes the best provider that the keys allow", async () => {
    const openai = ["openai:text-embedding-3-small", "openai:gpt-5.4-mini"];
    const google = ["google:gemini-embedding-001", "google:gemini-flash-latest"];

    expect(await chosen({ OPENAI_API_KEY: "sk" })).toEqual(openai);
    expect(await chosen({ GOOGLE_API_KEY: "g" })).toEqual(google);
    expect(await chosen({ OPENAI_API_KEY: "sk", GOOGLE_API_KEY: "g" })).toEqual(openai);
  });

  test("takes a base URL without a key for a provider", async () => {
    expect((await chosen({ OPENAI_BASE_URL: "http://localhost:11434/v1" }))[1]).toStartWith(
      "openai:",
    );
  });

  test("uses the models that are named, from any mix of providers", async () => {
    const settings = {
      OPENAI_BASE_URL: "http://localhost:11434/v1",
      CHAT_MODEL: "openai:llama3.2:3b",
    };

    expect(await chosen({ ...settings, EMBEDDING_MODEL: "local:use-lite" })).toEqual([
      "local:use-lite",
      "openai:llama3.2:3b",
    ]);
  });

  test("describes slides with Google, with OpenAI itself, or with the model that the settings name", async () => {
    const describer = async (settings: ProviderSettings) =>
      (await openProviders(settings, { localEmbedderUrl })).slideDescriber?.model ?? null;
    const own = { OPENAI_BASE_URL: "http://localhost:11434/v1" };

    expect(await describer({})).toBeNull();
    expect(await describer({ OPENAI_API_KEY: "sk" })).toBe("openai:gpt-5.4-mini");
    expect(await describer({ OPENAI_API_KEY: "sk", GOOGLE_API_KEY: "g" })).toBe(
      "google:gemini-flash-latest",
    );
    // A self-hosted server possibly cannot read images.
    expect(await describer(own)).toBeNull();
    expect(await describer({ ...own, SLIDE_MODEL: "openai:qwen-vl" })).toBe("openai:qwen-vl");
    expect(await describer({ GOOGLE_API_KEY: "g", SLIDE_MODEL: "local:text-layer" })).toBeNull();
  });

  test("refuses names it cannot serve, all at once, and lists the legal forms", async () => {
    await expect(chosen({ CHAT_MODEL: "gpt-5", EMBEDDING_MODEL: "local:bert" })).rejects.toThrow(
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

  test("refuses a provider without key and base URL", async () => {
    await expect(chosen({ CHAT_MODEL: "google:gemini-flash-latest" })).rejects.toThrow(
      expect.objectContaining({
        details: { problems: { CHAT_MODEL: [expect.stringContaining("GOOGLE_API_KEY")] } },
      }),
    );
  });
});
