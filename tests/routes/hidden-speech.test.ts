import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { updateAsset } from "../../src/db/access/releases";
import { assignSlides } from "../../src/db/alignment/slide-assignments";
import { readTranscriptChunks } from "../../src/db/chat/chat-reads";
import { withholdHidden } from "../../src/db/chat/withheld-citations";
import { toViewer } from "../../src/principal";
import { openGuardedApp } from "../support/access";
import { createCourse } from "../support/factories";
import {
  alignDue,
  insertChunks,
  insertDeck,
  insertTalk,
  makeDeck,
  speakAbout,
} from "../support/talks";

setDefaultTimeout(60_000);

const guarded = await openGuardedApp();
afterAll(() => guarded[Symbol.asyncDispose]());
const { db, createKey, call, postJson } = guarded;
const teacher = await createKey({ scopes: ["ingest", "read"] });
const student = await createKey({ scopes: ["read"] });
const otherCourse = await createCourse(db);
const LATER = "2099-01-01T00:00:00Z";
const STUDENT = toViewer({ kind: "user", user_id: crypto.randomUUID(), scopes: ["read"] } as never);

const pages = makeDeck(3);
const text = async (path: string, key: string) => (await call("GET", path, key)).text();

/** A talk about three pages of a minute each; the second page is hidden. */
async function makeCourse() {
  const course_id = await createCourse(db);
  const deck = await insertDeck(db, course_id, pages);
  const segments = speakAbout([
    [2, 60],
    [1, 60],
    [3, 60],
  ]);
  const lecture = await insertTalk(db, course_id, segments, [
    { time_ms: 0, caption: "A secret title" },
    { time_ms: 60_000, caption: "Another video" },
  ]);
  await insertChunks(db, course_id, lecture, segments, 60_000);
  await alignDue(db);
  await hide(deck, LATER);
  return { course_id, deck, lecture };
}
const hide = (deck: string, visible_from: string) =>
  updateAsset(db, "document", deck, {
    page_releases: [{ page_from: 2, page_to: 2, visible_from }],
  });
const isSecretIn = (answer: string) => answer.includes(pages[1]!.title);
const isPublicIn = (answer: string) => answer.includes(pages[0]!.title);
/** Searches the course alone, and as one of several: both hide the same. */
const searchSpeech = async (course_id: string, key: string, page: number) => {
  const asked = { query: pages[page - 1]!.title, mode: "text", sources: ["lectures"] };
  const found = [
    await postJson("/api/retrieval/query", { course_id, ...asked }, key),
    await postJson("/api/search", { course_ids: [course_id, otherCourse], ...asked }, key),
  ];
  return (await Promise.all(found.map((response) => response.text()))).join("\n");
};

test("students find and read no speech over a hidden page until it is released", async () => {
  const { course_id, deck, lecture } = await makeCourse();
  const transcript = `/api/lectures/${lecture}/transcript`;
  const paths = [
    `${transcript}?segments=true&words=true`,
    `${transcript}?format=txt`,
    `${transcript}?format=vtt`,
    `${transcript}?format=srt`,
    `${transcript}/view`,
  ];

  for (const path of paths) {
    const seen = await text(path, student);
    expect([path, isSecretIn(seen), isPublicIn(seen)]).toEqual([path, false, true]);
    expect([path, isSecretIn(await text(path, teacher))]).toEqual([path, true]);
    expect([
      path,
      isSecretIn(await text(`${path}${path.includes("?") ? "&" : "?"}as=student`, teacher)),
    ]).toEqual([path, false]);
  }
  expect(isSecretIn(await searchSpeech(course_id, student, 2))).toBe(false);
  expect(isPublicIn(await searchSpeech(course_id, student, 1))).toBe(true);
  expect(isSecretIn(await searchSpeech(course_id, teacher, 2))).toBe(true);

  await hide(deck, "2020-01-01T00:00:00Z");
  for (const path of paths)
    expect([path, isSecretIn(await text(path, student))]).toEqual([path, true]);
  expect(isSecretIn(await searchSpeech(course_id, student, 2))).toBe(true);
});

test("the transcript as a resource of MCP has no speech over a hidden page", async () => {
  const { lecture } = await makeCourse();
  const read = async (key: string) => {
    const params = { uri: `lectern://lectures/${lecture}/transcript` };
    const message = { jsonrpc: "2.0", id: 1, method: "resources/read", params };
    const accept = "application/json, text/event-stream";
    return (await postJson("/mcp", message, key, { accept })).text();
  };

  expect(isSecretIn(await read(student))).toBe(false);
  expect(isPublicIn(await read(student))).toBe(true);
  expect(isSecretIn(await read(teacher))).toBe(true);
});

test("the details of a lecture have no start and no slide titles over a hidden page", async () => {
  const { lecture } = await makeCourse();
  const path = `/api/lectures/${lecture}`;

  const seen = await (await call("GET", path, student)).json();
  expect(isSecretIn(seen.excerpt)).toBe(false);
  expect(isPublicIn(seen.excerpt)).toBe(true);
  expect(seen.slide_changes).toEqual([{ time_ms: 60_000, caption: "Another video" }]);
  const all = await (await call("GET", path, teacher)).json();
  expect(isSecretIn(all.excerpt)).toBe(true);
  expect(all.slide_changes).toHaveLength(2);
});

test("the agent reads no speech over a hidden page, and old citations of it are withheld", async () => {
  const { course_id, lecture } = await makeCourse();
  const span = { lecture_id: lecture, start_ms: 0, end_ms: 180_000 };

  const chunks = await readTranscriptChunks(db, { course_id, viewer: STUDENT }, span, 10);
  expect(chunks.map(({ start_ms }) => start_ms)).toEqual([60_000, 120_000]);

  const citations = [
    { asset_id: lecture, start_ms: 10_000, end_ms: 20_000, quote: "secret", url: "/x" },
    { asset_id: lecture, start_ms: 70_000, end_ms: 80_000, quote: "public", url: "/x" },
  ];
  const [message] = await withholdHidden(db, STUDENT, [{ metadata: { citations } }]);
  expect(message!.metadata.citations).toMatchObject([
    { withheld: true, url: null },
    { quote: "public", url: "/x" },
  ]);
});

test("speech over an unreleased deck is hidden, and speech over an uncertain page is not", async () => {
  const { course_id, deck, lecture } = await makeCourse();
  await updateAsset(db, "document", deck, { page_releases: [], visible_from: LATER });
  expect(isPublicIn(await searchSpeech(course_id, student, 1))).toBe(false);
  expect(isPublicIn(await text(`/api/lectures/${lecture}/transcript`, student))).toBe(false);

  // A deck about something else: its spans have no confidence.
  const other = await insertDeck(db, course_id, makeDeck(3, 1));
  await assignSlides(db, lecture, [other]);
  await alignDue(db);
  await updateAsset(db, "document", other, { visible_from: LATER });
  expect(isPublicIn(await searchSpeech(course_id, student, 1))).toBe(true);
});
