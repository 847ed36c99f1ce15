import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRetryable } from "../../../src/errors";
import { extractAudio } from "../../../src/media/extract-audio";
import type { PaidCalls } from "../../../src/providers/paid-calls";
import { openElevenLabs } from "../../../src/providers/speech/elevenlabs";
import type { SpeechFile } from "../../../src/providers/transcriber";
import { type ElevenLabsFault, startElevenLabs } from "../../support/elevenlabs";
import { makeRecording } from "../../support/sound";

// ffmpeg waits its turn on a busy machine.
setDefaultTimeout(120_000);

const folder = await mkdtemp(join(tmpdir(), "elevenlabs-"));
afterAll(() => rm(folder, { recursive: true }));

const { signal } = new AbortController();
let speech: SpeechFile;
beforeAll(async () => {
  await makeRecording(join(folder, "lecture.mp4"), 9);
  speech = await extractAudio(join(folder, "lecture.mp4"), folder, { signal });
});

const transcriberAt = (url: string, timeoutMs?: number) =>
  openElevenLabs({ apiKey: "test-key", baseUrl: url, timeoutMs });

describe("ElevenLabs", () => {
  test("times every word, separates speakers and marks events such as applause", async () => {
    await using server = startElevenLabs();
    const { words, segments, language, usage, request_id } = await transcriberAt(
      server.url,
    ).transcribe(speech, signal);

    expect(language).toBe("en");
    expect(words!.map((word) => word.text).join(" ")).toStartWith(
      "Entropy measures missing information. (applause) Why does it grow?",
    );
    expect(words!.find((word) => word.kind === "audio_event")?.text).toBe("(applause)");
    expect(new Set(words!.map((word) => word.speaker))).toEqual(
      new Set(["speaker_0", "speaker_1"]),
    );
    expect(segments[0]).toMatchObject({
      text: "Entropy measures missing information.",
      start_ms: 0,
    });
    expect(segments.at(-1)!.end_ms).toBeLessThanOrEqual(speech.duration_ms);
    expect(words!.every(({ start_ms, end_ms }) => Number.isInteger(start_ms + end_ms))).toBeTrue();
    expect(usage.audio_seconds).toBeCloseTo(speech.duration_ms / 1_000, 1);
    expect(request_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("sends the whole file and asks for words, speakers and events", async () => {
    await using server = startElevenLabs();
    await transcriberAt(server.url).transcribe(speech, signal);

    expect(server.uploads).toMatchObject([
      {
        size_bytes: Bun.file(speech.path).size,
        duration_ms: speech.duration_ms,
        fields: {
          model_id: ["scribe_v1"],
          diarize: ["true"],
          tag_audio_events: ["true"],
          timestamps_granularity: ["word"],
        },
      },
    ]);
  });

  test("uses the spaces between words: for times, and to keep a word in one piece", async () => {
    await using server = startElevenLabs();
    const word = (text: string, start: number | null, end: number | null) => ({
      text,
      start,
      end,
      type: "word",
    });
    server.responses.push({
      language_code: "fra",
      words: [
        word("l'", 1, 1.1),
        word("entropie", 1.1, null),
        { text: " ", start: 1.6, end: 2, type: "spacing" },
        word("croît", null, null),
        { text: " ", start: 2.4, end: 2.5, type: "spacing" },
        word("熵", 3, 3.2),
        word("增", 3.2, null),
      ],
    });
    const { words } = await transcriberAt(server.url).transcribe(speech, signal);

    expect(words).toEqual([
      { text: "l'entropie", start_ms: 1_000, end_ms: 1_600 },
      { text: "croît", start_ms: 2_000, end_ms: 2_400 },
      { text: "熵", start_ms: 3_000, end_ms: 3_200 },
      { text: "增", start_ms: 3_200, end_ms: speech.duration_ms },
    ]);
  });

  test("returns nothing for audio without speech", async () => {
    await using server = startElevenLabs({ listen: () => [] });
    const transcript = await transcriberAt(server.url).transcribe(speech, signal);

    expect(transcript).toMatchObject({ words: [], segments: [] });
  });

  test("keeps a text without words", async () => {
    const body = { language_code: "eng", text: "Heat flows.", words: [] };
    const server = Bun.serve({ port: 0, fetch: () => Response.json(body) });
    const transcript = await transcriberAt(server.url.href).transcribe(speech, signal);
    await server.stop(true);

    const { duration_ms } = speech;
    expect(transcript.segments).toEqual([
      { start_ms: 0, end_ms: duration_ms, text: "Heat flows." },
    ]);
  });

  test("an entry without text does not make the others unreadable", async () => {
    const words = [
      { text: null, type: "word", start: 0, end: 1 },
      { text: "Heat", type: "word", start: 1, end: 2 },
    ];
    const server = Bun.serve({
      port: 0,
      fetch: () => Response.json({ language_code: 7, text: "Heat", words }),
    });
    const transcript = await transcriberAt(server.url.href).transcribe(speech, signal);
    await server.stop(true);

    expect(transcript.words).toEqual([{ start_ms: 1_000, end_ms: 2_000, text: "Heat" }]);
  });

  test("cleans the text, and keeps times inside the recording", async () => {
    const late = speech.duration_ms + 5_000;
    await using server = startElevenLabs({
      listen: () => [{ text: "Entro\u0000py\ud800", start_ms: 1_000, end_ms: late }],
    });
    const { segments } = await transcriberAt(server.url).transcribe(speech, signal);

    expect(segments).toMatchObject([{ start_ms: 1_000, end_ms: speech.duration_ms }]);
    expect(segments[0]!.text).toStartWith("Entropy");
    expect(segments[0]!.text.isWellFormed()).toBeTrue();
  });

  test.each<[ElevenLabsFault, string, boolean]>([
    ["invalid_api_key", "provider_unauthorized", false],
    ["quota_exceeded", "provider_quota_exceeded", false],
    ["too_many_concurrent_requests", "provider_rate_limited", true],
    ["system_busy", "provider_busy", true],
    ["field_error", "provider_request_refused", false],
    ["server_error", "provider_unavailable", true],
    ["reset", "provider_unavailable", true],
    ["truncated", "provider_answer_invalid", true],
    ["wrong_schema", "provider_answer_invalid", true],
  ])("%s is %s (tried again: %p)", async (fault, errorCode, retried) => {
    await using server = startElevenLabs();
    server.faults.push(fault);
    const failure = await transcriberAt(server.url)
      .transcribe(speech, signal)
      .catch((e) => e);

    expect(failure).toMatchObject({ errorCode, details: { provider: "elevenlabs" } });
    expect(isRetryable(failure)).toBe(retried);
    expect(server.counts.requests).toBe(1);
  });

  test("keeps the time after which the provider wants to be asked again", async () => {
    await using server = startElevenLabs();
    server.faults.push("too_many_concurrent_requests");

    await expect(transcriberAt(server.url).transcribe(speech, signal)).rejects.toMatchObject({
      details: { retry_after_ms: 7_000, status: 429 },
    });
  });

  test("gives up on a server that never answers", async () => {
    await using server = startElevenLabs();
    server.faults.push("stall");

    await expect(transcriberAt(server.url, 200).transcribe(speech, signal)).rejects.toMatchObject({
      errorCode: "provider_unavailable",
      details: { reason: "timeout" },
    });
  });

  test("an abort ends the wait with its own reason", async () => {
    await using server = startElevenLabs();
    server.faults.push("stall");
    const abort = new AbortController();
    const waiting = transcriberAt(server.url).transcribe(speech, abort.signal);
    setTimeout(() => abort.abort(new Error("the lecture was deleted")), 50);

    await expect(waiting).rejects.toThrow("the lecture was deleted");
  });

  test("a server that is not there is unavailable", async () => {
    const server = startElevenLabs();
    await server[Symbol.asyncDispose]();

    await expect(transcriberAt(server.url).transcribe(speech, signal)).rejects.toMatchObject({
      errorCode: "provider_unavailable",
    });
  });

  test("says which model made it, and a wrong key never shows in the error", async () => {
    await using server = startElevenLabs();
    const transcriber = openElevenLabs({
      apiKey: "sk-secret",
      baseUrl: server.url,
      model: "scribe_v2",
    });
    const failure = await transcriber.transcribe(speech, signal).catch((error) => error);

    expect(transcriber).toMatchObject({ provider: "elevenlabs", model: "scribe_v2" });
    expect(failure.errorCode).toBe("provider_unauthorized");
    expect(JSON.stringify(failure.details)).not.toContain("sk-secret");
  });
});

describe("asynchronous work", () => {
  test("stores the id before it polls, and waits until the transcript is ready", async () => {
    await using server = startElevenLabs();
    server.polls.readyAfterMs = 300;
    const ids: string[] = [];
    const calls: PaidCalls = {
      run: async (_, request) => {
        const submitted = async (id: string) => void ids.push(id);
        return (await request({ request_id: null, submitted })).result;
      },
    };

    const { words, request_id } = await quick(server.url).transcribe(speech, signal, calls);

    expect(words!.length).toBeGreaterThan(5);
    expect(ids).toEqual([request_id!]);
    expect(server.counts.requests).toBe(1);
    expect(server.polls.count).toBeGreaterThan(1);
  });

  test("that an earlier attempt submitted is fetched, and nothing is uploaded", async () => {
    await using server = startElevenLabs();
    const { request_id } = await quick(server.url).transcribe(speech, signal);
    const resumed: PaidCalls = {
      run: async (_, request) =>
        (await request({ request_id: request_id!, submitted: async () => {} })).result,
    };

    const { words } = await quick(server.url).transcribe(speech, signal, resumed);

    expect(words!.length).toBeGreaterThan(5);
    expect(server.counts.requests).toBe(1);
  });

  test("is not asked for again where the account has no webhook", async () => {
    await using server = startElevenLabs({ hasWebhook: false });
    const transcriber = quick(server.url);

    expect((await transcriber.transcribe(speech, signal)).words!.length).toBeGreaterThan(5);
    expect((await transcriber.transcribe(speech, signal)).words!.length).toBeGreaterThan(5);

    expect(server.counts.requests).toBe(3);
    expect(server.polls.count).toBe(0);
  });

  test("that is never ready ends after the time limit, and a cancel ends it at once", async () => {
    await using server = startElevenLabs();
    server.polls.readyAfterMs = 60_000;
    const limited = openElevenLabs({
      apiKey: "test-key",
      baseUrl: server.url,
      timeoutMs: 500,
      pollMs: 50,
    });

    await expect(limited.transcribe(speech, signal)).rejects.toMatchObject({
      errorCode: "provider_unavailable",
      details: { timed_out: true },
    });
    const stop = new AbortController();
    const waiting = quick(server.url).transcribe(speech, stop.signal);
    while (server.polls.count < 12) await Bun.sleep(5);
    stop.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
  });
});

const quick = (url: string) => openElevenLabs({ apiKey: "test-key", baseUrl: url, pollMs: 50 });
