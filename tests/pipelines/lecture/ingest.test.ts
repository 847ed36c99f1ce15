import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { listProviderCalls } from "../../../src/db/jobs/provider-calls";
import { getTranscript } from "../../../src/db/transcripts";
import { SEES_ALL } from "../../../src/principal";
import { openOpenAITranscriber } from "../../../src/providers/speech/openai-transcriber";
import { searchCourse } from "../../../src/retrieval/search";
import { withDatabase } from "../../support/database";
import { openLectureWork, sampleCaptions } from "../../support/lecture-work";
import { startSpeechServer } from "../../support/speech-server";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
const { site, speech, course_id, tools, request, workOnce, details } = lab;
afterAll(() => lab.close());

afterEach(async () => void (await lab.endJobs()));

const camera = { streams: [{ tag: "DV", file: "ts/master.m3u8" }] };
const SRT = `1
00:00:00,500 --> 00:00:05,000
Entropy measures missing information.

2
00:00:05,500 --> 00:00:11,000
A channel carries at most its capacity.
`;
const chunksOf = (lecture_id: string) => db`
  select chunk_index, start_ms, end_ms, content, embedding_model, text_config::text
  from lecture_chunks where lecture_id = ${lecture_id} order by chunk_index`;
const statesOf = async (lecture_id: string) => {
  const rows = await db`
    select payload ->> 'to' as state from processing_events
    where asset_id = ${lecture_id} and event_type = 'status' order by id`;
  return rows.map(({ state }) => state);
};

describe("a lecture from its address to searchable chunks", () => {
  test("transcribes the audio, and stores words, times, price and events", async () => {
    const slides = [{ seconds: 6, caption: "Why it grows" }];
    const id = await request(site.addSession({ ...camera, slides }));

    expect(await workOnce()).toBe("done");

    const lecture = await details(id);
    expect(lecture).toMatchObject({
      status: "completed",
      status_reason: null,
      title: "Entropy, lecture 1",
      transcript_status: "completed",
      embed_status: "completed",
      audio_duration_seconds: 12,
      language_code: "en",
      audio_sha256: lab.speech.uploads.at(-1)!.sha256,
      slide_changes: [{ time_ms: 6_000, caption: "Why it grows", sequence: 1 }],
      job: { job_state: "completed", progress_percent: 100, error_message: null },
    });
    for (const moment of ["ingestion_started_at", "transcribed_at", "embedded_at"]) {
      expect(Date.parse(String(lecture.metadata[moment]))).toBeGreaterThan(Date.now() - 60_000);
    }
    expect(await statesOf(id)).toEqual([
      ...["pending", "downloading", "transcribing", "embedding", "completed"],
    ]);
    const transcript = await getTranscript(db, id);
    expect(transcript).toMatchObject({ provider: "elevenlabs", model: "scribe_v1" });
    expect(transcript.token_count).toBeGreaterThan(10);
    expect(transcript.words.find(({ kind }) => kind)?.text).toBe("(applause)");
    expect(new Set(transcript.segments.map(({ speaker }) => speaker)).size).toBe(2);

    const chunks = await chunksOf(id);
    expect(chunks.length).toBeGreaterThan(0);
    expect(chunks[0]).toMatchObject({ text_config: "english", start_ms: 0 });
    expect(chunks.every(({ embedding_model }) => embedding_model === tools.embedder.model)).toBe(
      true,
    );
    expect(await listProviderCalls(db, id)).toMatchObject([
      { purpose: "transcribe", provider: "elevenlabs", state: "ok" },
      { purpose: "embed", provider: "openai", state: "ok" },
    ]);
    expect(await lab.scratch()).toEqual([]);
  });

  test("is found by its words and cited at its second", async () => {
    const id = await request(site.addSession(camera));
    await workOnce();

    const [hit] = await searchCourse(
      { db, embedder: tools.embedder },
      {
        course_id,
        query: "missing information",
        lecture_ids: [id],
        viewer: SEES_ALL,
        sources: ["lectures"],
        top_k: 3,
        mode: "hybrid",
      },
      new AbortController().signal,
    );

    expect(hit).toMatchObject({ source: "lectures", asset_id: id });
    expect(hit!.citation.url).toMatch(/Viewer\.aspx\?id=[0-9a-f-]{36}&start=0$/);
  });

  test("speaks to any server with OpenAI's protocol", async () => {
    await using server = startSpeechServer();
    const transcriber = openOpenAITranscriber({ baseUrl: server.url, model: "whisper-large" });
    const id = await request(site.addSession(camera));

    expect(await workOnce({ transcriber })).toBe("done");

    expect(await getTranscript(db, id)).toMatchObject({
      provider: "openai",
      model: "whisper-large",
      language_code: "en",
      transcript_text: "Entropy measures missing information. It grows because mixing is likely.",
    });
  });

  test("uses Panopto's captions where there is no transcriber, and downloads nothing", async () => {
    const captions = { 0: await sampleCaptions(SRT) };
    const id = await request(site.addSession({ ...camera, captions }));
    const downloads = site.hits("media");

    expect(await workOnce({ transcriber: null })).toBe("done");

    expect(site.hits("media")).toBe(downloads);
    expect(await getTranscript(db, id)).toMatchObject({
      provider: "panopto_captions",
      model: null,
      language_code: "en-US",
      words: [],
      segments: [
        { start_ms: 500, end_ms: 5_000, text: "Entropy measures missing information." },
        { start_ms: 5_500, end_ms: 11_000, text: "A channel carries at most its capacity." },
      ],
    });
    expect(await statesOf(id)).toEqual(["pending", "downloading", "embedding", "completed"]);
  });

  test("prefers captions to a transcriber, or ignores them, as the settings say", async () => {
    const captions = { 0: await sampleCaptions(SRT) };
    const paid = speech.counts.requests;

    const preferring = await request(site.addSession({ ...camera, captions }));
    await workOnce({ captions: "prefer" });
    expect(speech.counts.requests).toBe(paid);
    expect((await getTranscript(db, preferring)).provider).toBe("panopto_captions");

    const listening = await request(site.addSession({ ...camera, captions }));
    await workOnce({ captions: "fallback" });
    expect((await getTranscript(db, listening)).provider).toBe("elevenlabs");

    const ignoring = await request(site.addSession({ ...camera, captions }));
    expect(await workOnce({ captions: "never", transcriber: null })).toBe("gave-up");
    expect((await details(ignoring)).job.error_code).toBe("transcriber_missing");
  });

  test("keeps what is readable of damaged captions, and reports the defects", async () => {
    const damaged = `1\n-00:00:00,500 --> 00:00:05,000\n[Auto-generated transcript]\n${SRT.slice(2)}`;
    const captions = { 0: await sampleCaptions(damaged) };
    const id = await request(site.addSession({ ...camera, captions }));

    expect(await workOnce({ transcriber: null })).toBe("done");

    const { segments } = await getTranscript(db, id);
    expect(segments.map(({ text }) => text)).toEqual([
      "Entropy measures missing information.",
      "A channel carries at most its capacity.",
    ]);
    const events = await db`
      select payload from processing_events
      where asset_id = ${id} and event_type = 'transcript_warnings'`;
    expect([...events]).toEqual([
      {
        payload: {
          warnings: [
            { line: 2, message: "a time is before 0: 0 is used" },
            { line: 4, message: "an empty line is missing before this cue" },
          ],
        },
      },
    ]);
    expect((await details(id)).metadata.warnings).toHaveLength(2);
  });

  test("listens when the captions turn out empty", async () => {
    const captions = { 0: await sampleCaptions("") };
    const id = await request(site.addSession({ ...camera, captions }));

    expect(await workOnce({ captions: "prefer" })).toBe("done");

    expect((await getTranscript(db, id)).provider).toBe("elevenlabs");
  });

  test("places every time on the recording's clock when the stream begins later", async () => {
    const streams = [{ ...camera.streams[0]!, starts_at_seconds: 90, ends_at_seconds: 102 }];
    const id = await request(site.addSession({ streams, duration_seconds: 102 }));

    await workOnce();

    const { segments, words } = await getTranscript(db, id);
    expect(segments[0]!.start_ms).toBe(90_000);
    expect(words[0]!.start_ms).toBe(90_000);
    expect(words.at(-1)!.end_ms).toBeLessThanOrEqual(102_100);
    expect((await details(id)).audio_duration_seconds).toBe(102);
  });
});

describe("a lecture that ends without a transcript", () => {
  test("stores the facts from Panopto when no transcription is wanted", async () => {
    const paid = speech.counts.requests;
    const id = await request(site.addSession(camera), { transcription: false });

    expect(await workOnce()).toBe("done");

    expect(await details(id)).toMatchObject({
      status: "completed",
      status_reason: "No transcription was requested",
      transcript_status: "skipped",
      embed_status: "skipped",
      title: "Entropy, lecture 1",
      audio_duration_seconds: 12,
      chunk_count: 0,
    });
    expect(speech.counts.requests).toBe(paid);
  });

  test("reports that there is no speech, and the cost of the transcription", async () => {
    await using silent = startSpeechServer({ listen: () => [] });
    const id = await request(site.addSession(camera));

    const transcriber = openOpenAITranscriber({ baseUrl: silent.url });
    expect(await workOnce({ transcriber })).toBe("done");

    expect(await details(id)).toMatchObject({
      status: "completed",
      transcript_status: "skipped",
      embed_status: "skipped",
      job: { error_code: "recording_without_speech" },
    });
    expect(await listProviderCalls(db, id)).toMatchObject([{ purpose: "transcribe" }]);
    expect(await statesOf(id)).toEqual(["pending", "downloading", "transcribing", "completed"]);
  });

  test("names the next step to the teacher when there are neither captions nor a transcriber", async () => {
    const id = await request(site.addSession(camera));

    expect(await workOnce({ transcriber: null })).toBe("gave-up");

    const { status_reason, transcript_status, embed_status } = await details(id);
    expect(status_reason).toMatch(/ELEVENLABS_API_KEY.*or import a transcript/);
    expect({ transcript_status, embed_status }).toEqual({
      transcript_status: "failed",
      embed_status: "failed",
    });
  });
});
