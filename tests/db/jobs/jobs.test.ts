import { describe, expect, test } from "bun:test";
import { deleteAsset } from "../../../src/db/assets";
import { purgeDocument } from "../../../src/db/documents";
import { requestLecture } from "../../../src/db/lectures";
import { withDatabase } from "../../support/database";
import { createCourse, createDocument } from "../../support/factories";

const db = await withDatabase();
const course_id = await createCourse(db);

const createLecture = () =>
  requestLecture(db, {
    course_id,
    session_id: crypto.randomUUID(),
    panopto_url: "https://panopto.example/1",
    title: null,
    owner_id: null,
    transcription: true,
    priority: "normal",
  });

describe("the tables of the product's data model", () => {
  test("lecture_download_jobs shows the job of a lecture under the specified names", async () => {
    const { lecture_id, job_id } = await createLecture();

    const [job] = await db`
      select id, lecture_id, panopto_reference, job_state, progress_percent, error_message,
             started_at, finished_at, log
      from lecture_download_jobs where lecture_id = ${lecture_id}`;

    expect(job).toEqual({
      id: job_id,
      lecture_id,
      panopto_reference: "https://panopto.example/1",
      job_state: "pending",
      progress_percent: 0,
      error_message: null,
      started_at: null,
      finished_at: null,
      log: [],
    });
  });

  test("document_jobs shows jobs of documents only", async () => {
    const { document_id, job_id } = await createDocument(db, course_id);
    await createLecture();

    const jobs = await db`select id, document_id, job_state from document_jobs`;

    expect([...jobs]).toEqual([{ id: job_id, document_id, job_state: "pending" }]);
  });

  test("an update through the view obeys the legal moves and reaches the lecture", async () => {
    const { lecture_id, job_id } = await createLecture();

    await db`update lecture_download_jobs set job_state = 'downloading' where id = ${job_id}`;
    const illegal = db`update lecture_download_jobs set job_state = 'pending' where id = ${job_id}`;

    expect(await illegal.catch(({ code }) => code)).toBe("23514");
    const [lecture] = await db`select status from lectures where id = ${lecture_id}`;
    expect(lecture).toEqual({ status: "downloading" });
  });
});

describe("jobs", () => {
  test("refuse a state of the other kind", async () => {
    const { job_id } = await createDocument(db, course_id);

    const error = await db`update jobs set job_state = 'transcribing' where id = ${job_id}`.catch(
      ({ code }) => code,
    );

    expect(error).toBe("23514");
  });

  test("are deleted with their asset", async () => {
    const { document_id, job_id } = await createDocument(db, course_id);
    await deleteAsset(db, "document", document_id);
    await purgeDocument(db, document_id);

    expect(await db`select from jobs where id = ${job_id}`).toHaveLength(0);
  });
});
