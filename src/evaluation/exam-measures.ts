import type { GoldPlace } from "../db/exam-questions";
import type { AppError } from "../errors";
import type { Mode } from "../retrieval/rank";
import { bootstrap, type Estimate, mean, seeded } from "../retrieval/ranking-metrics";
import type { Citation, Passage } from "../retrieval/search";
import { firstRight, focusOf, opens, reciprocalRank } from "./gold-places";
import { type ItemValue, type MEASURES, type Measure, toMeasure } from "./measures";

/** A question with the places that answer it. An uncovered question has none. */
export type ExamQuestion = {
  id: string;
  question: string;
  /** Its language or origin; the report shows each group. */
  group: string;
  /** For an uncovered question, why. */
  kind: string;
  covered: boolean;
  gold: GoldPlace[];
};

export type SearchedQuestion = { question: ExamQuestion; passages: Passage[] };
/** Null without a right place of this kind. */
type VectorRanks = { pagesByVector: number | null; speechByVector: number | null };
export type AskedQuestion = SearchedQuestion & {
  /** By mode, and by vectors among pages and among speech; only if the modes are compared. */
  ranks: (Record<Mode, number> & VectorRanks) | null;
  answer: ExamAnswer;
};
/** A failed answer counts as wrong: a covered question is refused, another one is not. */
export type ExamAnswer = {
  failure?: AppError;
  isRefusal: boolean;
  citations: Citation[];
  unsupported: number;
};

/** The reciprocal rank of the first right passage, by mode, without a reranker. */
export type SearchLegs = Record<Mode, Estimate> & {
  /** Hybrid minus the better of the single modes, by question. */
  gain: Estimate;
};

const SEED = 1;

function toItems<One extends SearchedQuestion>(
  some: readonly One[],
  resultOf: (one: One) => number | boolean,
): ItemValue[] {
  return some.map((one) => {
    const { id, group, kind, covered } = one.question;
    return { id, group: covered ? group : kind, value: Number(resultOf(one)) };
  });
}

/** The measures of retrieval, of covered questions. */
export function toSearchMeasures(covered: readonly SearchedQuestion[]): Measure[] {
  const measure = (
    name: (typeof MEASURES)["retrieval"][number],
    some: readonly SearchedQuestion[],
    resultOf: (passages: Passage[], gold: GoldPlace[]) => number | boolean,
  ) =>
    toMeasure(
      "retrieval",
      name,
      toItems(some, ({ passages, question }) => resultOf(passages, question.gold)),
    );
  /** Pages and speech apart, because one of them often hides the loss of the other. */
  const ofKind = (isPage: boolean) => {
    const goldOf = (gold: GoldPlace[]) => gold.filter((place) => "pages" in place === isPage);
    const asked = covered.filter(({ question }) => goldOf(question.gold).length > 0);
    const found = asked.filter(({ passages, question }) =>
      firstRight(passages, goldOf(question.gold)),
    );
    return (
      name: (typeof MEASURES)["retrieval"][number],
      some: "asked" | "found",
      resultOf: (passages: Passage[], gold: GoldPlace[]) => number | boolean,
    ) =>
      measure(name, some === "asked" ? asked : found, (passages, gold) =>
        resultOf(passages, goldOf(gold)),
      );
  };
  const opensRight = (passages: Passage[], gold: GoldPlace[]) => {
    const { citation } = firstRight(passages, gold)!;
    return gold.some((place) => opens(citation, place));
  };
  const isFound = (passages: Passage[], gold: GoldPlace[]) => Boolean(firstRight(passages, gold));
  const [ofPages, ofSpeech] = [ofKind(true), ofKind(false)];
  return [
    ...measure("found_in_8", covered, isFound),
    ...ofPages("page_found_in_8", "asked", isFound),
    ...ofSpeech("speech_found_in_8", "asked", isFound),
    ...measure("reciprocal_rank", covered, reciprocalRank),
    ...ofPages("opens_right_page", "found", opensRight),
    ...ofSpeech("opens_right_second", "found", opensRight),
    ...ofPages("page_focus", "found", focusOf),
    ...ofSpeech("speech_focus", "found", focusOf),
  ];
}

/** The measures of retrieval, answers and refusals. */
export function toMeasures(asked: readonly AskedQuestion[]): Measure[] {
  const covered = asked.filter(({ question }) => question.covered);
  const uncovered = asked.filter(({ question }) => !question.covered);
  const answered = covered.filter((one) => !one.answer.isRefusal);
  const citesRight = ({ answer: { isRefusal, citations }, question }: AskedQuestion) =>
    !isRefusal && citations.some((one) => question.gold.some((gold) => opens(one, gold)));
  const isSupported = ({ answer }: AskedQuestion) => answer.unsupported === 0;
  const isRefused = ({ answer }: AskedQuestion) => answer.isRefusal;
  return [
    ...toSearchMeasures(covered),
    ...toMeasure("answers", "cites_right_place", toItems(covered, citesRight)),
    ...toMeasure("answers", "without_unsupported_sentence", toItems(answered, isSupported)),
    ...toMeasure("refusal", "uncovered_refused", toItems(uncovered, isRefused)),
    ...toMeasure(
      "refusal",
      "covered_answered",
      toItems(covered, (one) => !isRefused(one)),
    ),
  ];
}

/**
 * The single modes, because the better one hides a fault of the other in a hybrid search. Vectors of pages and of speech
 * apart, because each hides the loss of the other.
 */
export function toModeMeasures(asked: readonly AskedQuestion[]): Measure[] {
  const measure = (
    name: (typeof MEASURES)["retrieval"][number],
    key: keyof NonNullable<AskedQuestion["ranks"]>,
  ) => {
    const compared = asked.filter(({ ranks }) => ranks !== null && ranks[key] !== null);
    return toMeasure(
      "retrieval",
      name,
      toItems(compared, ({ ranks }) => ranks![key]!),
    );
  };
  return [
    ...measure("reciprocal_rank_by_text", "text"),
    ...measure("reciprocal_rank_by_vectors", "vector"),
    ...measure("page_rank_by_vectors", "pagesByVector"),
    ...measure("speech_rank_by_vectors", "speechByVector"),
  ];
}

/** Null without ranks by mode. */
export function toLegs(asked: readonly AskedQuestion[]): SearchLegs | null {
  const ranks = asked.flatMap((one) => one.ranks ?? []);
  if (ranks.length === 0) return null;
  const of = (mode: Mode) => ranks.map((rank) => rank[mode]);
  const better = mean(of("text")) >= mean(of("vector")) ? of("text") : of("vector");
  const estimate = (values: number[]) => bootstrap(values, seeded(SEED));
  return {
    text: estimate(of("text")),
    vector: estimate(of("vector")),
    hybrid: estimate(of("hybrid")),
    gain: estimate(of("hybrid").map((value, i) => value - better[i]!)),
  };
}
