// One engine: the subject is what breaks outside of the database.
import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { deleteAsset } from "../../../src/db/assets";
import { cancelJob } from "../../../src/db/jobs/job-control";

import { openOpenAITranscriber } from "../../../src/providers/speech/openai-transcriber";
import { withDatabase } from "../../support/database";
import { openLectureWork } from "../../support/lecture-work";
import { answer, cutAfter, stallAfter } from "../../support/panopto/faults";
import { startSpeechServer } from "../../support/speech-server";
import { spokenEvenly } from "../../support/speech-upload";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
const { site, speech, openai, tools, request, workOnce, details } = lab;
afterAll(() => lab.close());

afterEach(async () => void (await lab.endJobs()));

const camera = { streams: [{ tag: "DV", file: "ts/master.m3u8" }] };
const GONE = '{"ErrorCode":1,"ErrorMessage":"The session could not be found."}';
const ENDLESS = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nmedia0.ts\n";
const LOGIN = '{"ErrorCode":2}';
const SEGMENT = "ts/media1.ts";
const segmentOf = (url: string) => `/sessions/${new URL(url).searchParams.get("id")}/${SEGMENT}`;
const AWAY = { location: "http://127.0.0.1:9/private" };
const chunksOf = (lecture_id: string) => db`
  select chunk_index, content from lecture_chunks
  where lecture_id = ${lecture_id} order by chunk_index`;

describe("what breaks on the way", () => {
  const afterwards = async (id: string) => {
    const { status, job } = await details(id);
    expect(await lab.scratch()).toEqual([]);
    return { status, code: job.error_code };
  };

  test.each([
    ["media that is refused", SEGMENT, answer(403), "media_refused"],
    ["a stream that never ends", "ts/media.m3u8", answer(200, ENDLESS), "recording_not_ready"],
    ["a redirect to a private address", SEGMENT, answer(302, "", AWAY), "address_blocked"],
    ["a wish for a login", "DeliveryInfo", answer(200, LOGIN), "panopto_login_required"],
    ["a session that is gone", "DeliveryInfo", answer(200, GONE), "panopto_session_not_found"],
  ])("%s fails the lecture with its own code", async (_, part, fault, code) => {
    const url = site.addSession(camera);
    const id = await request(url);
    if (part === SEGMENT) site.fault(segmentOf(url), fault);
    else site.fault(part, fault, 1);

    expect(await workOnce()).toBe("gave-up");

    expect(await afterwards(id)).toEqual({ status: "failed", code });
    const { status_reason } = await details(id);
    expect(status_reason!.length).toBeGreaterThan(20);
  });

  test.each([
    ["a segment that arrives cut", cutAfter(200)],
    ["a segment that stalls", stallAfter(200)],
    ["a server error", answer(503)],
  ])("%s is fetched again within the download", async (_, fault) => {
    const url = site.addSession(camera);
    const id = await request(url);
    site.fault(segmentOf(url), fault, 1);

    expect(await workOnce()).toBe("done");

    expect(await afterwards(id)).toEqual({ status: "completed", code: null });
  });

  test("a segment that is missing is tried again later, never skipped", async () => {
    const paid = speech.counts.requests;
    const url = site.addSession(camera);
    const id = await request(url);
    site.fault(segmentOf(url), answer(404));

    expect(await workOnce()).toBe("retrying");

    expect(await afterwards(id)).toEqual({ status: "downloading", code: "recording_incomplete" });
    expect(speech.counts.requests).toBe(paid);
  });

  test("a recording shorter than announced is tried again later, never transcribed", async () => {
    const paid = speech.counts.requests;
    const id = await request(
      site.addSession({ streams: [{ tag: "AUDIO", file: "sound.mp3" }], duration_seconds: 40 }),
    );

    expect(await workOnce()).toBe("retrying");

    expect(await afterwards(id)).toEqual({ status: "downloading", code: "recording_incomplete" });
    expect(speech.counts.requests).toBe(paid);
  });

  test.each([
    ["invalid_api_key", "provider_unauthorized", "gave-up"],
    ["quota_exceeded", "provider_quota_exceeded", "gave-up"],
    ["too_many_concurrent_requests", "provider_rate_limited", "retrying"],
    ["system_busy", "provider_busy", "retrying"],
    ["truncated", "provider_answer_invalid", "retrying"],
  ] as const)("a transcriber's %s is %s and %s", async (fault, code, outcome) => {
    const id = await request(site.addSession(camera));
    speech.faults.push(fault);

    expect(await workOnce()).toBe(outcome);

    const { job } = await details(id);
    expect(job.error_code).toBe(code);
    expect(job.error_message).toStartWith("A provider");
  });
});

describe("an attempt that is interrupted", () => {
  test("after the transcript buys it no second time", async () => {
    const id = await request(site.addSession(camera));
    const paid = speech.counts.requests;
    openai.embeddingFaults.push({ kind: "status", status: 503 });
    expect(await workOnce()).toBe("retrying");
    const downloads = site.hits("media");
    await db`update pgmq.q_ingest set vt = clock_timestamp()`;

    expect(await workOnce()).toBe("done");

    expect(speech.counts.requests).toBe(paid + 1);
    expect(site.hits("media")).toBe(downloads);
    expect((await details(id)).status).toBe("completed");
  });

  test("between two batches embeds only what is missing", async () => {
    await using server = startSpeechServer({ listen: spokenEvenly(longTalk()) });
    const transcriber = openOpenAITranscriber({ baseUrl: server.url });
    const id = await request(site.addSession(camera));
    const stop = new AbortController();
    const embedder: typeof tools.embedder = {
      ...tools.embedder,
      embed: async (texts, options) => {
        if (embedded.length > 0) stop.abort();
        options.signal.throwIfAborted();
        embedded.push(texts.length);
        return tools.embedder.embed(texts, options);
      },
    };
    const embedded: number[] = [];

    expect(await workOnce({ transcriber, embedder }, { stop: stop.signal })).toBe("handed-back");
    const before = openai.requests.length;
    expect(await workOnce({ transcriber })).toBe("done");

    const chunks = await chunksOf(id);
    expect(chunks.length).toBeGreaterThan(32);
    expect(chunks.map(({ chunk_index }) => chunk_index)).toEqual(chunks.map((_, i) => i));
    const again = openai.requests.slice(before).flatMap(({ body }) => body.input as string[]);
    expect(again).toEqual(chunks.slice(32).map(({ content }) => content));
    expect(server.counts.requests).toBe(1);
  });

  test.each([
    ["cancelled", async (id: string) => void (await cancelJob(db, id)), "failed"],
    ["deleted", async (id: string) => void (await deleteAsset(db, "lecture", id)), undefined],
  ])("because the lecture was %s leaves nothing behind", async (_, end, status) => {
    const id = await request(site.addSession(camera));
    const transcriber = {
      ...tools.transcriber!,
      transcribe: async (
        ...heard: Parameters<NonNullable<typeof tools.transcriber>["transcribe"]>
      ) => {
        await end(id);
        return tools.transcriber!.transcribe(...heard);
      },
    };

    expect(await workOnce({ transcriber })).toBe("lost");

    const [row] = await db`
      select status from lectures where id = ${id} and deleted_at is null`;
    expect(row?.status).toBe(status);
    const [left] = await db`
      select count(*)::int as n from lecture_transcripts where lecture_id = ${id}`;
    expect(left!.n).toBe(0);
    expect(await lab.scratch()).toEqual([]);
    expect(await workOnce()).toBeNull();
  });
});

/** Enough sentences for more than one batch of chunks. */
function longTalk(): string {
  const sentence = (i: number) =>
    `Sentence number ${i} says that the entropy of a source bounds every code that we can find.`;
  return Array.from({ length: 700 }, (_, i) => sentence(i)).join(" ");
}
