import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../../src/config";
import { selectTranscriber } from "../../../src/providers/speech/select-transcriber";

const select = (env: Record<string, string>) => {
  const chosen = selectTranscriber(loadConfig(env));
  return chosen && `${chosen.provider}:${chosen.model}`;
};

describe("who listens to a lecture", () => {
  test.each([
    ["none without any settings", {}, null],
    [
      "ElevenLabs before others",
      { ELEVENLABS_API_KEY: "e", OPENAI_API_KEY: "o" },
      "elevenlabs:scribe_v1",
    ],
    [
      "a speech server of one's own",
      { TRANSCRIPTION_BASE_URL: "http://whisper/v1" },
      "openai:whisper-1",
    ],
    ["OpenAI with its key", { OPENAI_API_KEY: "o" }, "openai:whisper-1"],
    [
      "none where the key is for a chat server",
      { OPENAI_API_KEY: "o", OPENAI_BASE_URL: "http://chat/v1" },
      null,
    ],
    [
      "the model that is named",
      { OPENAI_API_KEY: "o", TRANSCRIPTION_MODEL: "openai:gpt-4o-transcribe" },
      "openai:gpt-4o-transcribe",
    ],
  ])("%s", (_, env, expected) => {
    expect(select(env as Record<string, string>)).toBe(expected);
  });

  test.each(["whisper", "openai:", "elevenlabs:scribe_v1"])("refuses %s", (model) => {
    expect(() => select({ TRANSCRIPTION_MODEL: model })).toThrow(
      expect.objectContaining({
        errorCode: "config_invalid",
        details: { problems: { TRANSCRIPTION_MODEL: [expect.stringContaining(model)] } },
      }),
    );
  });
});
