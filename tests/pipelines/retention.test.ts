import { expect, test } from "bun:test";
import { listAuditEvents } from "../../src/db/access/audit";
import { type ContentRetention, listDueContent } from "../../src/db/content-retention";
import { AppError } from "../../src/errors";
import { applyRetention } from "../../src/pipelines/retention";
import { addDocument, addLecture, direction } from "../support/corpus";
import { withDatabase } from "../support/database";
import { createCourse, createDocument } from "../support/factories";

const db = await withDatabase();
const { signal } = new AbortController();
const KEEP: ContentRetention = { pdfs: 0, transcripts: 0, embeddings: 0, chats: 0 };

/** A course with one old and one new item of each kind, and an old deck that a job still processes. */
async function createOldCourse() {
  const course_id = await createCourse(db);
  const chunks = [{ content: "entropy", embedding: direction(1) }];
  const [oldDeck, newDeck] = [
    await addDocument(db, course_id, chunks),
    await addDocument(db, course_id, chunks),
  ];
  const [oldLecture, newLecture] = [
    await addLecture(db, course_id, chunks),
    await addLecture(db, course_id, chunks),
  ];
  const { document_id: busyDeck } = await createDocument(db, course_id);
  const sessions = await db<{ id: string }[]>`
    insert into chat_sessions (course_id, updated_at)
    values (${course_id}, now() - interval '40 days'), (${course_id}, now()) returning id`;
  await db`
    update documents set uploaded_at = now() - interval '40 days' where id in ${db([oldDeck.id, busyDeck])}`;
  await db`update lectures set created_at = now() - interval '40 days' where id = ${oldLecture.id}`;
  const left = async () => ({
    decks: (
      await db`select id from documents where course_id = ${course_id} and deleted_at is null`
    ).map(({ id }) => id),
    lectures: (
      await db`select id from lectures where course_id = ${course_id} and deleted_at is null`
    ).map(({ id }) => id),
    chats: (await db`select id from chat_sessions where course_id = ${course_id}`).map(
      ({ id }) => id,
    ),
  });
  const [oldChat, newChat] = sessions.map(({ id }) => id);
  return { course_id, oldDeck, newDeck, busyDeck, oldLecture, newLecture, oldChat, newChat, left };
}

test("nothing is due without a limit", async () => {
  const { left } = await createOldCourse();
  const before = await left();

  expect(await listDueContent(db, KEEP, 3_650)).toEqual([]);
  expect(await applyRetention(db, KEEP, signal)).toEqual({});
  expect(await left()).toEqual(before);
});

test("the preview counts by course what is then deleted, with events in the audit", async () => {
  const course = await createOldCourse();
  const { course_id, oldDeck, newDeck, busyDeck, oldLecture, newLecture, oldChat, newChat } =
    course;
  const retention = { pdfs: 30, transcripts: 35, embeddings: 0, chats: 39 };
  const ofCourse = async (daysAhead: number) =>
    (await listDueContent(db, retention, daysAhead))
      .filter((due) => due.course_id === course_id)
      .map(({ kind, count }) => [kind, count]);

  expect(await ofCourse(0)).toEqual([
    ["pdfs", 1],
    ["transcripts", 1],
    ["chats", 1],
  ]);
  expect(await ofCourse(31)).toContainEqual(["pdfs", 2]);
  await applyRetention(db, retention, signal);
  const left = await course.left();
  expect(left.decks.sort()).toEqual([newDeck.id, busyDeck].sort());
  expect(left.lectures).toEqual([newLecture.id]);
  expect(left.chats).toEqual([newChat]);
  expect(await ofCourse(0)).toEqual([]);
  const { items } = await listAuditEvents(db, { course_id }, { limit: 20 });
  expect(items.map(({ event_type, target, route }) => [event_type, target, route]).sort()).toEqual(
    [
      ["asset.deleted", oldDeck.id, "retention"],
      ["asset.deleted", oldLecture.id, "retention"],
      ["session.deleted", oldChat, "retention"],
    ].sort() as never,
  );
});

test("old vectors are deleted and their texts stay", async () => {
  const { course_id, oldDeck, oldLecture } = await createOldCourse();
  const vectors = () => db`
    select document_id as id, content, embedding is not null as has_vector from slide_chunks where course_id = ${course_id}
    union all
    select lecture_id, content, embedding is not null from lecture_chunks where course_id = ${course_id}`;
  const deleted = await applyRetention(db, { ...KEEP, embeddings: 30 }, signal);
  const after = await vectors();

  expect(deleted.embeddings).toBeGreaterThanOrEqual(2);
  expect(after).toHaveLength(4);
  for (const { id, content, has_vector } of after) {
    expect([content, has_vector]).toEqual(["entropy", id !== oldDeck.id && id !== oldLecture.id]);
  }
  const { items } = await listAuditEvents(db, { course_id }, { limit: 20 });
  expect(items.map(({ event_type }) => event_type)).toEqual([
    "embeddings.deleted",
    "embeddings.deleted",
  ]);
});

test("vectors of assets that are deleted themselves do not count again", async () => {
  const { course_id } = await createOldCourse();
  const retention = { pdfs: 30, transcripts: 30, embeddings: 20, chats: 0 };
  await db`update documents set uploaded_at = now() - interval '25 days'
           where course_id = ${course_id} and uploaded_at > now() - interval '1 day'`;
  const preview = await listDueContent(db, retention, 0);
  const total = (kind: string) =>
    preview.filter((due) => due.kind === kind).reduce((sum, { count }) => sum + count, 0);

  expect(total("embeddings")).toBe(1);
  expect(await applyRetention(db, retention, signal)).toEqual({
    pdfs: total("pdfs"),
    transcripts: total("transcripts"),
    embeddings: 1,
  });
});

/** Creates a job of the document when another one is deleted, which is in the same batch. */
async function beginJobWhenDeleted(deleted: string, document_id: string): Promise<void> {
  await db.unsafe(`
    create function begin_job() returns trigger language plpgsql as $$
    begin
      perform create_job('document', '${document_id}', new.course_id, 'normal');
      return new;
    end $$;
    create trigger begin_job after update of deleted_at on documents
    for each row when (new.id = '${deleted}') execute function begin_job()`);
}

test("an asset whose job began after the list was made stays, with its vectors", async () => {
  const { oldDeck, newDeck, busyDeck, left } = await createOldCourse();
  await db`update documents set uploaded_at = now() - interval '39 days' where id = ${newDeck.id}`;
  await beginJobWhenDeleted(oldDeck.id, newDeck.id);

  const deleted = await applyRetention(db, { ...KEEP, pdfs: 30, embeddings: 20 }, signal);

  expect(deleted).toMatchObject({ pdfs: 1, embeddings: 1 });
  expect((await left()).decks.sort()).toEqual([newDeck.id, busyDeck].sort());
  const [{ vectors } = {}] = await db`
    select count(embedding)::int as vectors from slide_chunks where document_id = ${newDeck.id}`;
  expect(vectors).toBe(1);
});

test("a stopped process deletes no more", async () => {
  const { left } = await createOldCourse();
  const before = await left();
  const stop = new AbortController();
  stop.abort(new AppError("cancelled"));

  expect(applyRetention(db, { ...KEEP, chats: 1 }, stop.signal)).rejects.toMatchObject({
    errorCode: "cancelled",
  });
  expect(await left()).toEqual(before);
});
