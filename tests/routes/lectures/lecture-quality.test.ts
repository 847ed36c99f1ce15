import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { updateAsset } from "../../../src/db/access/releases";
import { openGuardedApp } from "../../support/access";
import { createCourse } from "../../support/factories";
import { alignDue, insertDeck, insertTalk, makeDeck, speakAbout } from "../../support/talks";

setDefaultTimeout(60_000);

const guarded = await openGuardedApp();
afterAll(() => guarded[Symbol.asyncDispose]());
const { db, createKey, call } = guarded;
const teacher = await createKey({ scopes: ["ingest", "read"] });
const student = await createKey({ scopes: ["read"] });

const read = async (lecture: string, key = student) => {
  const response = await call("GET", `/api/lectures/${lecture}/quality`, key);
  return { status: response.status, body: await response.json() };
};

/** Three pages of a minute each, then a minute of silence and a fast sentence with a rare word. */
async function makeTalk() {
  const course_id = await createCourse(db);
  const deck = await insertDeck(db, course_id, makeDeck(3));
  const speech = speakAbout([
    [1, 60],
    [2, 60],
    [3, 60],
  ]);
  const last = { start_ms: 240_000, end_ms: 241_000, text: "Zwicky and Zwicky observed galaxies" };
  const lecture = await insertTalk(db, course_id, [...speech, last]);
  await alignDue(db);
  return { deck, lecture };
}

test("the report lists gaps, unknown words, speed and fast captions", async () => {
  const { lecture } = await makeTalk();

  const { status, body } = await read(lecture);

  expect(status).toBe(200);
  expect(body).toMatchObject({
    lecture_id: lecture,
    totals: {
      duration_ms: 241_000,
      spoken_ms: 181_000,
      silent_ms: 60_000,
      words: 365,
      words_per_minute: 121,
      captions: 37,
    },
    gaps: [{ start_ms: 180_000, end_ms: 240_000 }],
  });
  expect(body.totals.low_confidence_ms).toBeNumber();
  expect(body.unknown_terms[0]).toEqual({
    term: "Zwicky",
    count: 2,
    start_ms: 240_000,
    suggestion: null,
  });
  expect(body.reading_speed.stretches).toHaveLength(1);
  expect(body.reading_speed.fast_captions[0]).toMatchObject({
    start_ms: 240_000,
    characters_per_second: 35,
  });
  expect((await read(crypto.randomUUID())).status).toBe(404);
});

test("students get nothing of the speech over a hidden page, and it is no gap", async () => {
  const { deck, lecture } = await makeTalk();
  const page_releases = [{ page_from: 2, page_to: 2, visible_from: "2099-01-01T00:00:00Z" }];
  await updateAsset(db, "document", deck, { page_releases });

  const seen = (await read(lecture)).body;
  const all = (await read(lecture, teacher)).body;

  expect(all.totals.captions).toBe(37);
  expect(seen.totals.captions).toBe(25);
  expect(seen.gaps).toEqual(all.gaps);
  const inHidden = ({ start_ms }: { start_ms: number }) => start_ms >= 60_000 && start_ms < 120_000;
  for (const list of [seen.low_confidence, seen.unknown_terms, seen.reading_speed.fast_captions])
    expect(list.filter(inHidden)).toEqual([]);
  expect(all.reading_speed.fast_captions.filter(inHidden)).not.toEqual([]);
});

test("a lecture without slides has no unknown terms, and one without a transcript has no report", async () => {
  const course_id = await createCourse(db);
  const lecture = await insertTalk(db, course_id, speakAbout([[1, 60]]));
  await alignDue(db);

  const { body } = await read(lecture);
  expect(body).toMatchObject({ unknown_terms: [], low_confidence: [] });
  expect(body.totals.low_confidence_ms).toBeNull();

  await db`delete from lecture_transcripts where lecture_id = ${lecture}`;
  expect((await read(lecture)).body.code).toBe("transcript_not_ready");
});
