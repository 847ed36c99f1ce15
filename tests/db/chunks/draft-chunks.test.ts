import { beforeEach, describe, expect, test } from "bun:test";
import { listUnembeddedChunks, saveEmbeddings } from "../../../src/db/chunks/chunk-embeddings";
import { publishAsset, replaceDraftChunks } from "../../../src/db/chunks/draft-chunks";
import { listSlideChunks } from "../../../src/db/slides";
import { SEES_ALL } from "../../../src/principal";
import { type ClaimedDocumentJob, claimDocumentJob } from "../../../src/queue/queue";
import { withDatabase } from "../../support/database";
import { createCourse, createDocument } from "../../support/factories";

const db = await withDatabase();
const course_id = await createCourse(db);

let document_id: string;
let held: ClaimedDocumentJob;
beforeEach(async () => {
  ({ document_id } = await createDocument(db, course_id));
  held = (await claimDocumentJob(db, document_id, 600))!;
});

const replace = (chunks: ReturnType<typeof chunk>[], config = "simple", token = held) =>
  replaceDraftChunks(db, "document", token, chunks, config);
const published = async () =>
  (await listSlideChunks(db, document_id, SEES_ALL, { limit: 10, after: -1 })).items;

const chunk = (chunk_index: number, content: string) => ({
  chunk_index,
  starts: chunk_index + 1,
  ends: chunk_index + 1,
  content,
  metadata: { page: chunk_index + 1 },
});
const unembedded = async () =>
  (await listUnembeddedChunks(db, "document", document_id, "m")).map(({ content }) => content);
const embedAll = async () => {
  const missing = await listUnembeddedChunks(db, "document", document_id, "m");
  const embedding = Array.from({ length: 1536 }, (_, i) => (i === 0 ? 1 : 0));
  const vectors = missing.map(({ id }) => ({ id, embedding }));
  return saveEmbeddings(db, "document", held, { model: "m", vectors });
};

describe("replaceDraftChunks", () => {
  test("keeps the embedding of a chunk with unchanged text", async () => {
    await replace([chunk(0, "stays"), chunk(1, "changes")]);
    expect(await embedAll()).toBe(true);

    await replace([chunk(0, "stays"), chunk(1, "is new")]);

    expect(await unembedded()).toEqual(["is new"]);
  });

  test("takes the embedding of a published chunk with the same text at any place", async () => {
    await replace([chunk(0, "first"), chunk(1, "second")]);
    await embedAll();
    await publishAsset(db, held);

    await replace([chunk(0, "inserted"), chunk(1, "first"), chunk(2, "second")]);

    expect(await unembedded()).toEqual(["inserted"]);
  });

  test("changes nothing for an attempt that lost its job", async () => {
    await replace([chunk(0, "kept")]);
    const late = { ...held, message_id: "999999" };

    expect(await replace([], "simple", late)).toBe(false);
    expect(await publishAsset(db, late)).toBe(false);

    expect(await unembedded()).toEqual(["kept"]);
    expect(await published()).toEqual([]);
  });
});

describe("publishAsset", () => {
  test("makes all drafts searchable at once, and none before", async () => {
    await replace([chunk(0, "one"), chunk(1, "two")], "german");
    await embedAll();
    expect(await published()).toEqual([]);

    expect(await publishAsset(db, held)).toBe(true);

    const shown = await published();
    expect(shown.map(({ content }) => content)).toEqual(["one", "two"]);
    expect(shown[1]).toMatchObject({ page_number: 2, page_end: 2, embedding_model: "m" });
    const configs = await db`
      select distinct text_config::text as config from slide_chunks where document_id = ${document_id}`;
    expect([...configs]).toEqual([{ config: "german" }]);
    expect((await db`select from draft_chunks where document_id = ${document_id}`).count).toBe(0);
  });

  test("keeps the ids of unchanged chunks and removes the chunks beyond the last one", async () => {
    await replace([chunk(0, "one"), chunk(1, "two"), chunk(2, "three")]);
    await embedAll();
    await publishAsset(db, held);
    const before = await published();

    await replace([chunk(0, "one"), { ...chunk(1, "other"), ends: 3 }]);
    await embedAll();
    await publishAsset(db, held);

    const after = await published();
    expect(after.map(({ content }) => content)).toEqual(["one", "other"]);
    expect(after[0]!.id).toBe(before[0]!.id);
    expect(after[1]!.id).not.toBe(before[1]!.id);
    expect(after[1]!.page_end).toBe(3);
  });
});

test("chunks are listed in order, a part at a time", async () => {
  await replace([0, 1, 2].map((n) => chunk(n, `chunk ${n}`)));
  await embedAll();
  await publishAsset(db, held);

  const first = await listSlideChunks(db, document_id, SEES_ALL, { limit: 2, after: -1 });
  const after = Number(first.next_cursor);
  const rest = await listSlideChunks(db, document_id, SEES_ALL, { limit: 2, after });

  expect(first.items.map(({ chunk_index }) => chunk_index)).toEqual([0, 1]);
  expect(rest.items.map(({ chunk_index }) => chunk_index)).toEqual([2]);
  expect(rest.next_cursor).toBeNull();
});
