import { expect, test } from "bun:test";
import { SEES_ALL } from "../../src/principal";
import { searchCourse } from "../../src/retrieval/search";
import { readSlideWords } from "../../src/retrieval/slide-words";
import { addDocument } from "../support/corpus";
import { withDatabase } from "../support/database";
import { createCourse } from "../support/factories";

const db = await withDatabase();

const FIRST = "Gradient descent follows the slope of the loss";
const FULL = `${FIRST} and momentum averages it`;

test("words of slides are read once, and missing for chunks that do not exist", async () => {
  const { chunk_ids } = await addDocument(db, await createCourse(db), [
    { content: FIRST },
    { content: "Two words" },
  ]);
  const ids = [...chunk_ids, crypto.randomUUID()];

  const first = await readSlideWords(db, ids);
  const second = await readSlideWords(db, ids.toReversed());

  expect(first.get(chunk_ids[0]!)!.words).toContain("gradient");
  expect(first.get(chunk_ids[1]!)!.content).toBe("Two words");
  expect([...first.keys()].toSorted()).toEqual(chunk_ids.toSorted());
  for (const chunk_id of chunk_ids) expect(second.get(chunk_id)).toBe(first.get(chunk_id)!);
});

test("a search after a title changed compares pages by the new title", async () => {
  const course_id = await createCourse(db);
  await addDocument(db, course_id, [{ content: FIRST }, { content: FULL }]);
  const setTitle = (page_number: number, title: string) => db`
    update slide_chunks set metadata = metadata || ${db.json({ title })}
    where course_id = ${course_id} and page_number = ${page_number}`;
  const find = async () => {
    const request = { course_id, viewer: SEES_ALL, query: "slope of the loss", top_k: 8 };
    const embedder = {
      model: "test:none",
      maxTokens: 1,
      countTokens: () => 0,
      embed: () => Promise.reject(new Error("a search by text needs no embedding")),
    };
    const found = await searchCourse(
      { db, embedder },
      { ...request, sources: ["slides"], mode: "text" },
      AbortSignal.timeout(30_000),
    );
    return found.map(({ content }) => content);
  };

  await setTitle(1, "Descent");
  await setTitle(2, "Momentum");
  expect((await find()).toSorted()).toEqual([FIRST, FULL]);

  await setTitle(2, "Descent");
  expect(await find()).toEqual([FULL]);
});
