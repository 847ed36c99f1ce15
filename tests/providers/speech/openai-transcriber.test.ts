import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRetryable } from "../../../src/errors";
import { extractAudio } from "../../../src/media/extract-audio";
import { openOpenAITranscriber } from "../../../src/providers/speech/openai-transcriber";
import type { SpeechFile } from "../../../src/providers/transcriber";
import { beepsAt, ffmpeg, hearSounds } from "../../support/sound";
import { type SpeechFault, startSpeechServer } from "../../support/speech-server";

// ffmpeg waits its turn on a busy machine.
setDefaultTimeout(120_000);

const folder = await mkdtemp(join(tmpdir(), "openai-transcriber-"));
afterAll(() => rm(folder, { recursive: true }));
const { signal } = new AbortController();

/** A word of 0.9 s every 2 s, for a little more than a minute. */
const BEEPS = Array.from({ length: 35 }, (_, i): [number, number] => [i * 2 + 0.8, i * 2 + 1.7]);
const beep = async (path: string) =>
  (await hearSounds(path)).map((sound) => ({ text: "beep", ...sound }));

let speech: SpeechFile;
beforeAll(async () => {
  await ffmpeg(...beepsAt(BEEPS, 70), join(folder, "beeps.wav"));
  speech = await extractAudio(join(folder, "beeps.wav"), folder, { signal });
});

const transcriberAt = (baseUrl: string, more: { maxUploadBytes?: number; apiKey?: string } = {}) =>
  openOpenAITranscriber({ baseUrl, ...more });

describe("an OpenAI-compatible transcriber", () => {
  test("keeps the server's segments and the time of every word", async () => {
    await using server = startSpeechServer();
    const transcript = await transcriberAt(server.url).transcribe(speech, signal);

    expect(transcript).toMatchObject({
      provider: "openai",
      model: "whisper-1",
      language: "en",
      request_id: "req_1",
      usage: { audio_seconds: speech.duration_ms / 1_000 },
    });
    expect(transcript.segments.map((segment) => segment.text)).toEqual([
      "Entropy measures missing information.",
      "It grows because mixing is likely.",
    ]);
    expect(transcript.words).toHaveLength(10);
    expect(server.uploads[0]!.fields).toEqual({
      model: ["whisper-1"],
      response_format: ["verbose_json"],
      "timestamp_granularities[]": ["word", "segment"],
    });
  });

  test("sends its key, and none when there is none", async () => {
    await using open = startSpeechServer();
    await using locked = startSpeechServer({ apiKey: "sk-test" });
    await transcriberAt(open.url).transcribe(speech, signal);
    await transcriberAt(locked.url, { apiKey: "sk-test" }).transcribe(speech, signal);

    expect(open.uploads[0]!.headers.get("authorization")).toBeNull();
    expect(locked.uploads).toHaveLength(1);
  });

  test("makes segments of words when the server's list of segments is empty", async () => {
    await using server = startSpeechServer({ dialect: "words" });
    const { segments, words } = await transcriberAt(server.url).transcribe(speech, signal);

    expect(words).toHaveLength(10);
    expect(segments.map((segment) => segment.text).join(" ")).toBe(
      "Entropy measures missing information. It grows because mixing is likely.",
    );
  });

  test("is content with segments alone", async () => {
    await using server = startSpeechServer({ dialect: "segments" });
    const { segments, words } = await transcriberAt(server.url).transcribe(speech, signal);

    expect(segments).toHaveLength(2);
    expect(words).toBeUndefined();
  });

  test.each(["text", "refuses_verbose_json"] as const)(
    "places text by the minute where the server gives no times (%s), and remembers it",
    async (dialect) => {
      await using server = startSpeechServer({ dialect, listen: beep });
      const transcriber = transcriberAt(server.url);
      const { segments } = await transcriber.transcribe(speech, signal);
      const first = server.counts.requests;
      await transcriber.transcribe(speech, signal);

      expect(segments.length).toBeGreaterThanOrEqual(2);
      expect(segments.every(({ start_ms, end_ms }) => end_ms - start_ms <= 60_000)).toBeTrue();
      expect(segments[0]!.start_ms).toBe(0);
      expect(segments.at(-1)!.end_ms).toBe(speech.duration_ms);
      expect(segments.flatMap(({ text }) => text.split(" "))).toHaveLength(BEEPS.length);
      expect(server.counts.requests).toBe(2 * first - 1);
    },
  );
});

describe("a recording that is too large for the server", () => {
  const expectEveryBeepOnce = (words: { start_ms: number }[] | undefined) => {
    expect(words).toHaveLength(BEEPS.length);
    for (const [i, { start_ms }] of words!.entries()) {
      expect(Math.abs(start_ms - BEEPS[i]![0] * 1_000)).toBeLessThan(20);
    }
  };

  test("is cut in pauses and put together with exact times", async () => {
    await using server = startSpeechServer({ listen: beep });
    const maxUploadBytes = 160_000;
    const transcript = await transcriberAt(server.url, { maxUploadBytes }).transcribe(
      speech,
      signal,
    );

    expectEveryBeepOnce(transcript.words);
    expect(server.uploads.length).toBeGreaterThan(3);
    for (const { size_bytes } of server.uploads) expect(size_bytes).toBeLessThan(maxUploadBytes);
    expect(await readdir(folder)).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^parts-/)]),
    );
  });

  test("is cut smaller and smaller until the server stops answering 413, which is remembered", async () => {
    await using server = startSpeechServer({ listen: beep, maxBytes: 200_000 });
    const transcriber = transcriberAt(server.url);
    const transcript = await transcriber.transcribe(speech, signal);
    const refused = server.counts.requests - server.uploads.length;
    await transcriber.transcribe(speech, signal);

    expectEveryBeepOnce(transcript.words);
    expect(refused).toBe(2); // the whole, and one of its halves
    expect(server.counts.requests - server.uploads.length).toBe(refused);
  });

  test("is given up when the server takes nothing at all", async () => {
    await using server = startSpeechServer({ maxBytes: 1_000 });

    await expect(transcriberAt(server.url).transcribe(speech, signal)).rejects.toMatchObject({
      errorCode: "provider_request_refused",
      details: { status: 413 },
    });
    expect(await readdir(folder)).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^parts-/)]),
    );
  });
});

describe("a limit that a server states in a 400", () => {
  const limited = (maxMs: number, message: string, code: unknown) =>
    startSpeechServer({
      listen: beep,
      refuse: ({ duration_ms }) =>
        duration_ms > maxMs ? Response.json({ error: { message, code } }, { status: 400 }) : null,
    });

  test.each([
    ["30 s", 30_000, "Maximum clip duration (30s) exceeded.", 400, 1],
    [
      "a file size",
      40_000,
      "Maximum file size exceeded. (parameter=audio_filesize_mb, value=0.5)",
      400,
      1,
    ],
    [
      "a length in seconds",
      50_000,
      "audio duration 70.1 seconds is longer than 50 seconds which is the maximum for this model",
      "invalid_value",
      1,
    ],
  ])(
    "%s cuts the audio, and the next lecture starts with it",
    async (_, maxMs, message, code, refused) => {
      await using server = limited(maxMs, message, code);
      const transcriber = transcriberAt(server.url);
      const { words } = await transcriber.transcribe(speech, signal);
      await transcriber.transcribe(speech, signal);

      expect(words).toHaveLength(BEEPS.length);
      for (const [i, { start_ms }] of words!.entries()) {
        expect(Math.abs(start_ms - BEEPS[i]![0] * 1_000)).toBeLessThan(20);
      }
      expect(server.counts.requests - server.uploads.length).toBe(refused);
    },
  );
});

describe("one unexpected response", () => {
  test.each([
    ["text without times", { text: "Entropy measures missing information." }],
    [
      "a refusal that lists the request's fields",
      Response.json({ detail: [{ msg: "Field required: response_format" }] }, { status: 422 }),
    ],
    ["an empty list of words", { text: "Entropy", words: [], segments: [] }],
  ])("%s changes nothing for the next lecture", async (_, body) => {
    await using server = startSpeechServer();
    server.responses.push(body);
    const transcriber = transcriberAt(server.url);
    await transcriber.transcribe(speech, signal).catch(() => {});
    const { words } = await transcriber.transcribe(speech, signal);

    expect(words).toHaveLength(10);
    expect(server.uploads.at(-1)!.fields.response_format).toEqual(["verbose_json"]);
  });
});

describe("times that a server sends in its own way", () => {
  const transcribe = async (body: unknown) => {
    await using server = startSpeechServer();
    server.responses.push(body);
    return await transcriberAt(server.url).transcribe(speech, signal);
  };

  test("milliseconds are not clamped to the end of the audio", async () => {
    const { segments } = await transcribe({
      text: "Entropy measures missing information. It grows.",
      segments: [
        { text: "Entropy measures missing information.", start: 1_000, end: 3_500 },
        { text: "It grows.", start: 40_000, end: 41_000 },
      ],
    });

    expect(segments).toEqual([
      { start_ms: 1_000, end_ms: 3_500, text: "Entropy measures missing information." },
      { start_ms: 40_000, end_ms: 41_000, text: "It grows." },
    ]);
  });

  test("speakers of segments", async () => {
    const { segments } = await transcribe({
      text: "Yes. No.",
      segments: [
        { text: "Yes.", start: 0, end: 1, speaker: "A" },
        { text: "No.", start: 1, end: 2, speaker: null },
      ],
    });

    expect(segments.map(({ speaker }) => speaker)).toEqual(["A", undefined]);
  });

  test("an entry without text", async () => {
    const { segments } = await transcribe({
      text: "Entropy",
      language: 7,
      words: [{ word: null, start: 0, end: 1 }],
      segments: [
        { text: null, start: 0, end: 1 },
        { text: "Entropy", start: 1.5, end: 2 },
      ],
    });

    expect(segments).toEqual([{ start_ms: 1_500, end_ms: 2_000, text: "Entropy" }]);
  });

  test("times as text", async () => {
    const { segments } = await transcribe({
      text: "Entropy",
      segments: [{ text: "Entropy", start: "1.5s", end: "2.25" }],
    });

    expect(segments).toEqual([{ start_ms: 1_500, end_ms: 2_250, text: "Entropy" }]);
  });

  test("words inside the segments, one without times, a last one without an end", async () => {
    const { words } = await transcribe({
      segments: [
        {
          text: "In 2015 it grew",
          start: 1,
          end: null,
          words: [
            { word: "In", start: 1, end: 1.2 },
            { word: "2015" },
            { word: "it", start: 2.2, end: 2.4 },
            { word: "grew", start: 2.5 },
          ],
        },
      ],
    });

    expect(words!.map(({ start_ms, end_ms }) => [start_ms, end_ms])).toEqual([
      [1_000, 1_200],
      [1_200, 2_200],
      [2_200, 2_400],
      [2_500, speech.duration_ms],
    ]);
  });
});

test("the reader gets the server's own message and code, without the key", async () => {
  await using server = startSpeechServer();
  const message = "cannot decode audio for key sk-secret-123456";
  server.responses.push(Response.json({ error: { message, code: 40001 } }, { status: 400 }));

  await expect(
    transcriberAt(server.url, { apiKey: "sk-secret-123456" }).transcribe(speech, signal),
  ).rejects.toMatchObject({
    errorCode: "provider_request_refused",
    details: { message: "cannot decode audio for key *** (code 40001)" },
  });
});

test("an error with status 200 is an error, with its message", async () => {
  await using server = startSpeechServer();
  server.responses.push({ error: { message: "the model is loading", code: 503 } });

  await expect(transcriberAt(server.url).transcribe(speech, signal)).rejects.toMatchObject({
    errorCode: "provider_answer_invalid",
    details: { message: "the model is loading (code 503)" },
  });
});

describe("a failing server", () => {
  test.each<[SpeechFault, string, boolean]>([
    ["unauthorized", "provider_unauthorized", false],
    ["insufficient_quota", "provider_quota_exceeded", false],
    ["rate_limited", "provider_rate_limited", true],
    ["server_error", "provider_unavailable", true],
    ["bad_audio", "provider_request_refused", false],
    ["reset", "provider_unavailable", true],
    ["truncated", "provider_answer_invalid", true],
    ["wrong_schema", "provider_answer_invalid", true],
  ])("%s is %s (tried again: %p)", async (fault, errorCode, retried) => {
    await using server = startSpeechServer();
    server.faults.push(fault);
    const failure = await transcriberAt(server.url)
      .transcribe(speech, signal)
      .catch((e) => e);

    expect(failure).toMatchObject({ errorCode, details: { provider: "openai" } });
    expect(isRetryable(failure)).toBe(retried);
    expect(server.counts.requests).toBe(1);
  });

  test("an abort ends the wait with its own reason", async () => {
    await using server = startSpeechServer();
    server.faults.push("stall");
    const abort = new AbortController();
    const waiting = transcriberAt(server.url).transcribe(speech, abort.signal);
    setTimeout(() => abort.abort(new Error("the lecture was deleted")), 50);

    await expect(waiting).rejects.toThrow("the lecture was deleted");
  });
});
