import {
  type AlignedLecture,
  type CandidateDeck,
  type DeckPage,
  findAlignedLecture,
  listCandidateDecks,
  listDeckPages,
} from "../db/alignment/alignment-inputs";
import {
  claimAlignment,
  type DueAlignment,
  postponeAlignment,
} from "../db/alignment/due-alignments";
import { type EnrichingSpan, saveAlignment } from "../db/alignment/slide-spans";
import { listStems } from "../db/alignment/stems";
import type { Sql } from "../db/client";
import type { Log } from "../log";
import { detectLanguage, type TextConfig, textConfigFor } from "../text/language";
import { toSearchText } from "../text/search-words";
import { alignInSlices } from "./align";
import { pageWords, spokenWords } from "./chunk-context";
import {
  areCopies,
  type DeckScore,
  firstMentions,
  inSpokenOrder,
  likelyDecks,
  MOST_DECKS,
  reliabilityOf,
  scoreDeck,
} from "./deck-score";
import { captionShare, snapToChanges, statedSpans } from "./slide-changes";
import { type SpeechPiece, toSpeechPieces } from "./speech-pieces";
import { placeTerms } from "./spoken-terms";
import type { SpokenTerm } from "./term-weights";

/** Newest first; a course with more decks is rare. */
const MAX_DECKS = 300;
/** A lecture needs less than a second; its claim then expires. */
const LEASE_SECONDS = 60;
const MAX_DELAY_SECONDS = 3_600;
/** Decks below it add no words to search: a foreign deck has at most 0.2, the deck of a lecture 1. */
const LEAST_RELIABILITY = 0.5;

type Speech = { pieces: readonly SpeechPiece[]; terms: SpokenTerm[]; text_config: TextConfig };
type Deck = DeckScore & { document_id: string; pages: DeckPage[]; stems: string[][] };

/**
 * Computes the slide spans of the lecture that has been due longest. A failure is logged and tried again
 * later; the lecture itself is not affected.
 *
 * @returns false when no lecture is due
 */
export async function alignNextLecture(
  { db, log }: { db: Sql; log: Log },
  stop: AbortSignal,
): Promise<boolean> {
  const due = await claimAlignment(db, LEASE_SECONDS);
  if (!due) return false;
  try {
    const timeout = AbortSignal.timeout((LEASE_SECONDS * 1_000) / 2);
    await alignLecture(db, due, AbortSignal.any([stop, timeout]));
  } catch (err) {
    const delay = stop.aborted ? 0 : Math.min(2 ** due.attempts, MAX_DELAY_SECONDS);
    if (!stop.aborted) log.warn({ err, lecture_id: due.lecture_id }, "slides were not aligned");
    await postponeAlignment(db, due, delay);
  }
  return true;
}

/** Computes and stores the scores and the spans of a claimed lecture. Repeating it changes nothing. */
async function alignLecture(db: Sql, due: DueAlignment, signal: AbortSignal): Promise<void> {
  const lecture = await findAlignedLecture(db, due.lecture_id);
  if (!lecture) {
    await saveAlignment(db, due, [], []);
    return;
  }
  const speech = await readSpeech(db, lecture);
  const candidates = await listCandidateDecks(db, lecture, MAX_DECKS);
  const decks = new DeckReader(db, lecture, speech);
  const scored: (DeckScore & CandidateDeck)[] = [];
  for (const candidate of candidates) {
    signal.throwIfAborted();
    scored.push({ ...candidate, ...(await decks.score(candidate)) });
  }
  const assigned = lecture.assigned?.flatMap(
    (id) => scored.find(({ document_id }) => document_id === id) ?? [],
  );
  const suggested = await withoutCopies(likelyDecks(scored), decks, signal, MOST_DECKS);
  const shown = assigned ? await withoutCopies(assigned, decks, signal) : inSpokenOrder(suggested);
  const spans = await findSpans(lecture, speech, shown, signal);
  await saveAlignment(
    db,
    due,
    spans,
    scored.map(({ document_id, score, middle_ms, pages_hash }) => ({
      document_id,
      score,
      middle_ms,
      is_suggested: suggested.some((deck) => deck.document_id === document_id),
      pages_hash,
      speech_hash: lecture.speech_hash,
    })),
  );
}

async function readSpeech(db: Sql, lecture: AlignedLecture): Promise<Speech> {
  const { segments, words, transcript_text, language_code } = lecture;
  const detected = detectLanguage(transcript_text);
  const text_config = detected.language_code ? detected.text_config : textConfigFor(language_code);
  const pieces = toSpeechPieces(segments, words);
  const terms = await speechTerms(db, text_config, pieces);
  return { pieces, terms, text_config };
}

/** The stems of speech with their times. */
export async function speechTerms(
  db: Sql,
  text_config: TextConfig,
  pieces: readonly SpeechPiece[],
): Promise<SpokenTerm[]> {
  const texts = pieces.map(({ text }) => toSearchText(text));
  return placeTerms(pieces, await listStems(db, text_config, texts));
}

/** The stems of pages, by the configuration of the speech. */
export function pageStems(
  db: Sql,
  text_config: TextConfig,
  pages: readonly { text: string }[],
): Promise<string[][]> {
  return listStems(
    db,
    text_config,
    pages.map(({ text }) => toSearchText(text)),
  );
}

/** Reads each deck at most once, and only if its stored score is out of date or the lecture shows it. */
class DeckReader {
  readonly #read = new Map<string, Pick<Deck, "pages" | "stems">>();
  readonly #mentions: ReadonlyMap<string, number>;

  constructor(
    private readonly db: Sql,
    private readonly lecture: AlignedLecture,
    private readonly speech: Speech,
  ) {
    this.#mentions = firstMentions(speech.terms);
  }

  async read(document_id: string): Promise<Pick<Deck, "pages" | "stems">> {
    const known = this.#read.get(document_id);
    if (known) return known;
    const pages = await listDeckPages(this.db, document_id);
    const deck = { pages, stems: await pageStems(this.db, this.speech.text_config, pages) };
    this.#read.set(document_id, deck);
    return deck;
  }

  async score({ document_id, score, middle_ms }: CandidateDeck): Promise<DeckScore> {
    if (score !== null && middle_ms !== null) return { score, middle_ms };
    const { pages, stems } = await this.read(document_id);
    const spoken = scoreDeck(stems, this.#mentions);
    const captioned = captionShare(this.lecture.slide_changes, pages);
    return { ...spoken, score: Math.max(spoken.score, captioned) };
  }
}

/** The first decks, each without the copies of it that follow. */
async function withoutCopies(
  ranked: readonly (DeckScore & CandidateDeck)[],
  reader: DeckReader,
  signal: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<Deck[]> {
  const shown: Deck[] = [];
  for (const deck of ranked) {
    signal.throwIfAborted();
    if (shown.length === most) break;
    const read = await reader.read(deck.document_id);
    if (!shown.some(({ stems }) => areCopies(stems, read.stems))) shown.push({ ...deck, ...read });
  }
  return shown;
}

/** The pages of all decks as one sequence: first what the recording states, then what the speech shows. */
async function findSpans(
  lecture: AlignedLecture,
  { pieces, terms }: Speech,
  decks: readonly Deck[],
  signal: AbortSignal,
): Promise<EnrichingSpan[]> {
  const pages = decks.flatMap(({ pages, document_id, score }) =>
    pages.map((page) => ({ ...page, document_id, reliability: reliabilityOf({ score }) })),
  );
  const duration_ms = Math.max(
    (lecture.audio_duration_seconds ?? 0) * 1_000,
    ...pieces.slice(-1).map(({ end_ms }) => end_ms),
  );
  const spoken = await alignInSlices(
    {
      pages: terms.length > 0 ? decks.flatMap(({ stems }) => stems) : [],
      speech: terms,
      segment_starts_ms: lecture.segments.map(({ start_ms }) => start_ms),
      duration_ms,
    },
    signal,
  );
  const stated = statedSpans(lecture.slide_changes, pages, duration_ms);
  const known = stated.filter(({ page }) => page !== null);
  const borders = known.length > 0 ? spoken : snapToChanges(spoken, lecture.slide_changes);
  const wordsOf = ({ text }: DeckPage, span: { start_ms: number; end_ms: number }) => ({
    page_words: pageWords(text),
    spoken_words: spokenWords(pieces, span),
  });
  const noWords = { page_words: "", spoken_words: "" };
  return [
    ...known.map(({ page, start_ms, end_ms }): EnrichingSpan => {
      const shown = pages[page!]!;
      const { document_id, page_number } = shown;
      const time = { start_ms: Math.round(start_ms), end_ms: Math.round(end_ms) };
      const words = wordsOf(shown, time);
      return { document_id, page_number, ...time, confidence: 1, source: "panopto", ...words };
    }),
    ...outside(borders, known).map((span): EnrichingSpan => {
      const shown = pages[span.page_number - 1]!;
      const { document_id, page_number, reliability } = shown;
      const { start_ms, end_ms } = span;
      const confidence = Math.min(1, Math.max(0, span.confidence * reliability));
      const time = { start_ms, end_ms, confidence };
      const words = reliability < LEAST_RELIABILITY ? noWords : wordsOf(shown, time);
      return { document_id, page_number, ...time, source: "speech", ...words };
    }),
  ].sort((a, b) => a.start_ms - b.start_ms);
}

/** The parts of spans that no known span covers, in whole milliseconds. */
function outside<S extends { start_ms: number; end_ms: number }>(
  spans: readonly S[],
  known: readonly { start_ms: number; end_ms: number }[],
): S[] {
  let parts = spans.map((span) => ({
    ...span,
    start_ms: Math.round(span.start_ms),
    end_ms: Math.round(span.end_ms),
  }));
  for (const { start_ms, end_ms } of known) {
    parts = parts.flatMap((part) => [
      { ...part, end_ms: Math.min(part.end_ms, start_ms) },
      { ...part, start_ms: Math.max(part.start_ms, end_ms) },
    ]);
    parts = parts.filter((part) => part.start_ms < part.end_ms);
  }
  return parts;
}
