import { alignNextLecture } from "../../src/alignment/align-lecture";
import type { Sql } from "../../src/db/client";
import type { SlideChange } from "../../src/db/lectures";
import { requestTranscriptLecture } from "../../src/db/transcripts";
import { silentLog } from "./factories";

/** [page, seconds]: one visit of a page. */
export type Visit = [page: number, seconds: number];
export type TalkSegment = { start_ms: number; end_ms: number; text: string };
export type DeckText = { title: string; text: string };

const SENTENCE_MS = 5_000;
const WORDS_PER_PAGE = 15;
const WORDS_PER_SENTENCE = 10;
const SYLLABLES = ["ka", "lo", "mi", "ru", "te", "vo", "za", "ne", "pi", "du"];

/** A word that no other number gives, and that no stemmer changes. */
const wordOf = (n: number): string =>
  `q${String(n)
    .padStart(4, "0")
    .split("")
    .map((digit) => SYLLABLES[Number(digit)])
    .join("")}q`;

const pageWord = (deck: number, page: number, word: number) =>
  wordOf(deck * 2_000 + page * WORDS_PER_PAGE + word);

/** Pages that share no word with each other or with another deck. */
export const makeDeck = (pages: number, deck = 0): DeckText[] =>
  Array.from({ length: pages }, (_, i) => ({
    title: pageWord(deck, i + 1, 0),
    text: Array.from({ length: WORDS_PER_PAGE }, (_, word) => pageWord(deck, i + 1, word)).join(
      " ",
    ),
  }));

/** Speech about the visited pages, in sentences of five seconds or less. */
export function speakAbout(visits: readonly Visit[], deck = 0, from_ms = 0): TalkSegment[] {
  const segments: TalkSegment[] = [];
  let now = from_ms;
  let spoken = 0;
  for (const [page, seconds] of visits) {
    const end = now + seconds * 1_000;
    while (now < end) {
      const end_ms = Math.min(end, now + SENTENCE_MS);
      const words = Array.from({ length: WORDS_PER_SENTENCE }, () =>
        pageWord(deck, page, spoken++ % WORDS_PER_PAGE),
      );
      segments.push({ start_ms: now, end_ms, text: `${words.join(" ")}.` });
      now = end_ms;
    }
  }
  return segments;
}

/** A complete document with these pages, as its job leaves it. */
export async function insertDeck(
  db: Sql,
  course_id: string,
  pages: readonly DeckText[],
  { filename = "deck.pdf", owner_id = null as string | null } = {},
): Promise<string> {
  const id = crypto.randomUUID();
  const sha256 = new Bun.CryptoHasher("sha256").update(id).digest("hex");
  await db`
    insert into documents (id, course_id, filename, storage_url, size_bytes, sha256, page_count, status,
                           owner_id)
    values (${id}, ${course_id}, ${filename}, 'documents/x.pdf', 1, ${sha256}, ${pages.length},
            'embedding', ${owner_id})`;
  for (const [i, { title, text }] of pages.entries()) {
    await db`
      insert into slide_descriptions (document_id, page_number, raw_description,
                                      normalized_description, described_by, metadata)
      values (${id}, ${i + 1}, ${text}, ${text}, 'text', ${db.json({ title })})`;
    await db`
      insert into slide_chunks (document_id, course_id, chunk_index, page_number, page_end, content)
      values (${id}, ${course_id}, ${i}, ${i + 1}, ${i + 1}, ${text})`;
  }
  await db`update documents set status = 'completed' where id = ${id}`;
  return id;
}

/** A complete lecture with this speech, as its job leaves it, but without chunks. */
export async function insertTalk(
  db: Sql,
  course_id: string,
  segments: readonly TalkSegment[],
  slide_changes: readonly SlideChange[] = [],
): Promise<string> {
  const { lecture_id } = await requestTranscriptLecture(
    db,
    { course_id, title: "A talk", media_url: null, owner_id: null },
    {
      transcript_text: segments.map(({ text }) => text).join("\n"),
      word_segments: JSON.stringify({ segments, words: [] }),
      language_code: "en",
      token_count: 1,
      provider: "import",
    },
    [],
  );
  await db`
    update lectures set status = 'completed', slide_changes = ${db.json(slide_changes as never)}
    where id = ${lecture_id}`;
  return lecture_id;
}

/** Aligns all lectures that are due. */
export async function alignDue(db: Sql): Promise<number> {
  let aligned = 0;
  while (await alignNextLecture({ db, log: silentLog }, new AbortController().signal)) aligned += 1;
  return aligned;
}

/** One chunk for each stretch of `chunk_ms` of the speech, as the job of a lecture makes them. */
export async function insertChunks(
  db: Sql,
  course_id: string,
  lecture_id: string,
  segments: readonly TalkSegment[],
  chunk_ms: number,
): Promise<void> {
  const groups = Map.groupBy(segments, ({ start_ms }) => Math.floor(start_ms / chunk_ms));
  for (const [i, group] of groups) {
    const content = group.map(({ text }) => text).join(" ");
    await db`
      insert into lecture_chunks (lecture_id, course_id, chunk_index, start_ms, end_ms, content)
      values (${lecture_id}, ${course_id}, ${i}, ${group[0]!.start_ms}, ${group.at(-1)!.end_ms},
              ${content})`;
  }
}
