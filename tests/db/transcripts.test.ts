import { describe, expect, test } from "bun:test";
import { cancelJob } from "../../src/db/jobs/job-control";
import { getLecture, requestLecture } from "../../src/db/lectures";
import {
  getTranscript,
  hasTranscript,
  replaceTranscript,
  saveTranscript,
} from "../../src/db/transcripts";
import { claimJob, finishJob } from "../../src/queue/queue";
import { withDatabase } from "../support/database";
import { createCourse } from "../support/factories";
import { failureOf } from "../support/failures";

const db = await withDatabase();
const course_id = await createCourse(db);

const claimed = async () => {
  const { lecture_id } = await requestLecture(db, {
    course_id,
    session_id: crypto.randomUUID(),
    title: null,
    owner_id: null,
    priority: "normal",
    panopto_url: "https://a.panopto.com/x",
    transcription: true,
  });
  return { lecture_id, held: (await claimJob(db, ["ingest"], 45))! };
};
const transcript = {
  transcript_text: "Ein Bit.",
  segments: [{ start_ms: 10, end_ms: 900, text: "Ein Bit.", speaker: "Anna" }],
  words: [{ start_ms: 10, end_ms: 400, text: "Ein" }],
  language_code: "de",
  token_count: 3,
  provider: "elevenlabs",
  model: "scribe_v1",
};
describe("saveTranscript", () => {
  test("keeps text and times together, and once", async () => {
    const { lecture_id, held } = await claimed();

    await saveTranscript(db, held, transcript);
    await saveTranscript(db, held, { ...transcript, language_code: "fr" });

    expect(await getTranscript(db, lecture_id)).toEqual(transcript);
    expect(await getLecture(db, lecture_id)).toMatchObject({
      transcript_status: "completed",
      metadata: { transcribed_at: expect.any(String) },
    });
    await finishJob(db, held, "failed", { code: "internal", message: "the test is over" });
  });

  test("stores nothing once the job is lost", async () => {
    const { lecture_id, held } = await claimed();
    await cancelJob(db, lecture_id);

    expect(await saveTranscript(db, held, transcript)).toBe(false);

    expect(await hasTranscript(db, lecture_id)).toBe(false);
    expect(await failureOf(getTranscript(db, lecture_id))).toMatchObject({
      code: "transcript_not_ready",
    });
  });
});

describe("replaceTranscript", () => {
  const { segments, words, model: _, ...text } = transcript;
  const word_segments = JSON.stringify({ segments, words });
  const imported = { ...text, word_segments, provider: "import" };

  test("takes the lecture from its worker, and queues a job for the embeddings", async () => {
    const { lecture_id, held } = await claimed();

    const job_id = await replaceTranscript(db, lecture_id, imported);

    expect(await saveTranscript(db, held, transcript)).toBe(false);
    const expected = { segments, words, provider: "import", model: null };
    expect(await getTranscript(db, lecture_id)).toMatchObject(expected);
    expect(await claimJob(db, ["ingest_high"], 45)).toMatchObject({ job_id, asset_id: lecture_id });
  });

  test("refuses a lecture that is not there", async () => {
    expect(await failureOf(replaceTranscript(db, crypto.randomUUID(), imported))).toMatchObject({
      code: "lecture_not_found",
    });
  });
});
