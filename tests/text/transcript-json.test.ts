import { describe, expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import { parseTranscriptJson } from "../../src/text/transcript-json";

const heat = { start_ms: 0, end_ms: 900, text: "heat flows" };

describe("parseTranscriptJson", () => {
  test("reads what the transcript endpoint answers", () => {
    const answer = {
      lecture_id: "4b0e",
      provider: "captions",
      language_code: "pt-br",
      transcript_text: "heat flows",
      segments: [{ ...heat, speaker: null }],
      words: [{ start_ms: 0, end_ms: 400, text: "heat", kind: "word" }],
    };

    expect(parseTranscriptJson(answer)).toEqual({
      language: "pt-BR",
      segments: [heat],
      words: [{ start_ms: 0, end_ms: 400, text: "heat", kind: "word" }],
    });
  });

  test("reads a bare list of segments", () => {
    expect(parseTranscriptJson([heat])).toEqual({ language: null, segments: [heat] });
  });

  test.each([
    ["something else", "heat", ""],
    ["an empty list", [], "segments"],
    ["segments without text", [{ ...heat, text: " \u0000" }], "segments"],
    ["times as text", [heat, { ...heat, start_ms: "1" }], "segments.1.start_ms"],
    ["times before the start", [{ ...heat, start_ms: -1 }], "segments.0.start_ms"],
    ["a segment that ends before it starts", [{ ...heat, start_ms: 901 }], "segments.0.end_ms"],
    [
      "an unknown kind of word",
      { segments: [heat], words: [{ ...heat, kind: "?" }] },
      "words.0.kind",
    ],
    ["a language that is none", { segments: [heat], language_code: "English!" }, "language_code"],
  ])("refuses %s and says where", (_, value, path) => {
    try {
      parseTranscriptJson(value);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      expect(error.errorCode).toBe("transcript_invalid");
      expect(error.details.problems).toMatchObject([{ path }]);
      return;
    }
    throw new Error("it was read");
  });
});
