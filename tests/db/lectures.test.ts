import { describe, expect, test } from "bun:test";
import { deleteAsset } from "../../src/db/assets";
import { listUnembeddedChunks, saveEmbeddings } from "../../src/db/chunks/chunk-embeddings";
import { replaceDraftChunks } from "../../src/db/chunks/draft-chunks";
import { cancelJob } from "../../src/db/jobs/job-control";
import {
  getLecture,
  getLectureDetails,
  requestLecture,
  retryLecture,
  updateLectureFacts,
} from "../../src/db/lectures";
import { claimJob, finishJob } from "../../src/queue/queue";
import { withDatabase } from "../support/database";
import { createCourse } from "../support/factories";

const db = await withDatabase();
const course_id = await createCourse(db);

const create = () =>
  requestLecture(db, {
    course_id,
    session_id: crypto.randomUUID(),
    title: null,
    owner_id: null,
    priority: "normal",
    panopto_url: "https://a.panopto.com/x",
    transcription: true,
  });
/** A lecture in the hands of a worker. */
const claimed = async () => {
  const { lecture_id } = await create();
  const held = (await claimJob(db, ["ingest"], 45))!;
  expect(held).toMatchObject({ kind: "lecture", asset_id: lecture_id });
  return { lecture_id, held };
};
const chunk = (chunk_index: number, content: string) => ({
  chunk_index,
  content,
  starts: chunk_index * 1_000,
  ends: chunk_index * 1_000 + 900,
  metadata: { speakers: ["Anna"] },
});
const vector = Array.from({ length: 1_536 }, (_, i) => (i === 0 ? 1 : 0));

describe("the facts of a recording", () => {
  test("fills in what is unknown and keeps an existing title", async () => {
    const { lecture_id, held } = await claimed();
    const slide_changes = [{ time_ms: 6_000, caption: "Bits" }];

    await updateLectureFacts(db, held, { title: "Entropy", duration_ms: 61_400, slide_changes });
    await updateLectureFacts(db, held, { title: "Other", metadata: { caption_languages: [] } });

    expect(await getLectureDetails(db, lecture_id)).toMatchObject({
      title: "Entropy",
      audio_duration_seconds: 61,
      slide_changes,
      metadata: { caption_languages: [] },
    });
    await finishJob(db, held, "failed", { code: "internal", message: "the test is over" });
  });
});

describe("draft chunks of a lecture", () => {
  test("that stay the same keep their embedding; others lose it, and surplus ones go", async () => {
    const { lecture_id, held } = await claimed();
    await replaceDraftChunks(
      db,
      "lecture",
      held,
      [chunk(0, "a"), chunk(1, "b"), chunk(2, "c")],
      "simple",
    );
    const ids = (await listUnembeddedChunks(db, "lecture", lecture_id, "x:y")).map(({ id }) => id);
    const vectors = ids.map((id) => ({ id, embedding: vector }));
    await saveEmbeddings(db, "lecture", held, { model: "x:y", vectors });
    expect(await listUnembeddedChunks(db, "lecture", lecture_id, "x:y")).toEqual([]);

    await replaceDraftChunks(db, "lecture", held, [chunk(0, "a"), chunk(1, "changed")], "english");

    expect(await listUnembeddedChunks(db, "lecture", lecture_id, "x:y")).toEqual([
      { id: ids[1]!, content: "changed" },
    ]);
    expect(await listUnembeddedChunks(db, "lecture", lecture_id, "other:model")).toHaveLength(2);
    await finishJob(db, held, "failed", { code: "internal", message: "the test is over" });
  });
});

describe("an attempt that lost its job", () => {
  test.each([
    ["cancelled", (id: string) => cancelJob(db, id)],
    ["deleted", (id: string) => deleteAsset(db, "lecture", id)],
  ])("because the lecture was %s writes nothing", async (_, end) => {
    const { lecture_id, held } = await claimed();
    await end(lecture_id);

    expect(await updateLectureFacts(db, held, { title: "Late" })).toBe(false);
    expect(await replaceDraftChunks(db, "lecture", held, [chunk(0, "late")], "simple")).toBe(false);

    const [row] = await db`
      select title, (select count(*)::int from draft_chunks where lecture_id = l.id) as chunks
      from lectures l where id = ${lecture_id}`;
    expect(row).toEqual({ title: null, chunks: 0 });
  });
});

describe("a lecture without transcription", () => {
  const session = () => {
    const session_id = crypto.randomUUID();
    return (transcription: boolean) =>
      requestLecture(db, {
        course_id,
        session_id,
        title: null,
        owner_id: null,
        priority: "normal",
        transcription,
        panopto_url: "https://a.panopto.com/x",
      });
  };
  const UNWANTED = { code: "transcription_not_wanted", message: "No" } as const;

  test("is transcribed after a request for it", async () => {
    const ask = session();
    const { lecture_id, job_id } = await ask(false);
    const held = (await claimJob(db, ["ingest"], 45))!;
    await db`update lecture_download_jobs set job_state = 'downloading' where id = ${job_id}`;
    await finishJob(db, held, "completed", UNWANTED);
    expect(await ask(false)).toEqual({ lecture_id, job_id, created: false });

    const asked = await ask(true);
    expect(asked).toMatchObject({ lecture_id, created: true });
    expect(asked.job_id).not.toBe(job_id);
    expect(await ask(true)).toEqual({ ...asked, created: false });
    expect(await getLecture(db, lecture_id)).toMatchObject({
      transcription: true,
      status: "pending",
      status_reason: null,
      transcript_status: "pending",
      embed_status: "pending",
      last_job_id: asked.job_id,
    });
    expect(await claimJob(db, ["ingest"], 45)).toMatchObject({ job_id: asked.job_id });
    await cancelJob(db, lecture_id);
  });

  test("stops a job that would leave it out", async () => {
    const ask = session();
    const { lecture_id } = await ask(false);
    const held = (await claimJob(db, ["ingest"], 45))!;

    const asked = await ask(true);

    expect(await finishJob(db, held, "completed", UNWANTED)).toBe(false);
    expect(await claimJob(db, ["ingest"], 45)).toMatchObject({ job_id: asked.job_id });
    await cancelJob(db, lecture_id);
  });
});

describe("the parts of a lecture", () => {
  test("fail with its job and wait again with its retry", async () => {
    const { lecture_id, held } = await claimed();
    const parts = async () => {
      const { transcript_status, embed_status } = await getLecture(db, lecture_id);
      return { transcript_status, embed_status };
    };

    await finishJob(db, held, "failed", { code: "internal", message: "broken" });
    expect(await parts()).toEqual({ transcript_status: "failed", embed_status: "failed" });

    await retryLecture(db, lecture_id);
    expect(await parts()).toEqual({ transcript_status: "pending", embed_status: "pending" });
    await cancelJob(db, lecture_id);
  });
});
