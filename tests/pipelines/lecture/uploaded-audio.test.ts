import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { deleteAsset } from "../../../src/db/assets";
import { cancelJob } from "../../../src/db/jobs/job-control";
import { addUnclaimedAudio, expireAudio } from "../../../src/db/lecture-audio";
import { requestUploadedLecture } from "../../../src/db/lectures";
import { restartLecture } from "../../../src/pipelines/lecture/request";
import { maintain as maintainOnce } from "../../../src/pipelines/maintenance";
import { openElevenLabs } from "../../../src/providers/speech/elevenlabs";
import { openDiskStorage } from "../../../src/storage/disk";
import { AUDIO_FILES, DOCUMENT_FILES, type FileStorage } from "../../../src/storage/files";
import { openS3Storage } from "../../../src/storage/s3";
import { withDatabase } from "../../support/database";
import { silentLog } from "../../support/factories";
import { postFile } from "../../support/http";
import { openLectureWork } from "../../support/lecture-work";
import { sampleMedia } from "../../support/panopto/media";
import { startS3Server } from "../../support/s3-server";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
const s3 = await startS3Server();
afterAll(async () => {
  await s3.close();
  await lab.close();
});

const bytes = await Bun.file(join(await sampleMedia(), "sound.mp3")).bytes();

async function upload(): Promise<string> {
  const file = { name: "sound.mp3", bytes };
  const response = await lab.app.handle(
    postFile("/api/lectures/audio", { course_id: lab.course_id }, file),
  );
  expect(response.status).toBe(202);
  return ((await response.json()) as { lecture_id: string }).lecture_id;
}

/** One round of maintenance. */
async function maintain(uploadedAudio: FileStorage = lab.uploadedAudio): Promise<void> {
  const storage = await openDiskStorage(lab.dataRoot, DOCUMENT_FILES);
  const deps = { db, storage, uploadedAudio, dataRoot: lab.dataRoot, log: silentLog };
  const retention = { archives: 30, deadLetters: 90, events: 90, audit: 365, receipts: 400 };
  await maintainOnce({
    ...deps,
    contentRetention: { pdfs: 0, transcripts: 0, embeddings: 0, chats: 0 },
    audioRetentionDays: 7,
    retention,
  });
}

const isStored = (id: string, storage: FileStorage = lab.uploadedAudio) =>
  storage.open(id).then(
    () => true,
    () => false,
  );
const unclaimed = async () => (await db`select from unclaimed_audio`).count;

describe("uploaded audio", () => {
  test.each(["invalid_api_key", "quota_exceeded"] as const)(
    "outlives the failure %s, and a retry completes once its cause is repaired",
    async (fault) => {
      const id = await upload();
      const file = (await lab.audioFileOf(id))!;
      lab.speech.faults.push(fault);
      expect(await lab.workOnce()).toBe("gave-up");
      await maintain();
      expect(await isStored(file)).toBe(true);

      await restartLecture(db, id);
      const transcriber = openElevenLabs({ apiKey: "test-key", baseUrl: lab.speech.url });
      expect(await lab.workOnce({ transcriber })).toBe("done");

      expect(await lab.details(id)).toMatchObject({ status: "completed", audio_file_id: null });
      await maintain();
      expect(await isStored(file)).toBe(false);
      expect(await unclaimed()).toBe(0);
    },
  );

  test("outlives a cancel until the retention time is over", async () => {
    const id = await upload();
    const file = (await lab.audioFileOf(id))!;
    await cancelJob(db, id);
    await maintain();
    expect(await isStored(file)).toBe(true);

    await db`update jobs set finished_at = finished_at - interval '8 days' where asset_id = ${id}`;
    await maintain();

    expect(await isStored(file)).toBe(false);
    expect(await lab.audioFileOf(id)).toBeNull();
    expect(await unclaimed()).toBe(0);
  });

  test("stays while its lecture waits or works, however old it is", async () => {
    const id = await upload();
    const file = (await lab.audioFileOf(id))!;
    await db`update jobs set created_at = now() - interval '30 days' where asset_id = ${id}`;
    await expireAudio(db, 0);
    await maintain();

    expect(await isStored(file)).toBe(true);
    expect(await lab.workOnce()).toBe("done");
  });

  test("of a deleted lecture is removed", async () => {
    const id = await upload();
    const file = (await lab.audioFileOf(id))!;
    expect(await deleteAsset(db, "lecture", id)).toBe(true);
    await maintain();

    expect(await isStored(file)).toBe(false);
    expect(await unclaimed()).toBe(0);
  });

  test("of an upload that died before its row is removed after an hour, and no lecture can claim it then", async () => {
    const file = crypto.randomUUID();
    await addUnclaimedAudio(db, file);
    const staged = join(lab.uploadedAudio.stagingDir, file);
    await Bun.write(staged, bytes);
    await lab.uploadedAudio.store(file, staged);
    await maintain();
    expect(await isStored(file)).toBe(true);

    await db`update unclaimed_audio set since = now() - interval '2 hours'`;
    await maintain();

    expect(await isStored(file)).toBe(false);
    const late = requestUploadedLecture(db, {
      course_id: lab.course_id,
      audio_file_id: file,
      title: null,
      owner_id: null,
      priority: "normal",
      session_id: null,
      panopto_url: null,
    });
    await expect(late).rejects.toThrow("not in unclaimed_audio");
  });

  test("that a worker does not find puts the job back with a reason, and a worker that has it completes", async () => {
    const id = await upload();
    const elsewhere = await openDiskStorage(join(lab.dataRoot, "other-machine"), AUDIO_FILES);
    expect(await lab.workOnce({ uploadedAudio: elsewhere })).toBe("retrying");
    expect((await lab.details(id)).job).toMatchObject({
      job_state: "transcribing",
      error_code: "audio_file_missing",
      error_message: expect.stringMatching(/machine.*upload it again/),
    });

    await db`update pgmq.q_ingest set vt = now()`;
    expect(await lab.workOnce()).toBe("done");
    expect((await lab.details(id)).status).toBe("completed");
  });

  test("in a bucket is transcribed by a machine with another folder, and leaves nothing behind", async () => {
    const receiver = await openS3Storage(join(lab.dataRoot, "api"), AUDIO_FILES, s3.settings);
    const worker = await openS3Storage(join(lab.dataRoot, "worker"), AUDIO_FILES, s3.settings);
    const file = crypto.randomUUID();
    await addUnclaimedAudio(db, file);
    const staged = join(receiver.stagingDir, file);
    await Bun.write(staged, bytes);
    await receiver.store(file, staged);
    await requestUploadedLecture(db, {
      course_id: lab.course_id,
      audio_file_id: file,
      title: null,
      owner_id: null,
      priority: "normal",
      session_id: null,
      panopto_url: null,
    });

    expect(await lab.workOnce({ uploadedAudio: worker })).toBe("done");

    expect(await lab.scratch()).toEqual([]);
    await maintain(receiver);
    expect(await isStored(file, worker)).toBe(false);
  });
});
