import { describe, expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import { parseTranscriptJson } from "../../../src/text/transcript/transcript-json";
import { cpuMs } from "../../support/cpu-time";

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
      warnings: [],
    });
  });

  test("reads a bare list of segments", () => {
    expect(parseTranscriptJson([heat])).toEqual({
      language: null,
      segments: [heat],
      warnings: [],
    });
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
    ["an unknown language", { segments: [heat], language_code: "English!" }, "language_code"],
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

const words = (...list: [string, number, number, string?][]) =>
  list.map(([text, start_ms, end_ms, speaker]) => ({
    text,
    start_ms,
    end_ms,
    ...(speaker && { speaker }),
  }));
const segment = (text: string, start_ms: number, end_ms: number, speaker?: string) => ({
  text,
  start_ms,
  end_ms,
  ...(speaker && { speaker }),
});

describe("transcripts of other tools are read by their structure", () => {
  test.each<[string, unknown, { language: string | null; segments: object[]; words?: object[] }]>([
    [
      "openai-whisper",
      {
        text: " Heat flows.",
        segments: [{ id: 0, start: 0, end: 4, text: " Heat flows." }],
        language: "en",
      },
      { language: "en", segments: [segment("Heat flows.", 0, 4_000)] },
    ],
    [
      "OpenAI's verbose_json, words apart, the language by name",
      {
        task: "transcribe",
        language: "german",
        segments: [{ start: 0.5, end: 2, text: "Wärme fließt." }],
        words: [
          { word: "Wärme", start: 0.5, end: 1 },
          { word: "fließt", start: 1, end: 2 },
        ],
      },
      {
        language: "de",
        segments: [segment("Wärme fließt.", 500, 2_000)],
        words: words(["Wärme", 500, 1_000], ["fließt", 1_000, 2_000]),
      },
    ],
    [
      "faster-whisper, a bare list",
      [
        {
          start: 0,
          end: 1.5,
          text: " Heat",
          words: [{ start: 0, end: 1.5, word: " Heat", probability: 1 }],
        },
      ],
      { language: null, segments: [segment("Heat", 0, 1_500)], words: words(["Heat", 0, 1_500]) },
    ],
    [
      "WhisperX, a word without times",
      {
        segments: [
          {
            start: 0.5,
            end: 3,
            text: " List 1 ends.",
            words: [
              { word: "List", start: 0.5, end: 1 },
              { word: "1" },
              { word: "ends.", start: 2, end: 3 },
            ],
            speaker: "SPEAKER_00",
          },
        ],
        word_segments: [{ word: "List", start: 0.5, end: 1 }],
        language: "en",
      },
      {
        language: "en",
        segments: [segment("List 1 ends.", 500, 3_000, "SPEAKER_00")],
        words: words(["List", 500, 1_000], ["1", 1_000, 2_000], ["ends.", 2_000, 3_000]),
      },
    ],
    [
      "whisper.cpp with tokens",
      {
        result: { language: "en" },
        transcription: [
          {
            offsets: { from: 0, to: 2_000 },
            text: " Entropy is",
            tokens: [
              { text: "[_BEG_]", offsets: { from: 0, to: 0 } },
              { text: " Entr", offsets: { from: 0, to: 500 } },
              { text: "opy", offsets: { from: 500, to: 1_000 } },
              { text: " is", offsets: { from: 1_000, to: 2_000 } },
            ],
          },
        ],
      },
      {
        language: "en",
        segments: [segment("Entropy is", 0, 2_000)],
        words: words(["Entropy", 0, 1_000], ["is", 1_000, 2_000]),
      },
    ],
    [
      "ElevenLabs with spaces, events and speakers",
      {
        language_code: "fra",
        words: [
          { text: "L'", start: 0, end: 0.2, type: "word", speaker_id: "speaker_0" },
          { text: "homme", start: 0.2, end: 0.6, type: "word", speaker_id: "speaker_0" },
          { text: " ", start: 0.6, end: 0.7, type: "spacing", speaker_id: "speaker_0" },
          { text: "(rires)", start: 0.7, end: 1, type: "audio_event", speaker_id: "speaker_1" },
        ],
      },
      {
        language: "fr",
        segments: [
          segment("L'homme", 0, 600, "speaker_0"),
          segment("(rires)", 700, 1_000, "speaker_1"),
        ],
        words: [
          ...words(["L'homme", 0, 600, "speaker_0"]),
          { ...segment("(rires)", 700, 1_000, "speaker_1"), kind: "audio_event" },
        ],
      },
    ],
    [
      "Deepgram",
      {
        metadata: { duration: 2 },
        results: {
          channels: [
            {
              detected_language: "en",
              alternatives: [
                {
                  transcript: "Heat flows.",
                  words: [
                    { word: "heat", punctuated_word: "Heat", start: 0.1, end: 0.5, speaker: 0 },
                    { word: "flows", punctuated_word: "flows.", start: 0.5, end: 1, speaker: 0 },
                  ],
                },
              ],
            },
          ],
        },
      },
      {
        language: "en",
        segments: [segment("Heat flows.", 100, 1_000, "speaker_0")],
        words: words(["Heat", 100, 500, "speaker_0"], ["flows.", 500, 1_000, "speaker_0"]),
      },
    ],
    [
      "AWS Transcribe",
      {
        jobName: "j",
        results: {
          language_code: "en-US",
          transcripts: [{ transcript: "Heat flows." }],
          speaker_labels: {
            segments: [
              {
                speaker_label: "spk_0",
                items: [
                  { start_time: "0.1", speaker_label: "spk_0" },
                  { start_time: "0.5", speaker_label: "spk_0" },
                ],
              },
            ],
          },
          items: [
            {
              type: "pronunciation",
              start_time: "0.1",
              end_time: "0.5",
              alternatives: [{ content: "Heat" }],
            },
            {
              type: "pronunciation",
              start_time: "0.5",
              end_time: "1.0",
              alternatives: [{ content: "flows" }],
            },
            { type: "punctuation", alternatives: [{ content: "." }] },
          ],
        },
      },
      {
        language: "en-US",
        segments: [segment("Heat flows.", 100, 1_000, "spk_0")],
        words: words(["Heat", 100, 500, "spk_0"], ["flows.", 500, 1_000, "spk_0"]),
      },
    ],
    [
      "Google, speakers in the last result",
      {
        results: [
          {
            alternatives: [{ words: [{ word: "Heat", startTime: "0.100s", endTime: "0.500s" }] }],
            languageCode: "en-us",
          },
          {
            alternatives: [
              { words: [{ word: "Heat", startTime: "0.100s", endTime: "0.500s", speakerTag: 1 }] },
            ],
          },
        ],
      },
      {
        language: "en-US",
        segments: [segment("Heat", 100, 500, "speaker_1")],
        words: words(["Heat", 100, 500, "speaker_1"]),
      },
    ],
    [
      "AssemblyAI, times in milliseconds",
      {
        id: "x",
        language_code: "en_us",
        audio_duration: 2,
        words: [
          { text: "Heat", start: 100, end: 500, confidence: 1, speaker: "A" },
          { text: "flows.", start: 500, end: 1_000, confidence: 1, speaker: "A" },
        ],
      },
      {
        language: "en-US",
        segments: [segment("Heat flows.", 100, 1_000, "A")],
        words: words(["Heat", 100, 500, "A"], ["flows.", 500, 1_000, "A"]),
      },
    ],
    [
      "Azure batch",
      {
        recognizedPhrases: [
          {
            locale: "en-US",
            speaker: 1,
            offsetInTicks: 1_000_000,
            durationInTicks: 9_000_000,
            nBest: [
              {
                display: "Heat.",
                words: [{ word: "heat", offsetInTicks: 1_000_000, durationInTicks: 4_000_000 }],
              },
            ],
          },
        ],
      },
      {
        language: "en-US",
        segments: [segment("Heat.", 100, 1_000, "speaker_1")],
        words: words(["heat", 100, 500]),
      },
    ],
    [
      "Azure fast",
      {
        phrases: [
          { offsetMilliseconds: 100, durationMilliseconds: 900, text: "Heat.", locale: "de-DE" },
        ],
      },
      { language: "de-DE", segments: [segment("Heat.", 100, 1_000)] },
    ],
    [
      "YouTube's json3",
      {
        events: [
          { tStartMs: 0, id: 1 },
          {
            tStartMs: 100,
            dDurationMs: 900,
            segs: [{ utf8: "heat" }, { utf8: " flows", tOffsetMs: 400 }],
          },
          { tStartMs: 900, dDurationMs: 100, segs: [{ utf8: "\n" }] },
        ],
      },
      {
        language: null,
        segments: [segment("heat flows", 100, 1_000)],
        words: words(["heat", 100, 500], ["flows", 500, 1_000]),
      },
    ],
    [
      "Hugging Face's pipelines, the last end missing",
      {
        text: "",
        chunks: [
          { timestamp: [0, 1.5], text: " heat flows" },
          { timestamp: [1.5, null], text: " to cold" },
        ],
      },
      {
        language: null,
        segments: [segment("heat flows", 0, 1_500), segment("to cold", 1_500, 1_955)],
      },
    ],
    [
      "ElevenLabs, one transcript for each channel",
      {
        transcripts: [
          { language_code: "eng", words: [{ text: "Why?", start: 0, end: 0.5, type: "word" }] },
          { language_code: "eng", words: [{ text: "Heat.", start: 0.5, end: 1, type: "word" }] },
        ],
      },
      {
        language: "en",
        segments: [segment("Why?", 0, 500, "channel_0"), segment("Heat.", 500, 1_000, "channel_1")],
        words: words(["Why?", 0, 500, "channel_0"], ["Heat.", 500, 1_000, "channel_1"]),
      },
    ],
    [
      "times as clocks",
      { segments: [{ start: "00:00:01.500", end: "01:00:02,250", text: "Heat", speaker_id: 2 }] },
      { language: null, segments: [segment("Heat", 1_500, 3_602_250, "speaker_2")] },
    ],
    [
      "segments in milliseconds, speakers in the text",
      { segments: [{ start: 0, end: 4_000, text: "[SPEAKER_01]: Heat flows." }] },
      { language: null, segments: [segment("Heat flows.", 0, 4_000, "SPEAKER_01")] },
    ],
    [
      "fractional milliseconds",
      { segments: [{ start: 0.5, end: 4_000.5, text: "Heat flows from hot to cold." }] },
      { language: null, segments: [segment("Heat flows from hot to cold.", 1, 4_001)] },
    ],
    [
      "a short word in a window of 30 seconds",
      { segments: [{ start: 0, end: 30, text: "you" }] },
      { language: null, segments: [segment("you", 0, 30_000)] },
    ],
    [
      "captions of YouTube with a duration",
      [
        { text: "hey there", start: 7.5, duration: 6 },
        { text: "how are you", start: 14, duration: 7.5 },
      ],
      {
        language: null,
        segments: [segment("hey there", 7_500, 13_500), segment("how are you", 14_000, 21_500)],
      },
    ],
    [
      "a podcast's transcript",
      {
        version: "1.0.0",
        segments: [{ speaker: "Ann", startTime: 0.5, endTime: 2, body: "Heat" }],
      },
      { language: null, segments: [segment("Heat", 500, 2_000, "Ann")] },
    ],
    [
      "faster-whisper's named tuples with its info",
      [
        [
          [1, 0, 0, 2, " Heat flows.", [50364], 0, -0.2, 1.2, 0.01, [[0, 1, " Heat", 0.9]]],
          [2, 0, 2, 3, " Down.", [50364], 0, -0.2, 1.2, 0.01, null],
        ],
        { language: "en", duration: 3 },
      ],
      {
        language: "en",
        segments: [segment("Heat flows.", 0, 2_000), segment("Down.", 2_000, 3_000)],
        words: words(["Heat", 0, 1_000]),
      },
    ],
    [
      "Deepgram's utterances alone",
      { results: { utterances: [{ start: 0.5, end: 1, transcript: "Heat flows.", speaker: 1 }] } },
      { language: null, segments: [segment("Heat flows.", 500, 1_000, "speaker_1")] },
    ],
    [
      "AssemblyAI's utterances alone, in milliseconds",
      { utterances: [{ start: 250, end: 1_000, text: "Heat flows.", speaker: "A" }] },
      { language: null, segments: [segment("Heat flows.", 250, 1_000, "A")] },
    ],
    [
      "Speechmatics",
      {
        metadata: { transcription_config: { language: "en" } },
        results: [
          {
            type: "word",
            start_time: 0.1,
            end_time: 0.5,
            alternatives: [{ content: "Heat", speaker: "S1" }],
          },
          {
            type: "punctuation",
            start_time: 0.5,
            end_time: 0.5,
            alternatives: [{ content: ".", speaker: "S1" }],
          },
        ],
      },
      {
        language: "en",
        segments: [segment("Heat.", 100, 500, "S1")],
        words: words(["Heat.", 100, 500, "S1"]),
      },
    ],
    [
      "OpenAI's words alone, with the punctuation of the text",
      {
        language: "english",
        text: "Heat flows.",
        words: [
          { word: "Heat", start: 0, end: 1 },
          { word: "flows", start: 1, end: 2 },
        ],
      },
      {
        language: "en",
        segments: [segment("Heat flows.", 0, 2_000)],
        words: words(["Heat", 0, 1_000], ["flows.", 1_000, 2_000]),
      },
    ],
    [
      "whisper.cpp with a character in two tokens",
      {
        result: { language: "ja" },
        transcription: [
          {
            offsets: { from: 0, to: 900 },
            text: "熱力",
            tokens: [
              { text: "\ufffd", offsets: { from: 0, to: 300 } },
              { text: "\ufffd", offsets: { from: 300, to: 500 } },
              { text: "力", offsets: { from: 500, to: 900 } },
            ],
          },
        ],
      },
      { language: "ja", segments: [segment("熱力", 0, 900)], words: words(["熱力", 0, 900]) },
    ],
  ])("%s", (_, document, expected) => {
    expect(parseTranscriptJson(document)).toEqual({ ...expected, warnings: [] } as never);
  });

  const said = (text: string, start: number, end: number) => ({ text, start, end });
  test.each<[string, unknown]>([
    [
      "wrapped",
      { data: { result: { segments: [said("Heat flows.", 1, 3), said("So, bye.", 4, 5)] } } },
    ],
    ["named by their numbers", { "0": said("Heat flows.", 1, 3), "1": said("So, bye.", 4, 5) }],
    [
      "with clocks",
      {
        entries: [
          { text: "Heat flows.", startOffset: "00:00:01.0000000", endOffset: "00:00:03.0000000" },
          { text: "So, bye.", startOffset: "00:00:04.0000000", endOffset: "00:00:05.0000000" },
        ],
      },
    ],
    [
      "with the unit in the name",
      [
        { sentence: "Heat flows.", start_time_ms: 1_000, durationMs: 2_000 },
        { sentence: "So, bye.", start_time_ms: 4_000, durationMs: 1_000 },
      ],
    ],
    [
      "with lists of lines",
      {
        fragments: [
          { begin: "1.000", end: "3.000", lines: ["Heat flows."] },
          { begin: "4", end: "5", lines: ["So, bye."] },
        ],
      },
    ],
    [
      "with times in their instances",
      {
        videos: [
          {
            insights: {
              transcript: [
                { text: "Heat flows.", instances: [{ start: "0:00:01", end: "0:00:03" }] },
                { text: "So, bye.", instances: [{ start: "0:00:04", end: "0:00:05" }] },
              ],
            },
          },
        ],
      },
    ],
    [
      "in turns of paragraphs, the best reading first",
      {
        alternatives: [
          {
            paragraphs: [
              { sentences: [said("Heat flows.", 1, 3)] },
              { sentences: [said("So, bye.", 4, 5)] },
            ],
          },
          { paragraphs: [{ sentences: [said("Heed floss.", 1, 3)] }] },
        ],
      },
    ],
  ])("texts with times are found in any list: %s", (_, document) => {
    expect(parseTranscriptJson(document)).toEqual({
      language: null,
      segments: [
        { start_ms: 1_000, end_ms: 3_000, text: "Heat flows." },
        { start_ms: 4_000, end_ms: 5_000, text: "So, bye." },
      ],
      warnings: [],
    });
  });

  test("words of turns keep their speakers, their punctuation and their tokens", () => {
    const rev = (speaker: number, value: string, ts: number) => ({
      speaker,
      elements: [
        { type: "text", value, ts, end_ts: ts + 0.5 },
        { type: "punct", value: "." },
        { type: "punct", value: " " },
      ],
    });
    const token = (text: string, start_ms: number) => ({ text, start_ms, end_ms: start_ms + 100 });
    const tokens = [token("Hea", 1_000), token("t", 1_200), token(" flows", 1_400)];

    expect(
      parseTranscriptJson({ monologues: [rev(0, "Heat", 1), rev(1, "Yes", 2)] }).words,
    ).toEqual([
      { start_ms: 1_000, end_ms: 1_500, text: "Heat.", speaker: "speaker_0" },
      { start_ms: 2_000, end_ms: 2_500, text: "Yes.", speaker: "speaker_1" },
    ]);
    expect(parseTranscriptJson({ tokens }).words).toEqual([
      { start_ms: 1_000, end_ms: 1_300, text: "Heat" },
      { start_ms: 1_400, end_ms: 1_500, text: "flows" },
    ]);
  });

  test("other lists are refused: messages with dates, texts without times", () => {
    for (const document of [
      {
        messages: [
          { text: "Heat flows.", ts: "1699999999.12" },
          { text: "Bye now.", ts: "1699999999.13" },
        ],
      },
      { cards: [{ text: "Heat flows." }] },
      { text: "Heat flows." },
    ]) {
      expect(() => parseTranscriptJson(document)).toThrow(AppError);
    }
  });

  test("a defect costs one segment at most and is reported with its path", () => {
    const good = { start: 5, end: 6, text: "flows" };
    const bad = [
      { start: -1, end: 1, text: "a" },
      { start: 3, end: 2, text: "b" },
      { text: "c" },
      { start: "x", text: 7 },
      null,
    ];

    const { segments, warnings } = parseTranscriptJson({ segments: [...bad, good] });

    expect(segments.map(({ text }) => text)).toEqual(["a", "b", "c", "flows"]);
    expect(segments[0]).toMatchObject({ start_ms: 0, end_ms: 1_000 });
    expect(warnings.map(({ path }) => path)).toEqual([
      "segments.0",
      "segments.1",
      "segments.2",
      "segments.2",
      "segments.3",
      "segments.4",
    ]);
  });

  test.each([
    [
      "as many words as a request can hold",
      {
        words: Array.from({ length: 400_000 }, (_, i) => ({ text: "a", start: i, end: i + 0.5 })),
      },
    ],
    [
      "half a million words without times",
      { segments: [{ start: 0, end: 9, text: "a", words: Array(500_000).fill({ word: "a" }) }] },
    ],
    ["a long string", { segments: [{ start: 0, end: 9, text: "a ".repeat(5_000_000) }] }],
    ["100 001 segments", { segments: Array(100_001).fill({ start: 0, end: 1, text: "a" }) }],
  ])("%s end in time", (_, document) => {
    const ms = cpuMs(() => {
      try {
        parseTranscriptJson(document);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
    });
    expect(ms).toBeLessThan(8_000);
  });
});
