import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { updateAsset } from "../../../src/db/access/releases";
import { openGuardedApp } from "../../support/access";
import { createCourse } from "../../support/factories";
import {
  alignDue,
  insertDeck,
  insertTalk,
  makeDeck,
  speakAbout,
  type Visit,
} from "../../support/talks";

setDefaultTimeout(60_000);

const guarded = await openGuardedApp();
afterAll(() => guarded[Symbol.asyncDispose]());
const { db, createKey, call } = guarded;
const teacher = await createKey({ scopes: ["ingest", "read"] });
const student = await createKey({ scopes: ["read"] });

const VISITS: Visit[] = [
  [1, 60],
  [2, 60],
  [1, 60],
  [3, 60],
];

async function makeCourse() {
  const course_id = await createCourse(db);
  const pages = makeDeck(3);
  const deck = await insertDeck(db, course_id, pages, { filename: "own.pdf" });
  const other = await insertDeck(db, course_id, makeDeck(3, 1), { filename: "other.pdf" });
  const lecture = await insertTalk(db, course_id, speakAbout(VISITS));
  await alignDue(db);
  return { course_id, pages, deck, other, lecture };
}
const read = async (path: string, key = student) => {
  const response = await call("GET", path, key);
  return { status: response.status, body: await response.json() };
};
const put = async (lecture: string, body: unknown, key = teacher) => {
  const response = await call("PUT", `/api/lectures/${lecture}/slides`, key, {
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  return { status: response.status, body: await response.json() };
};

test("the timeline names the page of each moment with its addresses", async () => {
  const { lecture, deck, pages } = await makeCourse();

  const { status, body } = await read(`/api/lectures/${lecture}/timeline`);

  expect(status).toBe(200);
  expect(body).toMatchObject({ lecture_id: lecture, pending: false });
  expect(body.spans.map((span: { page_number: number }) => span.page_number)).toEqual([1, 2, 1, 3]);
  expect(body.spans[1]).toMatchObject({
    document_id: deck,
    title: "own.pdf",
    page_title: pages[1]!.title,
    page_label: null,
    start_ms: 60_000,
    end_ms: 120_000,
    confident: true,
    source: "speech",
    url: `/api/lectures/${lecture}/transcript/view?t=60#t=60`,
  });
  expect(body.spans[1].page_url).toMatch(/\/versions\/[0-9a-f]{64}\/file#page=2$/);
  expect(body.spans[1].image_url).toMatch(/\/versions\/[0-9a-f]{64}\/pages\/2\/image$/);
});

test("a page that is shown twice has two moments", async () => {
  const { lecture, deck } = await makeCourse();

  const { body } = await read(`/api/documents/${deck}/pages/1/moments`);

  expect(body).toMatchObject({ document_id: deck, page_number: 1 });
  expect(body.moments).toMatchObject([
    { lecture_id: lecture, title: "A talk", start_ms: 0, end_ms: 60_000, confident: true },
    { lecture_id: lecture, start_ms: 120_000, end_ms: 180_000 },
  ]);
  expect(body.moments[1].url).toBe(`/api/lectures/${lecture}/transcript/view?t=120#t=120`);
  expect((await read(`/api/documents/${deck}/pages/4/moments`)).body.code).toBe("page_not_found");
});

test("decks are suggested with their scores, and can be assigned", async () => {
  const { lecture, deck, other } = await makeCourse();

  const { body } = await read(`/api/lectures/${lecture}/slides`);
  expect(body).toMatchObject({
    mode: "suggested",
    pending: false,
    documents: [
      { document_id: deck, filename: "own.pdf", suggested: true, used: true },
      { document_id: other, suggested: false, used: false, score: 0 },
    ],
  });
  expect(body.documents[0].score).toBeGreaterThan(0.5);

  const assigned = await put(lecture, { document_ids: [other, other] });
  expect(assigned).toMatchObject({
    status: 200,
    body: {
      mode: "assigned",
      pending: true,
      documents: [
        { document_id: other, used: true },
        { document_id: deck, suggested: true, used: false },
      ],
    },
  });
  await alignDue(db);
  const { spans } = (await read(`/api/lectures/${lecture}/timeline`)).body;
  expect(new Set(spans.map((span: { document_id: string }) => span.document_id))).toEqual(
    new Set([other]),
  );

  expect((await put(lecture, { document_ids: "auto" })).body.mode).toBe("suggested");
  expect((await put(lecture, { document_ids: [] })).body.mode).toBe("assigned");
  expect((await put(lecture, { document_ids: null })).body.mode).toBe("suggested");
});

test("of two copies of a deck, only the one that the timeline shows is suggested", async () => {
  const { course_id, lecture, pages } = await makeCourse();
  await insertDeck(db, course_id, pages, { filename: "own (1).pdf" });
  await alignDue(db);

  const { documents } = (await read(`/api/lectures/${lecture}/slides`)).body;
  const { spans } = (await read(`/api/lectures/${lecture}/timeline`)).body;
  const shown = new Set(spans.map((span: { document_id: string }) => span.document_id));
  const chosen = (key: "suggested" | "used") =>
    documents
      .filter((one: Record<string, unknown>) => one[key])
      .map((one: { document_id: string }) => one.document_id);
  expect(documents[1].score).toBe(documents[0].score);
  expect(chosen("suggested")).toEqual([...shown]);
  expect(chosen("used")).toEqual([...shown]);
});

test("decks of other courses, unknown decks and wrong bodies are refused", async () => {
  const { lecture } = await makeCourse();
  const elsewhere = await insertDeck(db, await createCourse(db), makeDeck(3));
  const unknown = crypto.randomUUID();

  const refused = await put(lecture, { document_ids: [elsewhere, unknown] });
  expect(refused).toMatchObject({ status: 404, body: { code: "document_not_found" } });
  expect(JSON.stringify(refused.body)).toContain(unknown);
  for (const body of [{}, { document_ids: "all" }, { document_ids: ["x"] }, { documents: [] }]) {
    expect((await put(lecture, body)).status).toBe(422);
  }
  expect((await put(crypto.randomUUID(), { document_ids: [] })).status).toBe(404);
  expect((await put(lecture, { document_ids: [] }, student)).status).toBe(403);
});

test("students do not see the moments of hidden pages, decks and lectures", async () => {
  const { lecture, deck } = await makeCourse();
  const visible_from = "2099-01-01T00:00:00Z";
  const page_releases = [{ page_from: 2, page_to: 2, visible_from }];
  await updateAsset(db, "document", deck, { page_releases });

  const pagesOf = async (key: string) =>
    (await read(`/api/lectures/${lecture}/timeline`, key)).body.spans.map(
      (span: { page_number: number }) => span.page_number,
    );
  expect(await pagesOf(student)).toEqual([1, 1, 3]);
  expect(await pagesOf(teacher)).toEqual([1, 2, 1, 3]);
  expect((await read(`/api/documents/${deck}/pages/2/moments`)).body.code).toBe("not_released");
  expect((await read(`/api/documents/${deck}/pages/2/moments`, teacher)).body.moments).toHaveLength(
    1,
  );

  await updateAsset(db, "document", deck, { visible_from });
  expect(await pagesOf(student)).toEqual([]);
  const { documents } = (await read(`/api/lectures/${lecture}/slides`)).body;
  expect(documents.map((one: { document_id: string }) => one.document_id)).not.toContain(deck);

  await updateAsset(db, "document", deck, { visible_from: null });
  await updateAsset(db, "lecture", lecture, { visible_from });
  expect((await read(`/api/documents/${deck}/pages/1/moments`)).body.moments).toEqual([]);
  expect((await read(`/api/lectures/${lecture}/timeline`)).status).toBe(404);
});
