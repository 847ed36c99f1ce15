import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { markReplaced } from "../../../src/db/chat/replaced-citations";
import { listProviderCalls } from "../../../src/db/jobs/provider-calls";
import { AppError } from "../../../src/errors";
import { removeUnneededAudio } from "../../../src/pipelines/lecture/remove-audio";
import { SEES_ALL } from "../../../src/principal";
import type { Transcription } from "../../../src/providers/transcriber";
import { searchCourse } from "../../../src/retrieval/search";
import { withDatabase } from "../../support/database";
import { get, postFile } from "../../support/http";
import { openLectureWork, sampleCaptions } from "../../support/lecture-work";
import { sampleMedia } from "../../support/panopto/media";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
const { app, site, request, workOnce, speech, tools } = lab;
afterAll(() => lab.close());
afterEach(async () => void (await lab.endJobs()));

const camera = { streams: [{ tag: "DV", file: "ts/master.m3u8" }] };
const sound = await Bun.file(join(await sampleMedia(), "sound.mp3")).bytes();
const forever = new AbortController().signal;

// biome-ignore lint/suspicious/noExplicitAny: answers are compared, not computed with
const send = async (sent: Request): Promise<{ status: number; body: any }> => {
  const response = await app.handle(sent);
  return { status: response.status, body: await response.json() };
};
const retranscribe = (id: string, query = "", headers: Record<string, string> = {}) =>
  send(
    new Request(`http://localhost/api/lectures/${id}/retranscribe${query}`, {
      method: "POST",
      headers,
    }),
  );
const retranscribeWith = (id: string, bytes: Uint8Array<ArrayBuffer>, query = "") =>
  send(postFile(`/api/lectures/${id}/retranscribe${query}`, {}, { name: "better.mp3", bytes }));
const post = (path: string) => send(new Request(`http://localhost${path}`, { method: "POST" }));
const read = async (id: string) => (await send(get(`/api/lectures/${id}`))).body;
const importSegments = (id: string, text: string) =>
  send(
    new Request(`http://localhost/api/lectures/${id}/transcript`, {
      method: "PUT",
      body: JSON.stringify({ segments: [{ start_ms: 0, end_ms: 2_000, text }] }),
      headers: { "content-type": "application/json" },
    }),
  );

/** The next transcription hears this. */
const willHear = (text: string) => {
  const words = text.split(" ").flatMap((word, i) => [
    { text: word, type: "word", start: i, end: i + 0.8 },
    { text: " ", type: "spacing", start: i + 0.8, end: i + 1 },
  ]);
  speech.responses.push({ language_code: "eng", words });
};
const ask = async (id: string) => {
  const found = await searchCourse(
    lab.tools,
    {
      course_id: lab.course_id,
      viewer: SEES_ALL,
      query: "information and surprise",
      top_k: 20,
      sources: ["lectures"],
      mode: "hybrid",
      lecture_ids: [id],
    },
    forever,
  );
  return { text: found.map(({ content }) => content).join(" "), citation: found[0]?.citation };
};
const completed = async () => {
  const id = await request(site.addSession(camera));
  expect(await workOnce()).toBe("done");
  return id;
};
const transcriptions = async (id: string) =>
  (await listProviderCalls(db, id)).filter(({ purpose }) => purpose === "transcribe").length;
const eventsOf = async (id: string) =>
  (
    await db`select event_type, payload from processing_events where asset_id = ${id} order by id`
  ).map(({ event_type, payload }) => ({ event_type, payload }));

describe("a correction during a new transcription", () => {
  const correct = async (id: string, correction: object) => {
    const response = await app.handle(
      new Request(`http://localhost/api/lectures/${id}/transcript`, {
        method: "PATCH",
        body: JSON.stringify(correction),
        headers: { "content-type": "application/json" },
      }),
    );
    expect(response.status).toBe(202);
  };
  const missing = { word_index: 2, expected: "missing information", replacement: "surprisal" };
  const text = async (id: string) =>
    (await send(get(`/api/lectures/${id}/transcript`))).body.transcript_text as string;
  /** Transcribes again, and corrects the lecture while the speech service is asked. */
  const correctMidway = async (id: string, answer: () => Promise<Transcription>) => {
    await retranscribe(id);
    const transcriber = {
      ...tools.transcriber!,
      transcribe: async () => {
        await correct(id, missing);
        return answer();
      },
    };
    return workOnce({ transcriber });
  };

  test("is applied to the transcript in use when the transcription fails", async () => {
    const id = await completed();
    const outcome = await correctMidway(id, async () => {
      throw new AppError("provider_unauthorized", { provider: "elevenlabs" });
    });
    expect(outcome).toBe("gave-up");
    expect(await text(id)).toContain("missing information");
    expect(await workOnce()).toBe("done");
    expect(await text(id)).toContain("surprisal");
    expect(await text(id)).not.toContain("missing information");
    expect(await read(id)).toMatchObject({ status: "completed", retranscribing: false });
    expect(await workOnce()).toBeNull();
  });

  test("is applied when the transcription finds no speech", async () => {
    const id = await completed();
    const nothing = { language: null, segments: [], provider: "elevenlabs", model: "scribe_v1" };
    expect(await correctMidway(id, async () => nothing as never)).toBe("done");
    expect(await workOnce()).toBe("done");
    expect(await text(id)).toContain("surprisal");
    expect(await workOnce()).toBeNull();
  });

  test("is applied when the waiting transcription is cancelled, and not to a deleted lecture", async () => {
    const id = await completed();
    await retranscribe(id);
    await correct(id, missing);
    expect((await post(`/api/lectures/${id}/cancel`)).status).toBe(202);
    expect(await workOnce()).toBe("done");
    expect(await text(id)).toContain("surprisal");

    await retranscribe(id);
    await correct(id, { word_index: 2, expected: "surprisal", replacement: "novelty" });
    const deleted = await app.handle(
      new Request(`http://localhost/api/lectures/${id}`, { method: "DELETE" }),
    );
    expect(deleted.status).toBe(204);
    expect(await workOnce()).toBeNull();
  });

  test("is applied by the job of a transcript that is imported instead", async () => {
    const id = await completed();
    await retranscribe(id);
    await correct(id, { find: "entropi", replacement: "entropy" });
    expect((await importSegments(id, "Here entropi is low.")).status).toBe(202);
    expect(await workOnce()).toBe("done");
    expect(await text(id)).toBe("Here entropy is low.");
    expect(await workOnce()).toBeNull();
  });

  test("is applied once by a transcription that succeeds", async () => {
    const id = await completed();
    await retranscribe(id);
    await correct(id, { find: "markof chain", replacement: "Markov chain" });
    willHear("Again a markof chain.");
    expect(await workOnce()).toBe("done");
    expect(await text(id)).toBe("Again a Markov chain.");
    expect(await workOnce()).toBeNull();
  });
});

describe("POST /api/lectures/{id}/retranscribe", () => {
  test("builds a new transcript beside the one in use, then swaps both; old citations say so and keep their text", async () => {
    const id = await completed();
    const before = await ask(id);
    expect(before.text).toContain("missing information");
    const cited = { ...before.citation!, asset_id: id };

    const { status, body } = await retranscribe(id);
    expect([status, body]).toEqual([202, { lecture_id: id, job_id: expect.any(String) }]);
    const waiting = await read(id);
    expect(waiting).toMatchObject({
      status: "pending",
      retranscribing: true,
      flags: { has_transcript: true, is_embedded: true },
    });
    expect(await ask(id)).toEqual(before);
    willHear("Surprise is what entropy counts.");
    expect(await workOnce()).toBe("done");

    const after = await ask(id);
    expect(after.text).toContain("Surprise is what entropy counts.");
    expect(after.text).not.toContain("missing information");
    expect(await read(id)).toMatchObject({
      status: "completed",
      retranscribing: false,
      flags: { has_transcript: true, is_embedded: true },
      last_job_id: body.job_id,
    });
    expect(await transcriptions(id)).toBe(2);
    const answer = { metadata: { citations: [cited, { ...after.citation!, asset_id: id }] } };
    const [marked] = await markReplaced(db, [answer]);
    expect(marked!.metadata.citations).toEqual([
      { ...cited, replaced: true },
      expect.not.objectContaining({ replaced: true }),
    ]);
    expect(cited.quote.length).toBeGreaterThan(10);
    expect(await eventsOf(id)).toContainEqual({
      event_type: "transcript_published",
      payload: { sha256: after.citation!.sha256, replaced: before.citation!.sha256 },
    });
  });

  test("is one job however often it is requested, and an Idempotency-Key buys once for ever", async () => {
    const id = await completed();
    const key = { "idempotency-key": crypto.randomUUID() };

    const first = await retranscribe(id, "", key);
    const second = await retranscribe(id);
    expect(second).toEqual({ status: 200, body: first.body });
    willHear("Surprise again.");
    expect(await workOnce()).toBe("done");

    expect(await retranscribe(id, "", key)).toEqual(first);
    expect(await workOnce()).toBeNull();
    expect(await transcriptions(id)).toBe(2);
  });

  test("keeps the former transcript when it fails, and continues when it is requested again", async () => {
    const id = await completed();
    const before = await ask(id);
    const first = await retranscribe(id);
    speech.faults.push("invalid_api_key");
    expect(await workOnce()).toBe("gave-up");

    expect(await read(id)).toMatchObject({
      status: "failed",
      retranscribing: true,
      flags: { has_transcript: true, is_embedded: true },
    });
    expect(await ask(id)).toEqual(before);
    expect(await retranscribe(id)).toEqual({ status: 202, body: first.body });
    willHear("Surprise at last.");
    expect(await workOnce()).toBe("done");
    expect((await ask(id)).text).toBe("Surprise at last.");
  });

  test("that is cancelled leaves the former transcript, and retry starts it again", async () => {
    const id = await completed();
    const before = await ask(id);
    await retranscribe(id);

    expect((await post(`/api/lectures/${id}/cancel`)).status).toBe(202);
    expect(await workOnce()).toBeNull();
    expect(await ask(id)).toEqual(before);

    expect((await post(`/api/lectures/${id}/retry`)).status).toBe(202);
    willHear("Surprise by retry.");
    expect(await workOnce()).toBe("done");
    expect((await ask(id)).text).toBe("Surprise by retry.");
  });

  test("that finds no speech leaves the former transcript", async () => {
    const id = await completed();
    const before = await ask(id);
    await retranscribe(id);
    speech.responses.push({ language_code: "eng", words: [] });

    expect(await workOnce()).toBe("done");

    expect(await read(id)).toMatchObject({
      status: "completed",
      retranscribing: false,
      flags: { has_transcript: true, is_embedded: true },
    });
    expect(await ask(id)).toEqual(before);
  });

  test("pays for the embeddings only, when it continues after the transcript was bought", async () => {
    const id = await completed();
    await retranscribe(id);
    willHear("Surprise is stored.");
    lab.openai.embeddingFaults.push({ kind: "status", status: 401 });
    expect(await workOnce()).toBe("gave-up");
    const bought = speech.counts.requests;

    expect((await retranscribe(id)).status).toBe(202);
    expect(await workOnce()).toBe("done");

    expect(speech.counts.requests).toBe(bought);
    expect((await ask(id)).text).toBe("Surprise is stored.");
  });

  test("replaces captions by a transcription although the settings prefer captions", async () => {
    const srt = "1\n00:00:00,000 --> 00:00:05,000\nEntropy is in the captions\n";
    const captions = { "0": await sampleCaptions(srt) };
    const id = await request(site.addSession({ ...camera, captions }));
    expect(await workOnce({ captions: "prefer" })).toBe("done");
    expect((await ask(id)).text).toContain("in the captions");
    const paid = speech.counts.requests;
    await retranscribe(id);
    willHear("Surprise is spoken.");

    expect(await workOnce({ captions: "prefer" })).toBe("done");

    expect(speech.counts.requests).toBe(paid + 1);
    expect((await ask(id)).text).toBe("Surprise is spoken.");
  });

  test("stops at a budget that counts the first transcription, and states it before", async () => {
    const id = await completed();
    const before = await ask(id);
    const dry = await retranscribe(id, "?dry_run=true");
    expect(dry).toMatchObject({
      status: 200,
      body: { dry_run: true, forecast: { audio_minutes: expect.any(Number) } },
    });
    expect(dry.body.forecast.exceeded).toMatchObject({ scope: "asset", unit: "audio_minutes" });
    expect(dry.body.forecast.exceeded.used).toBeGreaterThan(0.1);
    expect(await read(id)).toMatchObject({ status: "completed", retranscribing: false });

    await retranscribe(id);
    const { used } = dry.body.forecast.exceeded;
    const policy = { ...lab.callPolicy, budgets: { asset: { audio_minutes: used * 1.5 } } };
    expect(await workOnce({}, { policy })).toBe("paused");

    expect(await read(id)).toMatchObject({ status: "paused", retranscribing: true });
    expect(await ask(id)).toEqual(before);
    expect((await post(`/api/lectures/${id}/resume?override=true`)).status).toBe(202);
    willHear("Surprise is paid.");
    expect(await workOnce({}, { policy })).toBe("done");
    expect((await ask(id)).text).toBe("Surprise is paid.");
  });

  test("gives way to a transcript that is imported before its end", async () => {
    const id = await completed();
    await retranscribe(id);

    expect((await importSegments(id, "The teacher wrote about surprise.")).status).toBe(202);
    expect(await retranscribe(id)).toMatchObject({ status: 409, body: { code: "lecture_busy" } });
    expect(await workOnce()).toBe("done");

    expect((await ask(id)).text).toBe("The teacher wrote about surprise.");
    expect(await read(id)).toMatchObject({ retranscribing: false });
    expect(await transcriptions(id)).toBe(1);
  });

  test("transcribes a lecture that has none", async () => {
    const id = await request(site.addSession(camera), { transcription: false });
    expect(await workOnce()).toBe("done");

    expect((await retranscribe(id)).status).toBe(202);
    willHear("Surprise comes first.");
    expect(await workOnce()).toBe("done");

    expect((await ask(id)).text).toBe("Surprise comes first.");
  });

  test("of an upload asks for the audio again, takes it, and removes it afterwards", async () => {
    const { course_id } = lab;
    const file = { name: "week.mp3", bytes: sound };
    const { body } = await send(postFile("/api/lectures/audio", { course_id }, file));
    const id = body.lecture_id;
    expect(await workOnce()).toBe("done");
    await removeUnneededAudio(lab.tools);
    expect(await retranscribe(id)).toMatchObject({ status: 409, body: { code: "sound_gone" } });

    expect(await retranscribeWith(id, sound, "?dry_run=true")).toMatchObject({
      status: 200,
      body: { forecast: { audio_minutes: expect.closeTo(0.2, 2) } },
    });
    expect((await retranscribeWith(id, sound)).status).toBe(202);
    expect(await retranscribeWith(id, sound)).toMatchObject({
      status: 409,
      body: { code: "lecture_busy" },
    });
    willHear("Surprise was sent again.");
    expect(await workOnce()).toBe("done");

    expect((await ask(id)).text).toBe("Surprise was sent again.");
    await removeUnneededAudio(lab.tools);
    const stored = await readdir(join(lab.dataRoot, "uploaded-audio"));
    expect(stored.filter((name) => name !== ".tmp")).toEqual([]);
  });

  test("refuses what cannot be transcribed, and leaves it as it was", async () => {
    const form = new FormData();
    form.set("course_id", lab.course_id);
    form.set("file", new File(["WEBVTT\n\n00:00.000 --> 00:02.000\nSurprise\n"], "a.vtt"));
    const made = await send(
      new Request("http://localhost/api/lectures/transcript", { method: "POST", body: form }),
    );
    const { lecture_id } = made.body;
    expect(await workOnce()).toBe("done");

    expect(await retranscribe(lecture_id)).toMatchObject({
      status: 409,
      body: { code: "no_recording" },
    });
    const noSound = new TextEncoder().encode("This is no audio at all.");
    expect(await retranscribeWith(lecture_id, noSound)).toMatchObject({
      status: 422,
      body: { code: "audio_invalid" },
    });
    const unknown = crypto.randomUUID();
    for (const query of ["", "?dry_run=true"]) {
      expect((await retranscribe(unknown, query)).body.code).toBe("lecture_not_found");
      expect((await retranscribe("x", query)).status).toBe(422);
    }
    expect(await read(lecture_id)).toMatchObject({ status: "completed", retranscribing: false });
  });
});
