import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { updateAsset } from "../../../src/db/access/releases";
import { openGuardedApp } from "../../support/access";
import { createCourse } from "../../support/factories";
import { alignDue, insertDeck, insertTalk, makeDeck, speakAbout } from "../../support/talks";

setDefaultTimeout(60_000);

const guarded = await openGuardedApp();
afterAll(() => guarded[Symbol.asyncDispose]());
const { db, createKey, call, postJson } = guarded;
const teacher = await createKey({ scopes: ["ingest", "read"] });
const student = await createKey({ scopes: ["read"] });
const LATER = "2099-01-01T00:00:00Z";

const get = (lecture: string, key = student, query = "") =>
  call("GET", `/api/lectures/${lecture}/chapters${query}`, key);
const chaptersOf = async (lecture: string, key = student) =>
  (await (await get(lecture, key)).json()).items.map(
    ({ title, start_ms, end_ms }: { title: string; start_ms: number; end_ms: number }) => [
      title,
      start_ms / 1_000,
      end_ms / 1_000,
    ],
  );

test("chapters have the titles of the slides, as JSON and as WebVTT", async () => {
  const course_id = await createCourse(db);
  const pages = makeDeck(3);
  const titles = ["Heaps & <trees>: I (1/2)", "Heaps & <trees>: I (2/2)", "Hashing"];
  const deck = await insertDeck(
    db,
    course_id,
    pages.map(({ text }, i) => ({ title: titles[i]!, text })),
  );
  const lecture = await insertTalk(
    db,
    course_id,
    speakAbout([
      [1, 60],
      [2, 60],
      [3, 60],
    ]),
  );
  await alignDue(db);

  const response = await get(lecture);
  expect(response.status).toBe(200);
  const { items } = await response.json();
  expect(items).toMatchObject([
    { title: "Heaps & <trees>: I", start_ms: 0, end_ms: 120_000, document_id: deck },
    { title: "Hashing", start_ms: 120_000, end_ms: 180_000, page_number: 3 },
  ]);
  expect(items[0].confidence).toBeGreaterThan(0.1);

  const vtt = await get(lecture, student, "?format=vtt");
  expect(vtt.headers.get("content-type")).toBe("text/vtt; charset=utf-8");
  expect(await vtt.text()).toBe(
    "WEBVTT\n\n00:00:00.000 --> 00:02:00.000\nHeaps &amp; &lt;trees&gt;: I\n\n" +
      "00:02:00.000 --> 00:03:00.000\nHashing\n",
  );
  expect((await get(lecture, student, "?format=srt")).status).toBe(422);

  const urls = [`/api/lectures/${lecture}/chapters?format=vtt`];
  const { items: signed } = await (await postJson("/api/signed-urls", { urls }, student)).json();
  expect(await (await call("GET", signed[0].url)).text()).toStartWith("WEBVTT");
  expect((await get(crypto.randomUUID())).status).toBe(404);
});

test("students get no title of a hidden page or deck", async () => {
  const course_id = await createCourse(db);
  const pages = makeDeck(3);
  const deck = await insertDeck(db, course_id, pages);
  const speech = speakAbout([
    [1, 60],
    [2, 60],
    [3, 60],
  ]);
  const lecture = await insertTalk(db, course_id, speech);
  await alignDue(db);
  const [first, second, third] = pages.map(({ title }) => title);
  const page_releases = [{ page_from: 2, page_to: 2, visible_from: LATER }];
  await updateAsset(db, "document", deck, { page_releases });

  expect(await chaptersOf(lecture, teacher)).toEqual([
    [first, 0, 60],
    [second, 60, 120],
    [third, 120, 180],
  ]);
  expect(await chaptersOf(lecture)).toEqual([
    [first, 0, 120],
    [third, 120, 180],
  ]);

  await updateAsset(db, "document", deck, { visible_from: LATER });
  expect(await chaptersOf(lecture)).toEqual([]);
});

test("without a confident timeline, chapters are the titles of the recording, or none", async () => {
  const course_id = await createCourse(db);
  const speech = speakAbout([[1, 120]], 1);
  const stated = await insertTalk(db, course_id, speech, [
    { time_ms: 0, caption: "Heaps" },
    { time_ms: 60_000, caption: "Secret" },
  ]);
  const silent = await insertTalk(db, course_id, speech);
  const secret = await insertDeck(db, course_id, [{ title: "Secret", text: "Secret\nplans" }]);
  await updateAsset(db, "document", secret, { visible_from: LATER });

  expect(await chaptersOf(stated, teacher)).toEqual([
    ["Heaps", 0, 60],
    ["Secret", 60, 120],
  ]);
  expect(await chaptersOf(stated)).toEqual([["Heaps", 0, 120]]);
  expect(await chaptersOf(silent)).toEqual([]);
  expect(await (await get(silent, student, "?format=vtt")).text()).toBe("WEBVTT\n");
});
