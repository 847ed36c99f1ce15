/** Measures what search gains from the timeline: the words that slides and speech add to each other. */
import { alignNextLecture } from "../alignment/align-lecture";
import type { LabelledLecture } from "../alignment/evaluate";
import { isAnyAlignmentDue } from "../db/alignment/due-alignments";
import type { Candidate } from "../db/chunks/candidates";
import { insertEvaluatedLecture } from "../db/chunks/evaluation";
import { readChunks } from "../db/chunks/passages";
import { openLog } from "../log";
import { SEES_ALL } from "../principal";
import { chunkSlides } from "../text/chunk-slides";
import { chunkTranscript } from "../text/chunk-transcript";
import { detectLanguage } from "../text/language";
import type { EvaluationDeps } from "./evaluate";
import type { PassageSource } from "./passage";
import { type Mode, rank, VECTOR_WEIGHT } from "./rank";
import { bootstrap, type Estimate, mean, seeded } from "./ranking-metrics";
import { findForQuestion, toHits } from "./search";

/** As in the ingestion of documents and lectures. */
const SLIDE_TOKENS = 300;
const SPEECH_TOKENS = 200;
const DEPTH = 10;
const MIN_TITLE_WORDS = 2;
/** Every such sentence is asked, if it has enough words. */
const SENTENCE_STEP = 25;
const MIN_SENTENCE_WORDS = 8;
const WEIGHTS = Array.from({ length: 11 }, (_, i) => i / 10);
const SEED = 1;

/** A title asks for its moment in the lectures, a spoken sentence for its page. */
type QuestionKind = "title_to_moment" | "sentence_to_page";
const KINDS = ["title_to_moment", "sentence_to_page"] as const;

type TimelineQuestion = {
  kind: QuestionKind;
  /** Position of the lecture in the list. */
  lecture: number;
  query: string;
  asset_id: string;
  /** The times at which people saw the page; empty for a page. */
  moments: { start_ms: number; end_ms: number }[];
  page: number;
};

type Outcome = {
  question: TimelineQuestion;
  without: CandidatesByMode;
  enriched: CandidatesByMode;
};
type CandidatesByMode = { candidates: Record<Mode, Candidate[]> };

export type TimelineRow = {
  mode: Mode;
  /** Of the vector leg. */
  weight: number | null;
  /** Reciprocal rank of the first right passage of ten. */
  without: Estimate;
  enriched: Estimate;
  /** Enriched minus without, by question. */
  gain: Estimate;
};

export type TimelineSearchReport = {
  model: string;
  lectures: number;
  /** The weight with the best mean of both kinds with enrichment, on every second lecture. */
  chosen_weight: number;
  default_weight: number;
  kinds: Record<
    QuestionKind,
    { questions: number; tuning: TimelineRow[]; held_out: TimelineRow[]; all: TimelineRow[] }
  >;
};

/**
 * Stores the lectures in a course, asks all questions before and after they are aligned, and compares the
 * ranks of the labelled moments and pages.
 */
export async function evaluateTimelineSearch(
  course_id: string,
  lectures: readonly { file: string; lecture: LabelledLecture }[],
  deps: EvaluationDeps,
): Promise<TimelineSearchReport> {
  const questions: TimelineQuestion[] = [];
  for (const [i, { file, lecture }] of lectures.entries()) {
    const ids = await storeLecture(course_id, file, lecture, deps);
    questions.push(...questionsOf(lecture, i, ids));
    deps.say(`${i + 1} of ${lectures.length} lectures`);
  }
  const times = new Map<string, { start_ms: number; end_ms: number }>();
  const without = await askAll(course_id, questions, times, deps);
  await alignAll(deps);
  const enriched = await askAll(course_id, questions, times, deps);
  const outcomes = questions.map((question, i) => ({
    question,
    without: without[i]!,
    enriched: enriched[i]!,
  }));
  return toReport(outcomes, times, { model: deps.embedder.model, lectures: lectures.length });
}

/** A failed alignment is not in the log but an error, because the result would be wrong. */
async function alignAll({ db, signal, say }: EvaluationDeps): Promise<void> {
  const log = openLog("silent");
  while (await alignNextLecture({ db, log }, signal)) say("aligned a lecture");
  signal.throwIfAborted();
  if (await isAnyAlignmentDue(db)) throw new Error("a lecture could not be aligned");
}

async function storeLecture(
  course_id: string,
  title: string,
  { pages, segments }: LabelledLecture,
  { db, embedder, signal }: EvaluationDeps,
) {
  const { countTokens, model } = embedder;
  const slides = chunkSlides(
    pages.map(({ page_number, text }) => ({
      page_number,
      title: titleOf(text),
      section: null,
      content: text,
    })),
    { maxTokens: Math.min(SLIDE_TOKENS, embedder.maxTokens), countTokens },
  );
  const maxTokens = Math.min(SPEECH_TOKENS, embedder.maxTokens);
  const speech = chunkTranscript(segments, { maxTokens, countTokens });
  const contents = [...slides, ...speech].map(({ content }) => content);
  const vectors: number[][] = [];
  while (vectors.length < contents.length) {
    const batch = contents.slice(vectors.length, vectors.length + 32);
    vectors.push(...(await embedder.embed(batch, { purpose: "document", signal })).embeddings);
  }
  const configOf = (texts: { text: string }[]) =>
    detectLanguage(texts.map(({ text }) => text).join("\n")).text_config;
  const deck = {
    id: crypto.randomUUID(),
    title,
    text_config: configOf(pages),
    pages,
    chunks: slides.map((chunk, i) => ({ ...chunk, embedding: vectors[i]! })),
  };
  const talk = {
    id: crypto.randomUUID(),
    text_config: configOf(segments),
    segments,
    chunks: speech.map((chunk, i) => ({ ...chunk, embedding: vectors[slides.length + i]! })),
  };
  await insertEvaluatedLecture(db, course_id, model, { deck, talk });
  return { document_id: deck.id, lecture_id: talk.id };
}

/** The first line with letters; text drawn twice for a shadow counts once. */
function titleOf(text: string): string | null {
  const line = text.split("\n").find((one) => /\p{L}{3}/u.test(one));
  return line?.trim().replace(/^(.+) \1$/, "$1") ?? null;
}

function questionsOf(
  { pages, segments, labels }: LabelledLecture,
  lecture: number,
  { document_id, lecture_id }: { document_id: string; lecture_id: string },
): TimelineQuestion[] {
  const shown = labels.map(({ end_ms, page }, i) => ({
    start_ms: labels[i - 1]?.end_ms ?? 0,
    end_ms,
    page,
  }));
  const byTitle = Map.groupBy(pages, ({ text }) => titleOf(text) ?? "");
  const titles = [...byTitle].flatMap(([query, ofTitle]): TimelineQuestion[] => {
    const numbers = new Set(ofTitle.map(({ page_number }) => page_number));
    const moments = shown.filter(({ page }) => numbers.has(page));
    if (query.split(/\s+/).length < MIN_TITLE_WORDS || moments.length === 0) return [];
    const asset_id = lecture_id;
    return [{ kind: "title_to_moment", lecture, query, asset_id, moments, page: 0 }];
  });
  const sentences = segments.flatMap(({ start_ms, end_ms, text }, i): TimelineQuestion[] => {
    if (i % SENTENCE_STEP !== 0 || text.split(/\s+/).length < MIN_SENTENCE_WORDS) return [];
    const middle = (start_ms + end_ms) / 2;
    const label = shown.find((one) => one.start_ms <= middle && middle < one.end_ms);
    if (!label || label.page < 1) return [];
    const asset_id = document_id;
    const { page } = label;
    return [{ kind: "sentence_to_page", lecture, query: text, asset_id, moments: [], page }];
  });
  return [...titles, ...sentences];
}

async function askAll(
  course_id: string,
  questions: readonly TimelineQuestion[],
  times: Map<string, { start_ms: number; end_ms: number }>,
  deps: EvaluationDeps,
): Promise<CandidatesByMode[]> {
  const found: CandidatesByMode[] = [];
  for (const { kind, query } of questions) {
    deps.signal.throwIfAborted();
    const sources: PassageSource[] = kind === "title_to_moment" ? ["lectures"] : ["slides"];
    const ask = async (mode: Mode) => {
      const course_ids = [course_id];
      const request = { course_ids, viewer: SEES_ALL, query, top_k: DEPTH, sources, mode };
      return (await findForQuestion(deps, request, deps.signal)).candidates;
    };
    const candidates = {
      hybrid: await ask("hybrid"),
      vector: await ask("vector"),
      text: await ask("text"),
    };
    if (kind === "title_to_moment") {
      const ids = candidates.hybrid.map(({ chunk_id }) => chunk_id).filter((id) => !times.has(id));
      for (const { chunk_id, start_ms, end_ms } of await readChunks(deps.db, ids)) {
        times.set(chunk_id, { start_ms: start_ms!, end_ms: end_ms! });
      }
    }
    found.push({ candidates });
  }
  return found;
}

function toReport(
  outcomes: readonly Outcome[],
  times: ReadonlyMap<string, { start_ms: number; end_ms: number }>,
  about: { model: string; lectures: number },
): TimelineSearchReport {
  const random = seeded(SEED);
  const isRight = (question: TimelineQuestion, { asset_id, chunk_id, page_number }: Candidate) => {
    if (asset_id !== question.asset_id) return false;
    if (question.kind === "sentence_to_page") return page_number === question.page;
    const { start_ms, end_ms } = times.get(chunk_id)!;
    return isMostlyIn(question.moments, (start_ms + end_ms) / 2);
  };
  const reciprocal = (
    question: TimelineQuestion,
    found: CandidatesByMode,
    mode: Mode,
    weight: number,
  ) => {
    const hits = toHits(rank(found.candidates[mode], mode, weight), { top_k: DEPTH });
    const at = hits.findIndex(({ best }) => isRight(question, best));
    return at < 0 ? 0 : 1 / (at + 1);
  };
  const row = (part: readonly Outcome[], mode: Mode, weight: number): TimelineRow => {
    const measured = part.map(({ question, without, enriched }) => ({
      without: reciprocal(question, without, mode, weight),
      enriched: reciprocal(question, enriched, mode, weight),
    }));
    const estimate = (of: (one: (typeof measured)[number]) => number) =>
      bootstrap(measured.map(of), random);
    return {
      mode,
      weight: mode === "hybrid" ? weight : null,
      without: estimate((one) => one.without),
      enriched: estimate((one) => one.enriched),
      gain: estimate((one) => one.enriched - one.without),
    };
  };
  const ofKind = (kind: QuestionKind) => outcomes.filter(({ question }) => question.kind === kind);
  const half = (kind: QuestionKind, parity: number) =>
    ofKind(kind).filter(({ question }) => question.lecture % 2 === parity);
  const quality = (weight: number) =>
    mean(KINDS.map((kind) => row(half(kind, 0), "hybrid", weight).enriched.mean));
  const chosen_weight = WEIGHTS.toSorted((a, b) => quality(b) - quality(a))[0]!;
  const compared = [...new Set([chosen_weight, VECTOR_WEIGHT])];
  const rows = (part: readonly Outcome[], weights: readonly number[]) => [
    row(part, "text", 0),
    ...weights.map((weight) => row(part, "hybrid", weight)),
  ];
  const kinds = KINDS.map((kind) => [
    kind,
    {
      questions: ofKind(kind).length,
      tuning: rows(half(kind, 0), WEIGHTS),
      held_out: rows(half(kind, 1), compared),
      all: rows(ofKind(kind), compared),
    },
  ]);
  return {
    ...about,
    chosen_weight,
    default_weight: VECTOR_WEIGHT,
    kinds: Object.fromEntries(kinds) as TimelineSearchReport["kinds"],
  };
}

/** Whether a moment lies in one of these times. */
const isMostlyIn = (moments: TimelineQuestion["moments"], at_ms: number) =>
  moments.some(({ start_ms, end_ms }) => start_ms <= at_ms && at_ms < end_ms);
