import { describe, expect, test } from "bun:test";
import { deleteAsset } from "../../src/db/assets";
import type { Sql } from "../../src/db/client";
import { deleteCourse } from "../../src/db/courses";
import { addUnclaimedFile } from "../../src/db/document-files";
import {
  getDocument,
  listDocuments,
  markDescribed,
  requestDocument,
  retryDocument,
  updateDocumentFacts,
} from "../../src/db/documents";
import { listJobs } from "../../src/db/jobs/job-list";
import { listLectures } from "../../src/db/lectures";
import { SEES_ALL } from "../../src/principal";
import { claimDocumentJob, claimJob, finishJob } from "../../src/queue/queue";
import { engine, withDatabase } from "../support/database";
import { createCourse, createDocument } from "../support/factories";
import { failureOf } from "../support/failures";
import { eventually } from "../support/waiting";

const db = await withDatabase();
const course_id = await createCourse(db);

const REASON = { code: "pdf_invalid", message: "The file is not a readable PDF" } as const;
const statusOf = async (id: string) => (await getDocument(db, id)).status;

describe("requestDocument", () => {
  test("of eight requests with the same bytes one becomes the document", async () => {
    const sha256 = "a".repeat(64);
    const request = async () => {
      const id = crypto.randomUUID();
      await addUnclaimedFile(db, id);
      return requestDocument(db, {
        id,
        course_id,
        filename: "a.pdf",
        title: null,
        sha256,
        storage_url: "documents/a.pdf",
        size_bytes: 5_000_000_000,
        priority: "normal",
      });
    };

    const answers = await Promise.all(Array.from({ length: 8 }, request));

    expect(new Set(answers.map(({ document_id }) => document_id)).size).toBe(1);
    expect(answers.filter(({ created }) => created).length).toBe(1);
    const held = await claimJob(db, ["ingest"], 30);
    expect(await claimJob(db, ["ingest"], 30)).toBeNull();
    await finishJob(db, held!, "failed", REASON);
  });

  test("names a course that is not there", async () => {
    expect(await failureOf(createDocument(db, crypto.randomUUID()))).toMatchObject({
      code: "course_not_found",
    });
  });
});

test("a list continues after its last row although new rows arrive, and no other list takes its cursor", async () => {
  const course = await createCourse(db);
  const ids = [];
  for (let i = 0; i < 3; i++) ids.unshift((await createDocument(db, course)).document_id);

  const first = await listDocuments(
    db,
    { course_id: course, course_ids: null, viewer: SEES_ALL },
    { limit: 2 },
  );
  await createDocument(db, course);
  const cursor = first.next_cursor!;
  const rest = await listDocuments(
    db,
    { course_id: course, course_ids: null, viewer: SEES_ALL },
    { limit: 2, cursor },
  );

  expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids);
  expect(rest.next_cursor).toBeNull();
  const everywhere = { course_ids: null, viewer: SEES_ALL };
  for (const listed of [
    listDocuments(db, everywhere, { limit: 2, cursor }),
    listLectures(db, { ...everywhere, course_id: course }, { limit: 2, cursor }),
    listJobs(db, { course_id: course }, { limit: 2, cursor }),
  ]) {
    expect(await failureOf(listed)).toMatchObject({ code: "request_invalid" });
  }
  for (const id of ids) await deleteAsset(db, "document", id);
});

test("an attempt that lost its job writes nothing", async () => {
  const { document_id } = await createDocument(db, course_id);
  const held = (await claimDocumentJob(db, document_id, 30))!;
  const late = { ...held, attempt: held.attempt + 1 };
  const facts = { page_count: 7, title: "Late", metadata: { Author: "Nobody" } };

  expect(await updateDocumentFacts(db, late, facts)).toBe(false);
  expect(await markDescribed(db, late, "de")).toBe(false);
  expect(await getDocument(db, document_id)).toMatchObject({
    page_count: null,
    title: null,
    language_code: null,
    status: "uploaded",
    metadata: {},
  });
});

test("a retry of a document whose pages are all there only embeds", async () => {
  const { document_id } = await createDocument(db, course_id);
  const held = (await claimDocumentJob(db, document_id, 30))!;
  await updateDocumentFacts(db, held, { page_count: 1, title: "One", metadata: {} });
  await db`
    insert into slide_descriptions
      (document_id, page_number, raw_description, normalized_description, described_by)
    values (${document_id}, 1, 'x', 'x', 'text')`;
  await finishJob(db, held, "failed", REASON);

  expect(await retryDocument(db, document_id)).toBe(held.job_id);
  expect(await statusOf(document_id)).toBe("described");
  expect(await retryDocument(db, document_id)).toBeNull();
});

// The embedded engine does one transaction after the other.
test.if(engine === "native")("a course that goes names files that came meanwhile", async () => {
  const course = await createCourse(db);
  let deletion: ReturnType<typeof deleteCourse> | undefined;
  const { document_id } = await db.begin(async (upload) => {
    const accepted = await createDocument(upload as unknown as Sql, course);
    deletion = deleteCourse(db, course);
    await eventually(
      () => db`
        select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
      (waiting) => waiting.length === 1,
    );
    return accepted;
  });

  expect((await deletion!).file_ids).toEqual([document_id]);
  const unclaimed = db`select from unclaimed_files where file_id = ${document_id}`;
  expect((await unclaimed).count).toBe(1);
});
