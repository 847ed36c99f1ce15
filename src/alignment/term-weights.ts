/**
 * How strongly each spoken stem indicates each page.
 *
 * A pair of neighbouring stems is a separate term: "transfer function" is rarer than both of its words,
 * so it is stronger evidence.
 */

/** One stem with the moment at which it is spoken. */
export type SpokenTerm = { time_ms: number; term: string };

export type TermWeights = {
  /** For each term, the pages it is on with its normalised weight there. */
  postings: ReadonlyMap<string, readonly { page: number; value: number }[]>;
  /** idf over pages times idf over minutes of speech; 0 for a term that only one side has. */
  weigh(term: string): number;
};

/** Long pages match more words by chance; a full norm would favour short pages too much. */
const PAGE_NORM_EXPONENT = 0.85;
const MINUTE_MS = 60_000;
const PAIR_SEPARATOR = " ";

/** After this many pages or spoken terms, the work can be interrupted. */
const PAGES_PER_SLICE = 20;
const TERMS_PER_SLICE = 5_000;

/**
 * Yields wherever the work can be interrupted.
 *
 * @param pages stems of each page in reading order, without stop words
 */
export function* weighTerms(
  pages: readonly (readonly string[])[],
  speech: readonly SpokenTerm[],
  duration_ms: number,
): Generator<void, TermWeights> {
  const counts: Map<string, number>[] = [];
  for (const [page, terms] of pages.entries()) {
    if (page % PAGES_PER_SLICE === 0) yield;
    counts.push(countTerms(withPairs(terms)));
  }
  const pageIdf = inversePageFrequency(counts);
  yield;
  const speechIdf = yield* inverseMinuteFrequency(speech, duration_ms);
  const weigh = (term: string) => (pageIdf.get(term) ?? 0) * (speechIdf.get(term) ?? 0);

  const postings = new Map<string, { page: number; value: number }[]>();
  for (const [page, onPage] of counts.entries()) {
    if (page % PAGES_PER_SLICE === 0) yield;
    const before = counts[page - 1];
    const values = [...onPage].map(([term, count]): [string, number] => {
      // A word that is new on this page counts double for it.
      const added = before?.has(term) ? 0 : count;
      return [term, Math.log(1 + count + added) * weigh(term)];
    });
    const norm = Math.hypot(...values.map(([, value]) => value)) ** PAGE_NORM_EXPONENT;
    for (const [term, value] of values) {
      if (value === 0) continue;
      const list = postings.get(term) ?? [];
      list.push({ page, value: value / norm });
      postings.set(term, list);
    }
  }
  return { postings, weigh };
}

/** The spoken stems and the pairs of neighbours among them, each with its moment. */
export function* spokenTerms(speech: readonly SpokenTerm[]): Generator<SpokenTerm> {
  for (const [i, { time_ms, term }] of speech.entries()) {
    yield { time_ms, term };
    if (i > 0) yield { time_ms, term: speech[i - 1]!.term + PAIR_SEPARATOR + term };
  }
}

/** The terms, then the pairs of neighbours among them. */
export const withPairs = (terms: readonly string[]): string[] => [
  ...terms,
  ...terms.slice(1).map((term, i) => terms[i]! + PAIR_SEPARATOR + term),
];

function countTerms(terms: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/** At least 0: a term on most pages is no evidence for one of them. */
function inversePageFrequency(pages: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const frequency = countTerms(pages.flatMap((counts) => [...counts.keys()]));
  return new Map(
    [...frequency].map(([term, df]) => [
      term,
      Math.max(0, Math.log((pages.length + 1) / (df + 0.5))),
    ]),
  );
}

/** From 0 to 1: a word that is spoken all the time is little evidence at one moment. */
function* inverseMinuteFrequency(
  speech: readonly SpokenTerm[],
  duration_ms: number,
): Generator<void, Map<string, number>> {
  const minutes = Math.max(1, duration_ms / MINUTE_MS);
  const spokenIn = new Map<string, Set<number>>();
  let seen = 0;
  for (const { time_ms, term } of spokenTerms(speech)) {
    if (seen++ % TERMS_PER_SLICE === 0) yield;
    const set = spokenIn.get(term) ?? new Set();
    set.add(Math.floor(time_ms / MINUTE_MS));
    spokenIn.set(term, set);
  }
  const highest = Math.log(1 + minutes / 0.5);
  return new Map(
    [...spokenIn].map(([term, { size }]) => [term, Math.log(1 + minutes / size) / highest]),
  );
}
