/**
 * Writes a generated course as labelled lectures, for `./lectern eval --alignment` and `--enrichment`:
 *
 *   bun bench/timeline-course.ts FOLDER [lectures]
 *
 * Slides and speech use different words for one topic, as lecturers do: each page has terms that are only
 * written, terms that are only spoken, and some that are both. All pages share a vocabulary of common words.
 * Slides return, and speech sometimes leaves the slides. The same seed gives the same course.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { seeded } from "../src/retrieval/ranking-metrics";

const PAGES = 20;
const WRITTEN_ONLY = 6;
const SPOKEN_ONLY = 8;
const SHARED = 4;
const COMMON = 400;
const SENTENCE_MS = 5_000;
const SYLLABLES = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "ve"];

const random = seeded(13);
const below = (limit: number) => Math.floor(random() * limit);
const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
const word = () =>
  `${times(2 + below(2), () => pick(SYLLABLES)).join("")}${pick(["n", "r", "k", "m"])}`;

const common = times(COMMON, word);
/** Frequent words are much more frequent, as in language. */
const commonWord = () => common[Math.floor(COMMON * random() ** 3)]!;

/** A page's terms: some of them also belong to the topic of the whole lecture. */
function makePage(topic: readonly string[]) {
  const written = times(WRITTEN_ONLY, word);
  const shared = [...times(SHARED - 1, word), pick(topic)];
  const title = [written[0]!, written[1]!, pick(topic)].join(" ");
  const bullets = times(4, () =>
    [pick(written), commonWord(), pick(shared), commonWord()].join(" "),
  );
  return { text: [title, ...bullets].join("\n"), spoken: [...times(SPOKEN_ONLY, word), ...shared] };
}

function makeLecture() {
  const topic = times(12, word);
  const pages = times(PAGES, () => makePage(topic));
  const visits = pages.flatMap((_, page) =>
    random() < 0.15 && page > 2 ? [below(page), page] : [page],
  );
  const sentences = visits.flatMap((page) => times(6 + below(24), () => page));
  return {
    pages: pages.map(({ text }, i) => ({ page_number: i + 1, text })),
    segments: sentences.map((page, i) => {
      const { spoken } = random() < 0.1 ? pick(pages) : pages[page]!;
      const words = times(12, () => (random() < 0.2 ? pick(spoken) : commonWord()));
      const start_ms = i * SENTENCE_MS;
      return { start_ms, end_ms: start_ms + SENTENCE_MS, text: `${words.join(" ")}.` };
    }),
    labels: sentences.map((page, i) => ({ end_ms: (i + 1) * SENTENCE_MS, page: page + 1 })),
  };
}

const [folder, lectures = "6"] = process.argv.slice(2);
if (!folder) {
  console.error("Usage: bun bench/timeline-course.ts FOLDER [lectures]");
  process.exit(2);
}
await mkdir(folder, { recursive: true });
for (let i = 1; i <= Number(lectures); i++) {
  await Bun.write(join(folder, `lecture-${i}.json`), JSON.stringify(makeLecture()));
}
console.log(`${lectures} lectures in ${folder}`);
