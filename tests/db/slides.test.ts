import { beforeEach, describe, expect, test } from "bun:test";
import { listDescriptions, type SlideDescription, saveDescription } from "../../src/db/slides";
import { SEES_ALL } from "../../src/principal";
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
  page_number,
  raw_description: text,
  normalized_description: text,
  described_by: "model",
  metadata: { title: "Entropy", tags: ["bit"] },
});

describe("saveDescription", () => {
  test("keeps pages in order", async () => {
    expect(await saveDescription(db, held, page(2, "two"))).toBe(true);
    expect(await saveDescription(db, held, page(1, "one"))).toBe(true);

    expect(await listDescriptions(db, document_id, SEES_ALL)).toEqual([
      page(1, "one"),
      page(2, "two"),
    ]);
  });

  test("keeps nothing for an attempt that lost its job", async () => {
    const late = { ...held, attempt: held.attempt + 1 };

    expect(await saveDescription(db, late, page(1, "late"))).toBe(false);

    expect(await listDescriptions(db, document_id, SEES_ALL)).toEqual([]);
  });

  test("replaces a page", async () => {
    await saveDescription(db, held, page(1, "first"));
    await saveDescription(db, held, page(1, "second"));

    expect(await listDescriptions(db, document_id, SEES_ALL)).toEqual([page(1, "second")]);
  });
});
