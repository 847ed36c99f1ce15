/** The words of slides, kept in memory: one question compares up to 150 slides, and users ask about the same ones. */
import { readSlideTexts } from "../db/chunks/passages";
import type { Sql } from "../db/client";
import { keepRecent } from "./keep-recent";
import { type SlideWords, toSlideWords } from "./near-duplicates";

/** Slides in memory, of all courses: about 10 KB each. */
const MAX_CACHED = 2_000;

/**
 * Cached slides of each database. The content of a chunk never changes: other content is another chunk, while a new
 * reading of a page can change the title of the same chunk, so titles come with each search.
 */
const caches = new WeakMap<Sql, Map<string, SlideWords>>();

/** The words of slide chunks by chunk id. Only chunks that are not in memory are read; deleted ones are missing. */
export async function readSlideWords(
  db: Sql,
  chunk_ids: readonly string[],
): Promise<Map<string, SlideWords>> {
  const cache = caches.get(db) ?? new Map<string, SlideWords>();
  caches.set(db, cache);

  const missing = chunk_ids.filter((chunk_id) => !cache.has(chunk_id));
  const slides = new Map(
    chunk_ids.flatMap((chunk_id) => {
      const known = cache.get(chunk_id);
      return known ? [[chunk_id, known] as const] : [];
    }),
  );
  const read = missing.length === 0 ? [] : await readSlideTexts(db, missing);
  for (const { chunk_id, ...text } of read) slides.set(chunk_id, toSlideWords(text));
  for (const [chunk_id, slide] of slides) keepRecent(cache, chunk_id, slide, MAX_CACHED);
  return slides;
}
