import { beforeAll, describe, expect, test } from "bun:test";
import type { CheckedCitation } from "../../../src/chat/citations/check";
import { locateCitations } from "../../../src/chat/citations/locate";
import { SEES_ALL } from "../../../src/principal";
import { createStudiedCourse } from "../../support/chat";
import { withDatabase } from "../../support/database";

const db = await withDatabase();
const { course_id, document_id, lecture_id } = await createStudiedCourse(db);

const segment = (start_s: number, end_s: number, text: string) => ({
  start_ms: start_s * 1_000,
  end_ms: end_s * 1_000,
  text,
});
const SEGMENTS = [
  segment(50, 61, "This was before."),
  segment(61, 68, "Claude Shannon named it entropy in 1948."),
  segment(68, 80, "A fair coin has"),
  segment(80, 84, "one bit of it."),
  segment(90, 99, "Compression cannot go below."),
];
const PAGES = ["Coins are fair.", "Dice have six sides.", "A die has more entropy."];

beforeAll(async () => {
  await db`
    insert into lecture_transcripts (lecture_id, transcript_text, word_segments, token_count, provider)
    values (${lecture_id}, '', ${db.json({ segments: SEGMENTS, words: [] })}, 1, 'test')`;
  await db`
    insert into slide_chunks ${db(
      PAGES.map((content, i) => ({
        document_id,
        course_id,
        chunk_index: i + 1,
        content,
        page_number: i + 11,
        page_end: i + 11,
      })),
    )}`;
});

const common = { chunk_id: crypto.randomUUID(), title: null };
const spoken = (number: number, quote: string): CheckedCitation => ({
  ...{ ...common, number, source: "lectures", asset_id: lecture_id, quote },
  start_ms: 61_000,
  end_ms: 99_000,
  url: "https://uni.example/Viewer.aspx?id=1&start=61",
});
const shown = (number: number): CheckedCitation & { page_end: number } => ({
  ...{ ...common, number, source: "slides", asset_id: document_id, quote: PAGES.join(" ") },
  page_number: 11,
  page_end: 13,
  url: `/api/documents/${document_id}/file#page=11`,
});
const SPEECH = SEGMENTS.slice(1)
  .map(({ text }) => text)
  .join(" ");

describe("locateCitations", () => {
  test("finds the page and its label in the quoted version of a replaced deck", async () => {
    const sha256 = "a".repeat(64);
    const [version] = await db<{ id: string }[]>`
      insert into document_versions (document_id, file_id, filename, storage_url, size_bytes, sha256,
                                     replaced_at)
      values (${document_id}, gen_random_uuid(), 'old.pdf', 'old', 1, ${sha256}, now()) returning id`;
    await db`
      insert into version_descriptions ${db(
        [...PAGES].reverse().map((text, i) => ({
          version_id: version!.id,
          page_number: i + 11,
          raw_description: text,
          normalized_description: text,
          described_by: "text",
          metadata: { label: `old ${i + 1}` },
        })),
      )}`;
    const answer = "A die “has more entropy” [1].";

    const [old] = await locateCitations(db, SEES_ALL, answer, [{ ...shown(1), sha256 }]);
    const [current] = await locateCitations(db, SEES_ALL, answer, [shown(1)]);

    expect(old).toMatchObject({ page_number: 11, page_label: "old 1" });
    expect(current).toMatchObject({ page_number: 13 });
    expect(current).not.toHaveProperty("page_label");
  });

  test("opens a lecture at the second of the quoted sentence", async () => {
    const answer = "It is “one bit of it” [1], and no program can “go below” [2].";
    const pointed = await locateCitations(db, SEES_ALL, answer, [
      spoken(1, SPEECH),
      spoken(2, SPEECH),
    ]);

    expect(pointed).toMatchObject([
      {
        quote: "A fair coin has one bit of it.",
        start_ms: 68_000,
        end_ms: 84_000,
        url: "https://uni.example/Viewer.aspx?id=1&start=68",
      },
      { quote: "Compression cannot go below.", start_ms: 90_000, end_ms: 99_000 },
    ]);
  });

  test("opens a document at the page of the words, not at the first one of the passage", async () => {
    const answer = "“A die has more entropy” [3]. Dice have sides: six [4].";
    const [die, dice] = await locateCitations(db, SEES_ALL, answer, [shown(3), shown(4)]);

    expect(die).toMatchObject({ quote: PAGES[2], page_number: 13 });
    expect(die!.url).toEndWith("#page=13");
    expect(die).not.toHaveProperty("page_end");
    expect(dice).toMatchObject({ quote: PAGES[1], page_number: 12 });
  });

  test("leads to the first of several statements", async () => {
    const answer = "Coins are fair [3]. A die has more entropy [3].";
    const pointed = await locateCitations(db, SEES_ALL, answer, [shown(3)]);

    expect(pointed).toMatchObject([{ page_number: 11 }]);
  });

  test("takes speech without punctuation by its segments", async () => {
    const words = "and so on we go along the river without any end";
    const segments = Array.from({ length: 12 }, (_, i) => segment(i * 10, i * 10 + 10, words));
    segments[7]!.text = "the valve is made of brass and so on";
    await db`update lecture_transcripts set word_segments = ${db.json({ segments, words: [] })}
             where lecture_id = ${lecture_id}`;
    const all = segments.map(({ text }) => text).join(" ");
    const passage = { ...spoken(1, all), start_ms: 0, end_ms: 120_000 };
    const pointed = await locateCitations(db, SEES_ALL, "The valve is brass [1].", [passage]);

    expect(pointed).toMatchObject([{ quote: segments[7]!.text, start_ms: 70_000, end_ms: 80_000 }]);
  });

  test("keeps the passage of words that are found nowhere", async () => {
    const passages = [shown(3), { ...spoken(1, SPEECH), asset_id: crypto.randomUUID() }];
    const answer = "Ganz etwas anderes [3]. “one bit of it” [1]";

    expect(await locateCitations(db, SEES_ALL, answer, passages)).toEqual(passages);
  });
});
