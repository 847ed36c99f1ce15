import { expect, setDefaultTimeout, test } from "bun:test";
import { alignNextLecture } from "../../src/alignment/align-lecture";
import { CONFIDENT } from "../../src/db/alignment/confidence";
import { claimAlignment, isAlignmentDue } from "../../src/db/alignment/due-alignments";
import { assignSlides, listLectureDecks } from "../../src/db/alignment/slide-assignments";
import { listSlideSpans, saveAlignment } from "../../src/db/alignment/slide-spans";
import { deleteAsset } from "../../src/db/assets";
import { SEES_ALL } from "../../src/principal";
import { withDatabase } from "../support/database";
import { createCourse, silentLog } from "../support/factories";
import {
  alignDue,
  type DeckText,
  insertDeck,
  insertTalk,
  makeDeck,
  speakAbout,
  type Visit,
} from "../support/talks";

setDefaultTimeout(60_000);

const db = await withDatabase();
const NEVER = new AbortController().signal;

const spansOf = (lecture_id: string) => listSlideSpans(db, lecture_id, SEES_ALL);
const visitsOf = async (lecture_id: string) =>
  (await spansOf(lecture_id)).map(({ page_number, start_ms, end_ms }) => [
    page_number,
    (end_ms - start_ms) / 1_000,
  ]);
const decksOf = async (lecture_id: string) => [
  ...new Set((await spansOf(lecture_id)).map(({ document_id }) => document_id)),
];

const VISITS: Visit[] = [
  [1, 60],
  [2, 60],
  [4, 60],
  [2, 40],
  [5, 60],
];

test("a lecture is aligned with the deck of its course that it speaks about", async () => {
  const course_id = await createCourse(db);
  await insertDeck(db, course_id, makeDeck(6, 1));
  const own = await insertDeck(db, course_id, makeDeck(5));
  const lecture = await insertTalk(db, course_id, speakAbout(VISITS));

  await alignDue(db);

  expect(await visitsOf(lecture)).toEqual(VISITS);
  const spans = await spansOf(lecture);
  for (const span of spans) {
    expect(span).toMatchObject({ document_id: own, source: "speech" });
    expect(span.confidence).toBeGreaterThanOrEqual(CONFIDENT);
  }
  expect(await isAlignmentDue(db, lecture)).toBe(false);
});

test("a deck that is completed, described again or deleted changes the spans", async () => {
  const course_id = await createCourse(db);
  const lecture = await insertTalk(db, course_id, speakAbout(VISITS));
  await alignDue(db);
  expect(await spansOf(lecture)).toEqual([]);

  const deck = await insertDeck(db, course_id, makeDeck(5));
  expect(await isAlignmentDue(db, lecture)).toBe(true);
  await alignDue(db);
  expect(await visitsOf(lecture)).toEqual(VISITS);

  // Described again: pages 1 and 2 change places.
  for (const status of ["uploaded", "described", "embedding"]) {
    await db`update documents set status = ${status} where id = ${deck}`;
  }
  await db`
    update slide_descriptions s set normalized_description = o.normalized_description
    from slide_descriptions o
    where s.document_id = ${deck} and o.document_id = ${deck} and s.page_number <= 2
      and o.page_number = 3 - s.page_number`;
  await db`update documents set status = 'completed' where id = ${deck}`;
  await alignDue(db);
  expect((await visitsOf(lecture)).map(([page]) => page)).toEqual([2, 1, 4, 1, 5]);

  await deleteAsset(db, "document", deck);
  expect(await spansOf(lecture)).toEqual([]);
  await alignDue(db);
  const [{ n } = { n: -1 }] = await db<{ n: number }[]>`
    select count(*)::int as n from slide_spans where lecture_id = ${lecture}`;
  expect(n).toBe(0);
});

test("a transcript that is replaced or corrected changes the spans", async () => {
  const course_id = await createCourse(db);
  await insertDeck(db, course_id, makeDeck(5));
  const lecture = await insertTalk(db, course_id, speakAbout([[1, 60]]));
  await alignDue(db);
  expect(await visitsOf(lecture)).toEqual([[1, 60]]);

  const segments = speakAbout([
    [3, 30],
    [1, 30],
  ]);
  await db`
    update lecture_transcripts set word_segments = ${db.json({ segments, words: [] })}
    where lecture_id = ${lecture}`;
  await alignDue(db);

  expect(await visitsOf(lecture)).toEqual([
    [3, 30],
    [1, 30],
  ]);
});

test("a lecture can show two decks, and a deck can belong to two lectures", async () => {
  const course_id = await createCourse(db);
  const first = await insertDeck(db, course_id, makeDeck(4, 1));
  const second = await insertDeck(db, course_id, makeDeck(6, 2));
  await insertDeck(db, course_id, makeDeck(6, 3));
  const early: Visit[] = [
    [1, 60],
    [2, 60],
    [4, 60],
  ];
  const late: Visit[] = [
    [4, 60],
    [6, 60],
  ];
  // The second deck comes first.
  const speech = speakAbout(
    [
      [1, 60],
      [2, 60],
      [3, 60],
    ],
    2,
  );
  const both = await insertTalk(db, course_id, [
    ...speech,
    ...speakAbout(early, 1, speech.at(-1)!.end_ms),
  ]);
  const rest = await insertTalk(db, course_id, speakAbout(late, 2));

  await alignDue(db);

  expect(await decksOf(both)).toEqual([second, first]);
  expect((await visitsOf(both)).slice(3)).toEqual(early);
  expect(await decksOf(rest)).toEqual([second]);
  expect(await visitsOf(rest)).toEqual(late);
});

const REVISIONS: [string, DeckText[]][] = [
  ["the same deck", makeDeck(5)],
  ["a revision with two more pages at its end", [...makeDeck(5), ...makeDeck(2, 9)]],
  ["a revision with another first page", [...makeDeck(1, 9), ...makeDeck(5)]],
];

test.each(REVISIONS)(
  "a lecture is aligned with one deck where %s was uploaded too",
  async (_, pages) => {
    const course_id = await createCourse(db);
    const decks = [
      await insertDeck(db, course_id, makeDeck(5)),
      await insertDeck(db, course_id, pages),
    ];
    const lecture = await insertTalk(db, course_id, speakAbout(VISITS));
    await alignDue(db);

    const [shown, ...others] = await decksOf(lecture);
    expect(others).toEqual([]);
    const added = pages.length === 6 && shown === decks[1] ? 1 : 0;
    const expected = VISITS.map(([page, seconds]) => [page + added, seconds]);
    expect(await visitsOf(lecture)).toEqual(expected);
    for (const { confidence } of await spansOf(lecture)) {
      expect(confidence).toBeGreaterThanOrEqual(CONFIDENT);
    }

    await assignSlides(db, lecture, decks);
    await alignDue(db);
    expect(await decksOf(lecture)).toEqual([decks[0]!]);
  },
);

test("an assignment decides, and null returns to the suggestion", async () => {
  const course_id = await createCourse(db);
  const own = await insertDeck(db, course_id, makeDeck(5));
  const other = await insertDeck(db, course_id, makeDeck(5, 1));
  const lecture = await insertTalk(db, course_id, speakAbout(VISITS));
  await alignDue(db);
  expect(await decksOf(lecture)).toEqual([own]);

  await assignSlides(db, lecture, [other]);
  await alignDue(db);
  expect(await decksOf(lecture)).toEqual([other]);
  const spans = await spansOf(lecture);
  expect(spans.every(({ confidence }) => confidence < CONFIDENT)).toBe(true);

  await assignSlides(db, lecture, []);
  await alignDue(db);
  expect(await spansOf(lecture)).toEqual([]);

  await assignSlides(db, lecture, null);
  await alignDue(db);
  expect(await decksOf(lecture)).toEqual([own]);
});

test("slide changes of the recording precede the words, and words fill the rest", async () => {
  const course_id = await createCourse(db);
  const pages = makeDeck(5);
  await insertDeck(db, course_id, pages);
  const lecture = await insertTalk(
    db,
    course_id,
    speakAbout([
      [1, 60],
      [2, 60],
      [3, 60],
    ]),
    // The speaker is still on page 1 when page 4 is shown; nothing is known from 100 s on.
    [
      { time_ms: 50_000, caption: pages[3]!.title },
      { time_ms: 80_000, caption: pages[1]!.title.toUpperCase() },
      { time_ms: 100_000, caption: "A video" },
    ],
  );
  await alignDue(db);

  const spans = await spansOf(lecture);
  expect(
    spans.map(({ page_number, start_ms, end_ms, source }) => [
      page_number,
      start_ms,
      end_ms,
      source,
    ]),
  ).toEqual([
    [1, 0, 50_000, "speech"],
    [4, 50_000, 80_000, "panopto"],
    [2, 80_000, 100_000, "panopto"],
    [2, 100_000, 120_000, "speech"],
    [3, 120_000, 180_000, "speech"],
  ]);
  expect(spans[1]!.confidence).toBe(1);
});

test("a lecture of slide changes alone has spans without a transcript", async () => {
  const course_id = await createCourse(db);
  const pages = makeDeck(3);
  const deck = await insertDeck(db, course_id, pages);
  const lecture = await insertTalk(db, course_id, speakAbout([[1, 60]]), [
    { time_ms: 0, caption: pages[0]!.title },
    { time_ms: 20_000, caption: pages[2]!.title },
  ]);
  await db`delete from lecture_transcripts where lecture_id = ${lecture}`;
  await db`update lectures set audio_duration_seconds = 60 where id = ${lecture}`;

  await alignDue(db);

  expect(await visitsOf(lecture)).toEqual([
    [1, 20],
    [3, 40],
  ]);
  expect(await decksOf(lecture)).toEqual([deck]);
});

test("a personal deck is not suggested for the course's lectures", async () => {
  const course_id = await createCourse(db);
  const [user] = await db<{ id: string }[]>`
    insert into users (issuer, subject) values ('test', ${crypto.randomUUID()}) returning id`;
  await insertDeck(db, course_id, makeDeck(5), { owner_id: user!.id });
  const lecture = await insertTalk(db, course_id, speakAbout(VISITS));
  await alignDue(db);
  expect(await spansOf(lecture)).toEqual([]);
  expect(await listLectureDecks(db, lecture, SEES_ALL)).toEqual([]);

  await db`update lectures set owner_id = ${user!.id} where id = ${lecture}`;
  await alignDue(db);
  expect(await visitsOf(lecture)).toEqual(VISITS);
});

test("a result for an earlier state of the lecture is not stored", async () => {
  const course_id = await createCourse(db);
  const deck = await insertDeck(db, course_id, makeDeck(5));
  const lecture = await insertTalk(db, course_id, speakAbout(VISITS));
  const due = (await claimAlignment(db, 60))!;
  expect(due.lecture_id).toBe(lecture);
  await assignSlides(db, lecture, [deck]);

  const time = { start_ms: 0, end_ms: 1_000, confidence: 1, source: "speech" as const };
  const words = { page_words: "", spoken_words: "" };
  const span = { document_id: deck, page_number: 1, ...time, ...words };
  const saved = await saveAlignment(db, due, [span], []);

  expect(saved).toBe(false);
  expect(await spansOf(lecture)).toEqual([]);
  // It is due again at once, although the claim has not expired.
  await alignDue(db);
  expect(await visitsOf(lecture)).toEqual(VISITS);
});

test("the lecture of a worker that died is aligned when its claim expires", async () => {
  const course_id = await createCourse(db);
  await insertDeck(db, course_id, makeDeck(5));
  const lecture = await insertTalk(db, course_id, speakAbout(VISITS));
  expect((await claimAlignment(db, 0))!.lecture_id).toBe(lecture);

  await alignDue(db);

  expect(await visitsOf(lecture)).toEqual(VISITS);
});

test("a cancelled alignment stores nothing and is due again", async () => {
  const course_id = await createCourse(db);
  await insertDeck(db, course_id, makeDeck(5));
  const lecture = await insertTalk(db, course_id, speakAbout(VISITS));
  const stop = new AbortController();
  stop.abort();

  expect(await alignNextLecture({ db, log: silentLog }, stop.signal)).toBe(true);

  expect(await spansOf(lecture)).toEqual([]);
  await alignDue(db);
  expect(await visitsOf(lecture)).toEqual(VISITS);
});

test("a failure waits longer each time and leaves the lecture as it is", async () => {
  const course_id = await createCourse(db);
  await insertDeck(db, course_id, makeDeck(5));
  const lecture = await insertTalk(db, course_id, speakAbout(VISITS));
  // Segments that no import accepts.
  const broken = { segments: [{ start_ms: "soon", end_ms: {}, text: 7 }], words: [] };
  await db`
    update lecture_transcripts set word_segments = ${db.json(broken)} where lecture_id = ${lecture}`;

  expect(await alignNextLecture({ db, log: silentLog }, NEVER)).toBe(true);
  expect(await alignNextLecture({ db, log: silentLog }, NEVER)).toBe(false);

  const [row] = await db<{ attempts: number; waits: boolean; status: string }[]>`
    select attempts, due_at > clock_timestamp() as waits, l.status
    from due_alignments d join lectures l on l.id = d.lecture_id where l.id = ${lecture}`;
  expect(row).toEqual({ attempts: 1, waits: true, status: "completed" });
  // A new transcript is aligned without that delay.
  await db`
    update lecture_transcripts
    set word_segments = ${db.json({ segments: speakAbout(VISITS), words: [] })}
    where lecture_id = ${lecture}`;
  await alignDue(db);
  expect(await visitsOf(lecture)).toEqual(VISITS);
});

test("repeating an alignment changes nothing and records no event", async () => {
  const course_id = await createCourse(db);
  const deck = await insertDeck(db, course_id, makeDeck(5));
  const lecture = await insertTalk(db, course_id, speakAbout(VISITS));
  const events = async () =>
    (
      await db`select from processing_events where event_type = 'slides_aligned' and asset_id = ${lecture}`
    ).length;
  await alignDue(db);
  const before = await spansOf(lecture);
  expect(await events()).toBe(1);

  await assignSlides(db, lecture, [deck]);
  await alignDue(db);

  expect(await spansOf(lecture)).toEqual(before);
  expect(await events()).toBe(1);
});
