import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getTranscript } from "../../../src/db/transcripts";
import { recordingWarnings } from "../../../src/pipelines/lecture/recording-warnings";
import { openElevenLabs } from "../../../src/providers/speech/elevenlabs";
import { migratedDatabase } from "../../support/database";
import { startElevenLabs } from "../../support/elevenlabs";
import { openLectureWork } from "../../support/lecture-work";
import { answer } from "../../support/panopto/faults";
import { beepsAt, ffmpeg, hearSounds } from "../../support/sound";

setDefaultTimeout(120_000);

const db = await migratedDatabase();
const lab = await openLectureWork(db);
const folder = await mkdtemp(join(tmpdir(), "panopto-recordings-"));
/** Hears a word in each beep. */
const listener = startElevenLabs({
  listen: async (path) =>
    (await hearSounds(path)).map((sound, i) => ({
      text: ["alpha", "bravo", "charlie"][i]!,
      ...sound,
    })),
});
const transcriber = openElevenLabs({ apiKey: "test-key", baseUrl: listener.url });
afterAll(async () => {
  await lab.close();
  await listener[Symbol.asyncDispose]();
  await db.end();
  await rm(folder, { recursive: true });
});
afterEach(async () => void (await lab.endJobs()));

await ffmpeg(
  ...beepsAt(
    [
      [1, 1.5],
      [5, 5.5],
      [9, 9.5],
    ],
    12,
  ),
  "-c:a",
  "aac",
  join(folder, "a.mp4"),
);

test("the transcript of a trimmed session has no removed words, and the viewer's times", async () => {
  const segments = [
    { start: 0, end: 3, at: 0 },
    { start: 7, end: 12, at: 3 },
  ];
  const streams = [{ tag: "DV", file: "a.mp4", segments, ends_at_seconds: 8 }];
  const id = await lab.request(lab.site.addSession({ folder, duration_seconds: 8, streams }));

  expect(await lab.workOnce({ transcriber })).toBe("done");

  const { words } = await getTranscript(db, id);
  expect(words.map(({ text }) => text)).toEqual(["alpha", "bravo"]);
  expect(Math.abs(words[0]!.start_ms - 1_000)).toBeLessThan(150);
  expect(Math.abs(words[1]!.start_ms - 5_000)).toBeLessThan(150);
  expect((await lab.details(id)).metadata).not.toHaveProperty("warnings");
});

test("a session that Panopto still processes waits with a reason, and is then transcribed", async () => {
  const streams = [{ tag: "DV", file: "a.mp4" }];
  const url = lab.site.addSession({ folder, duration_seconds: 12, streams });
  const processing = { ErrorCode: 5, ErrorMessage: "The session is still being processed." };
  lab.site.fault("DeliveryInfo", answer(200, JSON.stringify(processing)), 4); // one attempt's requests
  const id = await lab.request(url);

  expect(await lab.workOnce({ transcriber })).toBe("retrying");
  const { status, job } = await lab.details(id);
  expect(status).not.toBe("failed");
  expect(job.error_code).toBe("recording_processing");
  expect(job.error_message).toMatch(/still processing.*tried again/);

  await Bun.sleep(2_100); // the first pause
  expect(await lab.workOnce({ transcriber })).toBe("done");
  expect((await getTranscript(db, id)).words).toHaveLength(3);
});

test("audio that ends long before the session is reported", async () => {
  const streams = [{ tag: "DV", file: "a.mp4", ends_at_seconds: 12 }];
  const id = await lab.request(lab.site.addSession({ folder, duration_seconds: 60, streams }));

  expect(await lab.workOnce({ transcriber })).toBe("done");
  expect((await lab.details(id)).metadata.warnings).toMatchObject([
    { code: "recording_end_missing", message: expect.stringMatching(/ends at 0:12.*at 1:00/) },
  ]);
});

test("a recording is compared with its stated length", () => {
  const code = (end_ms: number, stated_ms: number | null, missing = false) =>
    recordingWarnings(end_ms, stated_ms, missing).map((warning) => warning.code);

  expect(code(3_600_000, 3_620_000)).toEqual([]);
  expect(code(3_600_000, null)).toEqual([]);
  expect(code(3_000_000, 3_600_000)).toEqual(["recording_end_missing"]);
  expect(code(3_800_000, 3_600_000)).toEqual(["recording_times_uncertain"]);
  expect(code(3_600_000, 3_600_000, true)).toEqual(["recording_end_missing"]);
});
