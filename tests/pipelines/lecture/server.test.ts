// One engine: the ingestion of lectures is tested on both; the subject is the audio on disks and in buckets.
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { get, postFile, postJson } from "../../support/http";
import { openTestSite } from "../../support/panopto";
import { sampleMedia } from "../../support/panopto/media";
import { startS3Server } from "../../support/s3-server";
import { openServerHost, type Server } from "../../support/server";
import { startSpeechServer } from "../../support/speech-server";
import { eventually } from "../../support/waiting";

setDefaultTimeout(240_000);

const site = await openTestSite();
const host = await openServerHost();
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  site.close();
});

test("a whole server takes addresses and sound to transcripts, and keeps no sound", async () => {
  await using speech = startSpeechServer();
  const server = await host.start({
    TRANSCRIPTION_BASE_URL: speech.url,
    PANOPTO_ALLOWED_HOSTS: site.host,
  });
  const ask = async (request: Request) => {
    const { pathname } = new URL(request.url);
    const answer = await fetch(new Request(new URL(pathname, server.url), request));
    // biome-ignore lint/suspicious/noExplicitAny: answers are compared, not computed with
    return (await answer.json()) as any;
  };
  const { id: course_id } = await ask(postJson("/api/courses", { name: "Entropy" }));
  const panopto_url = site.addSession({ streams: [{ tag: "DV", file: "ts/master.m3u8" }] });
  const bytes = await Bun.file(join(await sampleMedia(), "sound.mp3")).bytes();

  const fetched = await ask(postJson("/api/lectures/download", { course_id, panopto_url }));
  const brought = await ask(
    postFile("/api/lectures/audio", { course_id }, { name: "week.mp3", bytes }),
  );

  for (const { lecture_id } of [fetched, brought]) {
    const lecture = await eventually(
      () => ask(get(`/api/lectures/${lecture_id}`)),
      ({ status }) => status === "completed" || status === "failed",
      180_000,
    );
    expect(lecture).toMatchObject({ status: "completed", embed_status: "completed" });
  }
  expect(speech.counts.requests).toBe(2);
  const left = await eventually(
    async () => [
      ...(await readdir(join(server.dataRoot, "scratch"))),
      ...(await readdir(join(server.dataRoot, "uploaded-audio"))),
    ],
    (names) => names.join() === ".tmp",
  );
  expect(left).toEqual([".tmp"]);
});

test("uploaded audio outlives a wrong key: with a new one after a restart, a retry completes", async () => {
  await using speech = startSpeechServer({ apiKey: "good-key" });
  await using retrying = await openServerHost();
  const settings = (TRANSCRIPTION_API_KEY: string) => ({
    TRANSCRIPTION_BASE_URL: speech.url,
    TRANSCRIPTION_API_KEY,
  });
  const wrong = await retrying.start(settings("wrong-key"));
  const { id: course_id } = await wrong.json(postJson("/api/courses", { name: "Keys" }));
  const file = { name: "week.mp3", bytes: await sampleAudio() };
  const { lecture_id } = await wrong.json(postFile("/api/lectures/audio", { course_id }, file));
  const failed = await ended(wrong, lecture_id);
  expect(failed).toMatchObject({ status: "failed", job: { error_code: "provider_unauthorized" } });
  expect(Date.parse(failed.audio_kept_until)).toBeGreaterThan(Date.now() + 6 * 24 * 3_600_000);
  await wrong.stop();

  const right = await retrying.start(settings("good-key"));
  const retry = new Request(`http://localhost/api/lectures/${lecture_id}/retry`, {
    method: "POST",
  });
  expect((await right.send(retry)).status).toBe(202);

  expect(await ended(right, lecture_id)).toMatchObject({
    status: "completed",
    audio_kept_until: null,
    flags: { has_transcript: true, is_embedded: true },
  });
});

test("with a bucket, a worker on a machine with another folder transcribes what the API received", async () => {
  await using speech = startSpeechServer();
  const s3 = await startS3Server();
  await using machine = await openServerHost();
  const settings = {
    TRANSCRIPTION_BASE_URL: speech.url,
    STORAGE: "s3",
    S3_ENDPOINT: s3.settings.endpoint!,
    S3_BUCKET: s3.settings.bucket,
    S3_ACCESS_KEY_ID: s3.settings.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.settings.secretAccessKey,
  };
  const elsewhere = join(machine.dataRoot, "other-machine");
  const api = await machine.start({ ...settings, ROLE: "api" });
  const { id: course_id } = await api.json(postJson("/api/courses", { name: "Fleet" }));
  const file = { name: "week.mp3", bytes: await sampleAudio() };
  const { lecture_id } = await api.json(postFile("/api/lectures/audio", { course_id }, file));

  const worker = await machine.start({ ...settings, ROLE: "worker", DATA_ROOT: elsewhere });

  expect(await ended(api, lecture_id)).toMatchObject({ status: "completed" });
  await worker.stop();
  await machine.stop();
  await s3.close();
});

const sampleAudio = async () => Bun.file(join(await sampleMedia(), "sound.mp3")).bytes();

/** Waits until a lecture is completed or failed. */
const ended = (server: Server, lecture_id: string) =>
  eventually(
    () => server.json(`/api/lectures/${lecture_id}`),
    ({ status }) => status === "completed" || status === "failed",
    180_000,
  );
