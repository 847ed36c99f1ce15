import { beforeEach, describe, expect, test } from "bun:test";
import { listUnembeddedChunks, saveEmbeddings } from "../../src/db/chunks/chunk-embeddings";
import {
  listDescriptions,
  listSlideChunks,
  replaceSlideChunks,
  type SlideDescription,
  saveDescription,
} from "../../src/db/slides";
import { type ClaimedDocumentJob, claimDocumentJob } from "../../src/queue/queue";
import { withDatabase } from "../support/database";
import { createCourse, createDocument } from "../support/factories";

const db = await withDatabase();
const course_id = await createCourse(db);

let document_id: string;
let held: ClaimedDocumentJob;
beforeEach(async () => {
  ({ document_id } = await createDocument(db, course_id));
  held = (await claimDocumentJob(db, document_id, 600))!;
});

const page = (page_number: number, text: string): SlideDescription => ({
  ...{ page_number, raw_description: text, normalized_description: text },
  ...{ described_by: "model", metadata: { title: "Entropy", tags: ["bit"] } },
});
const chunk = (chunk_index: number, content: string) => ({
  ...{ chunk_index, page_number: chunk_index + 1, page_end: chunk_index + 1, content },
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

describe("saveDescription", () => {
  test("keeps pages in order", async () => {
    expect(await saveDescription(db, held, page(2, "two"))).toBe(true);
    expect(await saveDescription(db, held, page(1, "one"))).toBe(true);

    expect(await listDescriptions(db, document_id)).toEqual([page(1, "one"), page(2, "two")]);
  });

  test("keeps nothing for an attempt that lost its job", async () => {
    const late = { ...held, attempt: held.attempt + 1 };

    expect(await saveDescription(db, late, page(1, "late"))).toBe(false);

    expect(await listDescriptions(db, document_id)).toEqual([]);
  });

  test("replaces a page", async () => {
    await saveDescription(db, held, page(1, "first"));
    await saveDescription(db, held, page(1, "second"));

    expect(await listDescriptions(db, document_id)).toEqual([page(1, "second")]);
  });
});

describe("replaceSlideChunks", () => {
  test("keeps the embedding of a chunk whose words stay", async () => {
    await replaceSlideChunks(db, held, [chunk(0, "stays"), chunk(1, "changes")], "english");
    expect(await embedAll()).toBe(true);

    await replaceSlideChunks(db, held, [chunk(0, "stays"), chunk(1, "is new")], "german");

    expect(await unembedded()).toEqual(["is new"]);
    const configs = await db`
      select distinct text_config::text as config from slide_chunks where document_id = ${document_id}`;
    expect([...configs]).toEqual([{ config: "german" }]);
  });

  test("takes away the chunks beyond the last one", async () => {
    await replaceSlideChunks(
      db,
      held,
      [0, 1, 2].map((n) => chunk(n, `chunk ${n}`)),
      "simple",
    );
    await replaceSlideChunks(db, held, [chunk(0, "chunk 0")], "simple");

    const { items } = await listSlideChunks(db, document_id, { limit: 10, after: -1 });
    expect(items.map(({ content }) => content)).toEqual(["chunk 0"]);
  });

  test("changes nothing for an attempt that lost its job", async () => {
    await replaceSlideChunks(db, held, [chunk(0, "kept")], "simple");
    const late = { ...held, message_id: "999999" };

    expect(await replaceSlideChunks(db, late, [], "simple")).toBe(false);
    expect(await unembedded()).toEqual(["kept"]);
  });
});

test("chunks are listed in order, a part at a time", async () => {
  await replaceSlideChunks(
    db,
    held,
    [0, 1, 2].map((n) => chunk(n, `chunk ${n}`)),
    "simple",
  );

  const first = await listSlideChunks(db, document_id, { limit: 2, after: -1 });
  const rest = await listSlideChunks(db, document_id, {
    ...{ limit: 2, after: Number(first.next_cursor) },
  });

  expect(first.items.map(({ chunk_index }) => chunk_index)).toEqual([0, 1]);
  expect(rest.items.map(({ chunk_index }) => chunk_index)).toEqual([2]);
  expect(rest.next_cursor).toBeNull();
});
