import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expireAudio, startAudioRemoval } from "../../../src/db/lecture-audio";
import { withDatabase } from "../../support/database";
import { createCourse } from "../../support/factories";
import { get, postFile, postJson } from "../../support/http";
import { openLectureWork } from "../../support/lecture-work";
import { answer } from "../../support/panopto/faults";
import { sampleMedia } from "../../support/panopto/media";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
const { app, site, course_id, workOnce } = lab;
afterAll(() => lab.close());
afterEach(async () => void (await lab.endJobs()));

const camera = { streams: [{ tag: "DV", file: "ts/master.m3u8" }] };
const sound = await Bun.file(join(await sampleMedia(), "sound.mp3")).bytes();
const video = await Bun.file(join(await sampleMedia(), "video.mp4")).bytes();

const FOLDER = `https://a.panopto.com/Panopto/Pages/Sessions/List.aspx#folderID=x`;
const ELSEWHERE = `https://evil.example/Panopto/Pages/Viewer.aspx?id=${crypto.randomUUID()}`;

// biome-ignore lint/suspicious/noExplicitAny: answers are compared, not computed with
const send = async (request: Request): Promise<{ status: number; body: any }> => {
  const response = await app.handle(request);
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
};
const download = (body: object, headers = {}) =>
  send(postJson("/api/lectures/download", { course_id, ...body }, headers));
const upload = (fields: object, bytes: Uint8Array<ArrayBuffer> = sound, name = "Week 3.mp3") =>
  send(postFile("/api/lectures/audio", { course_id, ...fields }, { name, bytes }));
const post = (path: string) => send(new Request(`http://localhost${path}`, { method: "POST" }));
const remove = (path: string) => send(new Request(`http://localhost${path}`, { method: "DELETE" }));
const read = (path: string) => send(get(path));
const keptAudio = async () =>
  (await readdir(join(lab.dataRoot, "uploaded-audio"))).filter((name) => name !== ".tmp");

describe("POST /api/lectures/download", () => {
  test("queues a recording; the same session in the same course is the same lecture", async () => {
    const panopto_url = site.addSession(camera);
    const id = new URL(panopto_url).searchParams.get("id")!;
    const podcast = `${site.origin}/Panopto/Podcast/Download/${id.toUpperCase()}.mp4`;

    const first = await download({ panopto_url, title: "Entropy" });
    const second = await download({ panopto_url: podcast });
    const elsewhere = await download({ panopto_url, course_id: await createCourse(db) });

    expect(first).toEqual({
      status: 202,
      body: { lecture_id: expect.any(String), job_id: expect.any(String) },
    });
    expect(second).toEqual({ status: 200, body: first.body });
    expect(elsewhere.status).toBe(202);
    expect(elsewhere.body.lecture_id).not.toBe(first.body.lecture_id);
    expect((await read(`/api/lectures/${first.body.lecture_id}`)).body).toMatchObject({
      title: "Entropy",
      panopto_session_id: id,
      panopto_url,
      source: "panopto",
    });
  });

  test("repeats its answer for the same idempotency key, and for no other request", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const body = { panopto_url: site.addSession(camera) };

    const first = await download(body, headers);
    expect(await download(body, headers)).toEqual(first);
    expect((await download({ ...body, title: "Other" }, headers)).body.code).toBe(
      "idempotency_key_reused",
    );
  });

  test.each([
    ["an unknown course", { course_id: crypto.randomUUID() }, 404, "course_not_found"],
    ["no recording", { panopto_url: "https://a.panopto.com/" }, 422, "panopto_url_invalid"],
    ["a folder", { panopto_url: FOLDER }, 422, "panopto_url_not_a_session"],
    ["another site", { panopto_url: ELSEWHERE }, 422, "address_blocked"],
    ["no address", { panopto_url: undefined }, 422, "request_invalid"],
    ["an odd flag", { transcription: "maybe" }, 422, "request_invalid"],
  ])("refuses %s", async (_, change, status, code) => {
    const refused = await download({ panopto_url: site.addSession(camera), ...change });
    expect(refused).toMatchObject({ status, body: { code } });
  });
});

describe("POST /api/lectures/audio", () => {
  test("takes audio, transcribes it, and keeps only its duration and checksum", async () => {
    const panopto_url = site.addSession(camera);
    const { status, body } = await upload({ panopto_url });
    expect(status).toBe(202);
    expect(await keptAudio()).toEqual([(await lab.audioFileOf(body.lecture_id))!]);

    expect(await workOnce()).toBe("done");

    const lecture = await read(`/api/lectures/${body.lecture_id}`);
    expect(lecture.body).toMatchObject({
      status: "completed",
      source: "upload",
      title: "Week 3",
      audio_duration_seconds: 12,
      audio_sha256: lab.speech.uploads.at(-1)!.sha256,
      flags: { has_transcript: true, is_embedded: true },
      links: { viewer: panopto_url },
    });
    expect(site.hits("DeliveryInfo")).toBe(0);
  });

  test("brings what a login kept from us: the failed lecture starts again with it", async () => {
    const panopto_url = site.addSession(camera);
    const first = await download({ panopto_url });
    site.fault("DeliveryInfo", answer(200, '{"ErrorCode":2}'), 1);
    expect(await workOnce()).toBe("gave-up");

    const second = await upload({ panopto_url });

    expect(second).toEqual({ status: 202, body: first.body });
    expect(await workOnce()).toBe("done");
    expect((await upload({ panopto_url })).status).toBe(200);
  });

  test.each([
    ["waits", null],
    ["is complete", "done"],
  ] as const)(
    "starts a lecture that was wanted without transcription and %s",
    async (_, outcome) => {
      const panopto_url = site.addSession(camera);
      const { body } = await download({ panopto_url, transcription: false });
      if (outcome) expect(await workOnce()).toBe(outcome);

      const brought = await upload({ panopto_url, title: "Entropy" });

      expect(brought).toMatchObject({ status: 202, body: { lecture_id: body.lecture_id } });
      expect((await upload({ panopto_url })).status).toBe(200);
      expect(await workOnce()).toBe("done");
      expect((await read(`/api/lectures/${body.lecture_id}`)).body).toMatchObject({
        status: "completed",
        source: "upload",
        transcription: true,
        status_reason: null,
        title: outcome ? "Entropy, lecture 1" : "Entropy",
        last_job_id: brought.body.job_id,
        flags: { has_transcript: true, is_embedded: true },
      });
      expect(await workOnce()).toBeNull();
    },
  );

  test("keeps the audio of a failed lecture for a retry, and shows when it is removed", async () => {
    const { body } = await upload({});
    const path = `/api/lectures/${body.lecture_id}`;
    expect((await read(path)).body.audio_kept_until).toBeNull();
    expect(await workOnce({ transcriber: null })).toBe("gave-up");

    const failed = (await read(`${path}/status`)).body;
    const week = Date.parse(failed.finished_at) + 7 * 24 * 3_600_000;
    expect(failed.audio_kept_until).toBe(new Date(week).toISOString());
    expect((await read(path)).body.audio_kept_until).toBe(failed.audio_kept_until);

    expect(await post(`${path}/retry`)).toEqual({ status: 202, body });
    expect(await workOnce()).toBe("done");
    expect((await read(path)).body).toMatchObject({ status: "completed", audio_kept_until: null });
    expect(await lab.audioFileOf(body.lecture_id)).toBeNull();
  });

  test("asks for the audio again after the retention time", async () => {
    const { body } = await upload({});
    const path = `/api/lectures/${body.lecture_id}`;
    expect((await post(`${path}/cancel`)).status).toBe(202);
    await expireAudio(db, 0);

    expect((await read(path)).body.audio_kept_until).toBeNull();
    expect(await post(`${path}/retry`)).toMatchObject({
      status: 409,
      body: { code: "sound_gone" },
    });
  });

  test("replaces the audio of a failed lecture by a second upload", async () => {
    const panopto_url = site.addSession(camera);
    const { body } = await upload({ panopto_url }, sound.slice(0, 20_000));
    const first = (await lab.audioFileOf(body.lecture_id))!;
    expect((await post(`/api/lectures/${body.lecture_id}/cancel`)).status).toBe(202);

    const second = await upload({ panopto_url });

    expect(second).toMatchObject({ status: 202, body: { lecture_id: body.lecture_id } });
    expect(await lab.audioFileOf(body.lecture_id)).not.toBe(first);
    expect(await startAudioRemoval(db, 3_600)).toContain(first);
    expect(await workOnce()).toBe("done");
    expect((await read(`/api/lectures/${body.lecture_id}`)).body.audio_duration_seconds).toBe(12);
  });

  test("keeps what was recorded where the sound is cut off, and reports the missing end", async () => {
    const { body } = await upload({}, sound.slice(0, sound.length / 2));

    expect(await workOnce()).toBe("done");

    const warning = {
      code: "recording_end_missing",
      message: expect.stringMatching(/read up to 0:0[56]\..*export the whole recording again/),
    };
    expect((await read(`/api/lectures/${body.lecture_id}`)).body).toMatchObject({
      status: "completed",
      metadata: { warnings: [warning] },
    });
    const events = await db`
      select payload from processing_events
      where asset_id = ${body.lecture_id} and event_type = 'transcript_warnings'`;
    expect(events).toMatchObject([{ payload: { warnings: [warning] } }]);
  });

  test("fails at once, with a sentence, where the sound is damaged in its middle", async () => {
    const damaged = sound.slice();
    const middle = sound.length / 2;
    for (let i = 0; i < 3_000; i++) damaged[middle + i] = (i * 97) % 256;
    const { body } = await upload({}, damaged);

    expect(await workOnce()).toBe("gave-up");

    expect((await read(`/api/lectures/${body.lecture_id}`)).body).toMatchObject({
      status_reason: expect.stringMatching(/damaged.*upload it again/),
      job: { error_code: "audio_invalid" },
    });
  });

  test.each([
    ["a video", video, 422, "audio_invalid"],
    ["a text", new TextEncoder().encode("no sound"), 422, "audio_invalid"],
    ["more than allowed", new Uint8Array(5_000_001), 413, "body_too_large"],
  ])("refuses %s and keeps nothing", async (_, bytes, status, code) => {
    const before = await keptAudio();
    expect(await upload({}, bytes)).toMatchObject({ status, body: { code } });
    expect(await keptAudio()).toEqual(before);
    expect(await readdir(lab.uploadedAudio.stagingDir)).toEqual([]);
  });

  test("refuses an unknown course and an invalid address", async () => {
    expect((await upload({ course_id: crypto.randomUUID() })).body.code).toBe("course_not_found");
    expect((await upload({ panopto_url: "x" })).body.code).toBe("panopto_url_invalid");
  });
});

describe("reading lectures", () => {
  test("lists by course, status and time of change, in pages", async () => {
    const course = await createCourse(db);
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { body } = await download({ course_id: course, panopto_url: site.addSession(camera) });
      ids.unshift(body.lecture_id);
    }
    const list = async (query: string) => {
      const { status, body } = await read(`/api/lectures?course_id=${course}&${query}`);
      expect(status).toBe(200);
      return body;
    };
    const idsOf = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id);
    const future = new Date(Date.now() + 60_000).toISOString();

    const page = await list("limit=2");
    expect(idsOf(page)).toEqual(ids.slice(0, 2));
    expect(idsOf(await list(`cursor=${page.next_cursor}`))).toEqual(ids.slice(2));
    expect(idsOf(await list("status=pending"))).toEqual(ids);
    expect(idsOf(await list("status=completed"))).toEqual([]);
    expect(idsOf(await list(`updated_before=${future}`))).toEqual(ids);
    expect(idsOf(await list(`updated_after=${future}`))).toEqual([]);
    expect((await read("/api/lectures?status=unheard")).body.code).toBe("request_invalid");
    const [{ updated_at }] = (await list("limit=1")).items;
    expect(idsOf(await list(`updated_after=${updated_at}`))).not.toContain(ids[0]);
    expect(idsOf(await list(`updated_before=${updated_at}`))).not.toContain(ids[0]);
    for (const moment of ["yesterday", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00%2B01:00"]) {
      expect((await read(`/api/lectures?updated_after=${moment}`)).status).toBe(422);
    }
  });

  test("answers the light status with exactly its fields", async () => {
    const { body } = await download({ panopto_url: site.addSession(camera) });

    const status = await read(`/api/lectures/${body.lecture_id}/status`);

    expect(status.body).toEqual({
      lecture_id: body.lecture_id,
      job_id: body.job_id,
      job_state: "pending",
      status: "pending",
      progress_percent: 0,
      attempt: 0,
      quarantined: false,
      waiting_for: null,
      next_attempt_at: expect.any(String),
      error_message: null,
      audio_kept_until: null,
      started_at: null,
      finished_at: null,
      updated_at: expect.any(String),
    });
  });

  test.each(["", "/status", "/transcript", "/events"])(
    "answers 404 for an unknown%s",
    async (path) => {
      expect(await read(`/api/lectures/${crypto.randomUUID()}${path}`)).toMatchObject({
        status: 404,
        body: { code: "lecture_not_found" },
      });
    },
  );
});

describe("stopping and starting again", () => {
  test("cancel stops a job, once; retry starts it again", async () => {
    const { body } = await download({ panopto_url: site.addSession(camera) });
    const path = `/api/lectures/${body.lecture_id}`;

    expect(await post(`${path}/retry`)).toEqual({ status: 202, body }); // it waits, so it is next
    expect(await post(`${path}/hurry`)).toEqual({ status: 202, body });
    expect(await post(`${path}/cancel`)).toEqual({ status: 202, body });
    expect(await post(`${path}/cancel`)).toMatchObject({
      status: 409,
      body: { code: "not_cancellable" },
    });
    expect((await read(path)).body).toMatchObject({
      status: "failed",
      status_reason: "Processing was cancelled",
      job: { error_code: "cancelled" },
    });
    expect(await workOnce()).toBeNull();

    expect(await post(`${path}/retry`)).toEqual({ status: 202, body });
    expect(await workOnce()).toBe("done");
    expect((await read(path)).body).toMatchObject({
      status: "completed",
      transcript_status: "completed",
      embed_status: "completed",
    });
    expect((await post(`${path}/retry`)).body.code).toBe("not_retryable");
    expect((await post(`${path}/hurry`)).body.code).toBe("not_hurryable");
  });

  test("delete removes a lecture from every read, with its rows, and gives up its audio", async () => {
    const { body } = await upload({});
    const path = `/api/lectures/${body.lecture_id}`;
    const audio = (await lab.audioFileOf(body.lecture_id))!;

    expect(await remove(path)).toEqual({ status: 204, body: null });

    expect((await read(path)).status).toBe(404);
    expect((await remove(path)).status).toBe(404);
    expect(await startAudioRemoval(db, 3_600)).toContain(audio);
    expect(await db`select id from lectures where id = ${body.lecture_id}`).toHaveLength(0);
    expect(await workOnce()).toBeNull();
  });
});
