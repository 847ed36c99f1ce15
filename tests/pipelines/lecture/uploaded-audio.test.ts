import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { cancelLecture } from "../../../src/db/lectures";
import { startMaintenance } from "../../../src/pipelines/maintenance";
import { openDiskStorage } from "../../../src/storage/disk";
import { withDatabase } from "../../support/database";
import { silentLog } from "../../support/factories";
import { postFile } from "../../support/http";
import { openLectureWork } from "../../support/lecture-work";
import { sampleMedia } from "../../support/panopto/media";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
afterAll(() => lab.close());

const bytes = await Bun.file(join(await sampleMedia(), "sound.mp3")).bytes();

/** Sound of two minutes ago. */
async function upload(): Promise<string> {
  const file = { name: "sound.mp3", bytes };
  const answer = await lab.app.handle(
    postFile("/api/lectures/audio", { course_id: lab.course_id }, file),
  );
  const { lecture_id } = (await answer.json()) as { lecture_id: string };
  const then = new Date(Date.now() - 120_000);
  await utimes((await lab.uploadedAudio.find(lecture_id))!, then, then);
  return lecture_id;
}

/** What a process does when it starts again after a crash. */
async function boot(): Promise<void> {
  const storage = await openDiskStorage(lab.dataRoot);
  const { dataRoot, uploadedAudio } = lab;
  const stop = await startMaintenance({ db, storage, uploadedAudio, dataRoot, log: silentLog });
  stop();
}

test("a restart keeps the sound that a waiting job needs, and removes what no job needs", async () => {
  const waiting = await upload();
  const ended = await upload();
  await cancelLecture(db, ended);

  await boot();

  expect(await lab.uploadedAudio.find(waiting)).not.toBeNull();
  expect(await lab.uploadedAudio.find(ended)).toBeNull();
  expect(await lab.workOnce()).toBe("done");
  await boot();
  expect(await lab.uploadedAudio.find(waiting)).toBeNull();
});
