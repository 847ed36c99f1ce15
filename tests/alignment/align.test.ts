import { expect, test } from "bun:test";
import { type AlignmentInput, align, alignInSlices } from "../../src/alignment/align";

/** [page, seconds]: one visit of a page. */
type Visit = [page: number, seconds: number];
type Lecture = AlignmentInput & { sentences: { middle_ms: number; page: number }[] };

const SENTENCE_MS = 5_000;
const WORDS_PER_PAGE = 15;
const WORDS_PER_SENTENCE = 10;

/** A repeatable sequence of numbers from 0 to 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** Speech in which three of ten words belong to no page, over pages that share no word. */
function lecture(pageCount: number, visits: Visit[], seed = 1): Lecture {
  const random = seeded(seed);
  const pages = Array.from({ length: pageCount }, (_, page) =>
    Array.from({ length: WORDS_PER_PAGE }, (_, word) => `page${page + 1}word${word}`),
  );
  const speech: AlignmentInput["speech"][number][] = [];
  const sentences: Lecture["sentences"] = [];
  const segment_starts_ms: number[] = [];
  let now = 0;
  for (const [page, seconds] of visits) {
    const end = now + seconds * 1_000;
    for (; now < end; now = Math.min(end, now + SENTENCE_MS)) {
      const length = Math.min(SENTENCE_MS, end - now);
      segment_starts_ms.push(now);
      sentences.push({ middle_ms: now + length / 2, page });
      for (let i = 0; i < WORDS_PER_SENTENCE; i++) {
        const words = pages[page - 1]!;
        const term =
          random() < 0.3
            ? `filler${Math.floor(random() * 40)}`
            : words[Math.floor(random() * words.length)]!;
        speech.push({ time_ms: now + ((i + 0.5) / WORDS_PER_SENTENCE) * length, term });
      }
    }
  }
  return { pages, speech, segment_starts_ms, sentences, duration_ms: now };
}

function exactShare({ sentences, ...input }: Lecture): number {
  const spans = align(input);
  const right = sentences.filter(({ middle_ms, page }) => {
    const span = spans.find(({ start_ms, end_ms }) => start_ms <= middle_ms && middle_ms < end_ms);
    return span?.page_number === page;
  });
  return right.length / sentences.length;
}

const visitsOf = (visits: Visit[]) =>
  align(lecture(Math.max(...visits.map(([page]) => page)), visits)).map(
    ({ page_number, start_ms, end_ms }) => [page_number, (end_ms - start_ms) / 1_000],
  );

test.each([5, 10, 20, 40])(
  "speech without words of a page keeps the page before it, for %d s",
  (idle) => {
    const [first, second] = [60, 60];
    const { speech, ...input } = lecture(2, [
      [1, first],
      [2, second],
    ]);
    const later = speech.map(({ term, time_ms }) => ({
      term,
      time_ms: time_ms < first * 1_000 ? time_ms : time_ms + idle * 1_000,
    }));
    const segments = Array.from({ length: (first + second + idle) / 5 }, (_, i) => i * 5_000);
    const spans = align({
      ...input,
      speech: later,
      segment_starts_ms: segments,
      duration_ms: input.duration_ms + idle * 1_000,
    });

    expect(spans.map(({ page_number, start_ms }) => [page_number, start_ms])).toEqual([
      [1, 0],
      [2, (first + idle) * 1_000],
    ]);
  },
);

// Lectures in which a slide returns, or is shown for a moment: systems that group speech by the
// number of its slide store wrong times for these.
const RETURNING: [string, Visit[]][] = [
  [
    "a slide that returns after another one",
    [
      [1, 100],
      [2, 100],
      [1, 100],
      [3, 100],
    ],
  ],
  [
    "a slide that returns and is not followed",
    [
      [1, 100],
      [2, 100],
      [1, 100],
    ],
  ],
  [
    "a title slide at the start and the end, for ten seconds",
    [
      [1, 10],
      [2, 125],
      [3, 125],
      [1, 10],
    ],
  ],
  [
    "two slides between three visits of another",
    [
      [1, 40],
      [2, 45],
      [1, 30],
      [3, 45],
      [1, 40],
    ],
  ],
  [
    "twenty short slides before a long one",
    [...Array.from({ length: 20 }, (_, i): Visit => [i + 1, 50]), [21, 200]],
  ],
];

test.each(RETURNING)("gives %s its own spans", (_, visits) => {
  expect(visitsOf(visits)).toEqual(visits);
});

test("follows random jumps between pages of distinct words", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seeded(seed);
    const pageCount = 10 + Math.floor(random() * 30);
    const visits: Visit[] = [];
    for (let page = 1; visits.length < 40; ) {
      visits.push([page, 5 * (3 + Math.floor(random() * 15))]);
      const next = 1 + Math.floor(random() * pageCount);
      page = next === page ? (page % pageCount) + 1 : next;
    }

    expect(exactShare(lecture(pageCount, visits, seed)), `seed ${seed}`).toBe(1);
  }
});

test("spans follow each other without gaps to the end of the recording", () => {
  const input = lecture(4, [
    [1, 60],
    [3, 42],
    [4, 33],
  ]);

  const spans = align(input);

  expect(spans[0]!.start_ms).toBe(0);
  expect(spans.at(-1)!.end_ms).toBe(input.duration_ms);
  for (const [i, span] of spans.entries()) {
    expect(span.end_ms).toBeGreaterThan(span.start_ms);
    if (i > 0) expect(span.start_ms).toBe(spans[i - 1]!.end_ms);
  }
});

test("speech that shares no word with the slides has no confidence", () => {
  const { speech, ...input } = lecture(5, [
    [1, 60],
    [2, 60],
    [3, 60],
  ]);
  const foreign = speech.map(({ time_ms }, i) => ({ time_ms, term: `other${i}` }));

  const spans = align({ ...input, speech: foreign });

  expect(Math.max(...spans.map(({ confidence }) => confidence))).toBeLessThan(0.2);
});

test.each([
  ["no page", { pages: [], speech: [], segment_starts_ms: [], duration_ms: 60_000 }, 0],
  ["no time", { pages: [["a"]], speech: [], segment_starts_ms: [], duration_ms: 0 }, 0],
  [
    "one page and silence",
    { pages: [["a"]], speech: [], segment_starts_ms: [], duration_ms: 9_000 },
    1,
  ],
])("a lecture with %s has as many spans as pages were shown", (_, input, spans) => {
  expect(align(input)).toHaveLength(spans);
});

test("the sliced alignment lets other work run, and finds the same spans", async () => {
  const visits = Array.from({ length: 150 }, (_, i): Visit => [i + 1, 60]);
  const input = lecture(150, visits);
  let others = 0;
  const timer = setInterval(() => {
    others += 1;
  }, 1);

  const spans = await alignInSlices(input, new AbortController().signal);

  clearInterval(timer);
  expect(spans).toEqual(align(input));
  expect(others).toBeGreaterThan(1);
});

test("a cancelled alignment stops within its work", async () => {
  const visits = Array.from({ length: 150 }, (_, i): Visit => [i + 1, 60]);
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error("stopped")));

  await expect(alignInSlices(lecture(150, visits), stop.signal)).rejects.toThrow("stopped");
});

test("a lecture that does not fit into memory has no spans", () => {
  const input = { ...lecture(5, [[1, 60]]), duration_ms: 2_147_483_647 };

  expect(align({ ...input, pages: Array.from({ length: 100 }, () => ["word"]) })).toEqual([]);
});

test("one deck for several lectures: pages with shared words are followed where speech begins", () => {
  // Half of the words of each page are on many pages, so words alone do not identify a page.
  const random = seeded(3);
  const pages = Array.from({ length: 60 }, (_, page) =>
    Array.from({ length: 24 }, (_, word) =>
      random() < 0.5 ? `common${Math.floor(random() * 30)}` : `page${page}word${word}`,
    ),
  );
  const speech: AlignmentInput["speech"][number][] = [];
  for (let second = 0; second < 20 * 60; second += 1) {
    const page = pages[40 + Math.floor(second / 60)]!;
    const at = Math.floor(random() * (page.length - 1));
    const isAboutPage = random() < 0.2;
    for (const offset of [0, 1]) {
      const term = isAboutPage ? page[at + offset]! : `common${Math.floor(random() * 30)}`;
      speech.push({ time_ms: second * 1_000 + offset * 400, term });
    }
  }
  const spans = align({
    pages,
    speech,
    segment_starts_ms: Array.from({ length: 240 }, (_, i) => i * 5_000),
    duration_ms: 20 * 60_000,
  });

  const right = Array.from({ length: 20 }, (_, minute) => {
    const middle = (minute + 0.5) * 60_000;
    const shown = spans.find((span) => span.start_ms <= middle && middle < span.end_ms)!;
    return Math.abs(shown.page_number - (41 + minute)) <= 1;
  });
  expect(right.filter(Boolean).length).toBeGreaterThanOrEqual(18);
});
