/**
 * Aligns speech with slides by their words alone: which page is shown at each moment of a lecture.
 *
 * Every step of five seconds gets a similarity to every page; the best path through the pages is
 * then found by dynamic programming (Viterbi), where moving costs more the further it leads.
 * The constants come from a cross-validation over 19 recorded lectures with labels made by people;
 * halving or doubling any one of them changes the accuracy by less than two points.
 */
import { setImmediate } from "node:timers/promises";
import { findSpokenPages } from "./spoken-pages";
import { type SpokenTerm, spokenTerms, type TermWeights, weighTerms } from "./term-weights";

export type AlignmentInput = {
  /** The stems of each page in reading order, without stop words; the first entry is page 1. */
  pages: readonly (readonly string[])[];
  /** The stems of the speech in time order, from the same text configuration as the pages. */
  speech: readonly SpokenTerm[];
  /** The starts of the segments of speech. Page changes are placed at such a start. */
  segment_starts_ms: readonly number[];
  /** Length of the recording, in milliseconds. */
  duration_ms: number;
};

/** One page shown without a break. */
export type PageSpan = {
  page_number: number;
  start_ms: number;
  /** Exclusive; the next span begins here. */
  end_ms: number;
  /** The shown page's lead over the best page, except its neighbours; 1 is a typical full match. */
  confidence: number;
};

/** Similarities of all steps (rows) to all pages (columns), row by row. */
type Grid = { values: Float32Array; steps: number; pages: number };

const STEP_MS = 5_000;
/** The words around a step count under a triangle that reaches 0 here, in steps: ±10 s. */
const TRIANGLE_STEPS = 2;
/** Half of the window over which the confidence is averaged, in steps: ±20 s. */
const CONFIDENCE_STEPS = 4;
/** The page changes at the start of a segment, at most this far from the detected step. */
const REFINE_MS = 2 * STEP_MS;
/** The cost of being on the last page at the first minute. */
const DRIFT_WEIGHT = 0.7;

/** The cost of a move, where 1 is a typical full match of one step. */
const NEXT_COST = 0.15;
const SKIP_ONE_COST = 1.8;
const FORWARD_COST = 6;
const BACK_COST = 10;
const COST_PER_PAGE = 0.05;
const START_COST_PER_PAGE = 1;
const MAX_START_COST = 3;

/**
 * Between these, the costs fall from full to none. A lecture below the first uses words that many
 * pages share (recorded lectures: .03 to .12 in the lower quartile); a lecture above the second names
 * each page by words of its own, and the alignment follows it to any page.
 */
const AMBIGUOUS = 0.45;
const UNAMBIGUOUS = 0.75;

/** Similarities that fit into memory: ten hours with a thousand pages need 60 MB. */
const MAX_SIMILARITIES = 8_000_000;
/** Other work of the thread waits at most about this long. */
const SLICE_MS = 20;
/** After this many similarities the time is checked. */
const CHECK_EVERY = 20_000;

/**
 * Finds the spans of pages over a recording, in time order and without gaps. Empty when there are more
 * pages and time than fit into memory.
 */
export function align(input: AlignmentInput): PageSpan[] {
  const work = alignStepwise(input);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/**
 * Like `align`, and lets other work of the thread run in between.
 *
 * @throws the signal's reason
 */
export async function alignInSlices(
  input: AlignmentInput,
  signal: AbortSignal,
): Promise<PageSpan[]> {
  const work = alignStepwise(input);
  let until = performance.now() + SLICE_MS;
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() < until) continue;
    await setImmediate();
    signal.throwIfAborted();
    until = performance.now() + SLICE_MS;
  }
}

/** Yields wherever the work can be interrupted. */
function* alignStepwise(input: AlignmentInput): Generator<void, PageSpan[]> {
  const { pages, speech, duration_ms } = input;
  if (pages.length === 0 || duration_ms <= 0) return [];
  if (pages.length * Math.ceil(duration_ms / STEP_MS) > MAX_SIMILARITIES) return [];
  const whole = yield* scorePages(input);
  const { from, to } = findSpokenPages(pages, speech);
  yield;
  // Pages of unique words need no help, also where a lecture shows them only for a moment.
  const isPart = whole.costs > 0 && to - from < pages.length;
  const part = isPart ? { ...input, pages: pages.slice(from, to) } : input;
  const { grid, costs, weights } = isPart ? yield* scorePages(part) : whole;
  const path = yield* findPath(grid, costs);
  const starts = refineStarts(path, part, weights);
  yield;
  const offset = isPart ? from : 0;
  const pathInDeck = path.map((page) => page + offset);
  // Compared with all pages, because the shown one can be outside of the part.
  const confidence = yield* confidences(whole.grid, pathInDeck);
  return toSpans(pathInDeck, starts, confidence, duration_ms);
}

/** `costs` is the factor of all costs, from 0 to 1. */
type ScoredPages = { weights: TermWeights; grid: Grid; costs: number };

function* scorePages(input: AlignmentInput): Generator<void, ScoredPages> {
  const weights = yield* weighTerms(input.pages, input.speech, input.duration_ms);
  const grid = yield* scoreSteps(input, weights);
  return { weights, grid, costs: howAmbiguous(grid) };
}

/** The steps after which the time is checked. */
const checkEvery = (pages: number) => Math.ceil(CHECK_EVERY / pages);

/** Scaled so that 1 is the median of the best match of a step. */
function* scoreSteps(
  { pages, speech, duration_ms }: AlignmentInput,
  { postings, weigh }: TermWeights,
): Generator<void, Grid> {
  const steps = Math.ceil(duration_ms / STEP_MS);
  const counts = countBySteps(speech, steps);
  const values = new Float32Array(steps * pages.length);
  const best: number[] = [];
  for (let step = 0; step < steps; step++) {
    if (step % checkEvery(pages.length) === 0) yield;
    const terms = termsAround(counts, step).map(([term, count]): [string, number] => [
      term,
      Math.log(1 + count) * weigh(term),
    ]);
    const norm = Math.hypot(...terms.map(([, value]) => value)) || 1;
    const row = values.subarray(step * pages.length, (step + 1) * pages.length);
    for (const [term, value] of terms) {
      for (const posting of postings.get(term) ?? []) {
        row[posting.page]! += (value / norm) * posting.value;
      }
    }
    best.push(row.reduce((most, value) => Math.max(most, value), 0));
  }
  const scale = quantile(best, 0.5) || quantile(best, 1) || 1;
  for (let i = 0; i < values.length; i++) values[i]! /= scale;
  return { values, steps, pages: pages.length };
}

function countBySteps(speech: readonly SpokenTerm[], steps: number): Map<string, number>[] {
  const counts = Array.from({ length: steps }, () => new Map<string, number>());
  for (const { time_ms, term } of spokenTerms(speech)) {
    const step = counts[Math.min(steps - 1, Math.floor(time_ms / STEP_MS))]!;
    step.set(term, (step.get(term) ?? 0) + 1);
  }
  return counts;
}

function termsAround(
  counts: readonly ReadonlyMap<string, number>[],
  step: number,
): [string, number][] {
  const sum = new Map<string, number>();
  for (let offset = 1 - TRIANGLE_STEPS; offset < TRIANGLE_STEPS; offset++) {
    const share = 1 - Math.abs(offset) / TRIANGLE_STEPS;
    for (const [term, count] of counts[step + offset] ?? []) {
      sum.set(term, (sum.get(term) ?? 0) + count * share);
    }
  }
  return [...sum];
}

/** From 0, if one page clearly matches each moment, to 1, if many pages match equally well. */
function howAmbiguous({ values, steps, pages }: Grid): number {
  const leads: number[] = [];
  for (let step = 0; step < steps; step++) {
    let best = 0;
    let second = 0;
    for (const value of values.subarray(step * pages, (step + 1) * pages)) {
      if (value > best) [best, second] = [value, best];
      else if (value > second) second = value;
    }
    if (best > 0) leads.push(1 - second / best);
  }
  const lead = quantile(leads, 0.25);
  return Math.min(1, Math.max(0, (UNAMBIGUOUS - lead) / (UNAMBIGUOUS - AMBIGUOUS)));
}

/** Lectures move through their slides at a roughly even pace. */
function drift({ steps, pages }: Grid, step: number, page: number): number {
  return DRIFT_WEIGHT * Math.abs((step + 0.5) / steps - (page + 0.5) / pages);
}

/**
 * The page of each step that maximises similarity less the cost of moves.
 *
 * @param costs scales the cost of every move. A thousandth always remains, so that a pause without
 *              words stays on its page.
 */
function* findPath(grid: Grid, costs: number): Generator<void, Int32Array> {
  const { values, steps, pages } = grid;
  const factor = Math.max(0.001, costs);
  const valueAt = (step: number, page: number) =>
    values[step * pages + page]! - costs * drift(grid, step, page);
  const from = new Int32Array(steps * pages);
  let score: Float64Array = Float64Array.from(
    { length: pages },
    (_, page) => valueAt(0, page) - factor * Math.min(MAX_START_COST, START_COST_PER_PAGE * page),
  );
  for (let step = 1; step < steps; step++) {
    if (step % checkEvery(pages) === 0) yield;
    const origins = from.subarray(step * pages, (step + 1) * pages);
    const reached = bestOrigins(score, factor, origins);
    for (let page = 0; page < pages; page++) reached[page]! += valueAt(step, page);
    score = reached;
  }
  const path = new Int32Array(steps);
  path[steps - 1] = score.indexOf(score.reduce((most, value) => Math.max(most, value)));
  for (let step = steps - 1; step > 0; step--) {
    path[step - 1] = from[step * pages + path[step]!]!;
  }
  return path;
}

/**
 * For every page, the best score that a move there leaves, and in `origins` where it begins. A move wins against an equal
 * score without one: speech without words of a page belongs to the page before it.
 * The cost of a far move is linear in its distance, so one running maximum a direction is enough.
 */
function bestOrigins(score: Float64Array, factor: number, origins: Int32Array): Float64Array {
  const pages = score.length;
  const reached = Float64Array.from(score);
  const offer = (page: number, origin: number, value: number) => {
    if (value < reached[page]!) return;
    reached[page] = value;
    origins[page] = origin;
  };
  for (let page = 0; page < pages; page++) origins[page] = page;
  const perPage = factor * COST_PER_PAGE;

  let furthest = -1; // the best page to jump forward from
  for (let page = 1; page < pages; page++) {
    offer(page, page - 1, score[page - 1]! - factor * NEXT_COST);
    if (page >= 2) offer(page, page - 2, score[page - 2]! - factor * SKIP_ONE_COST);
    const candidate = page - 3;
    if (candidate < 0) continue;
    const worth = (origin: number) =>
      score[origin]! - factor * FORWARD_COST - perPage * (page - origin - 2);
    if (furthest < 0 || worth(candidate) > worth(furthest)) furthest = candidate;
    offer(page, furthest, worth(furthest));
  }
  let last = -1; // the best page to jump back from
  for (let page = pages - 2; page >= 0; page--) {
    const candidate = page + 1;
    const worth = (origin: number) =>
      score[origin]! - factor * BACK_COST - perPage * (origin - page - 1);
    if (last < 0 || worth(candidate) > worth(last)) last = candidate;
    offer(page, last, worth(last));
  }
  return reached;
}

/**
 * The moment at which each span begins, by index of its first step.
 *
 * A step is coarse. Within two steps of each change of pages, the span begins at the segment before
 * which most evidence is for the page before, and after which most is for the next page. Of equal ones, the last one
 * counts.
 */
function refineStarts(
  path: Int32Array,
  { speech, segment_starts_ms }: AlignmentInput,
  { postings, weigh }: TermWeights,
): Map<number, number> {
  const terms = [...spokenTerms(speech)];
  const valueOn = (term: string, page: number) =>
    (postings.get(term)?.find((posting) => posting.page === page)?.value ?? 0) * weigh(term);
  const starts = new Map<number, number>();
  let from = 0;
  let before = 0;
  for (let step = 1; step < path.length; step++) {
    if (path[step] === path[step - 1]) continue;
    const centre = step * STEP_MS;
    while (from < terms.length && terms[from]!.time_ms < centre - REFINE_MS) from++;
    const near = terms.slice(from, upperBound(terms, centre + REFINE_MS, from));
    const leadBefore = (border: number) =>
      near
        .filter(({ time_ms }) => time_ms < border)
        .reduce(
          (sum, { term }) => sum + valueOn(term, path[step - 1]!) - valueOn(term, path[step]!),
          0,
        );
    const borders = segment_starts_ms.filter(
      (ms) => ms > before && Math.abs(ms - centre) <= REFINE_MS,
    );
    const [best] = borders
      .map((border) => ({ border, lead: leadBefore(border) }))
      .sort((a, b) => b.lead - a.lead || b.border - a.border);
    before = Math.max(before + 1, best?.border ?? centre);
    starts.set(step, before);
  }
  return starts;
}

function upperBound(terms: readonly SpokenTerm[], time_ms: number, from: number): number {
  let end = from;
  while (end < terms.length && terms[end]!.time_ms < time_ms) end++;
  return end;
}

/** By step: the lead of the shown page over the best page more than one away, over ±20 s. */
function* confidences({ values, pages }: Grid, path: Int32Array): Generator<void, number[]> {
  const leads: number[] = [];
  for (const [step, shown] of path.entries()) {
    if (step % checkEvery(pages) === 0) yield;
    let rival = pages <= 3 ? 0 : Number.NEGATIVE_INFINITY;
    for (let page = 0; page < pages; page++) {
      if (Math.abs(page - shown) > 1) rival = Math.max(rival, values[step * pages + page]!);
    }
    leads.push(values[step * pages + shown]! - rival);
  }
  return leads.map((_, step) => {
    const around = leads.slice(Math.max(0, step - CONFIDENCE_STEPS), step + CONFIDENCE_STEPS + 1);
    return around.reduce((sum, lead) => sum + lead, 0) / around.length;
  });
}

function toSpans(
  path: Int32Array,
  starts: ReadonlyMap<number, number>,
  confidence: number[],
  duration_ms: number,
): PageSpan[] {
  const spans: PageSpan[] = [];
  let first = 0;
  for (let step = 1; step <= path.length; step++) {
    if (step < path.length && path[step] === path[first]) continue;
    const values = confidence.slice(first, step);
    spans.push({
      page_number: path[first]! + 1,
      start_ms: starts.get(first) ?? first * STEP_MS,
      end_ms: step === path.length ? duration_ms : (starts.get(step) ?? step * STEP_MS),
      confidence: values.reduce((sum, value) => sum + value, 0) / values.length,
    });
    first = step;
  }
  return spans;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}
