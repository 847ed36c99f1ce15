import { z } from "zod";
import { AppError } from "../../errors";
import { readJsonLines } from "../../text/json-lines";
import { checkCitations } from "./check";

const JudgedSentence = z.object({
  passage: z.string().min(1),
  sentence: z.string().regex(/[[［【]1[\]］】]\p{P}?\s*$/u, "must end in [1]"),
  source: z.enum(["lectures", "slides"]),
  expected: z.enum(["supported", "unsupported"]),
  kind: z.string().min(1),
});

/** A sentence that cites its passage as `[1]`, and a person's judgement of it. */
export type JudgedSentence = z.infer<typeof JudgedSentence>;

/** Shares from 0 to 1; null where there is nothing to divide by. */
type FlagQuality = {
  n: number;
  /** Sentences that the check calls unsupported. */
  flagged: number;
  /** Precision: the share of the flagged sentences that a person calls unsupported. */
  precision: number | null;
  /** Recall: the flagged share of the sentences that a person calls unsupported. */
  recall: number | null;
};

export type CitationReport = FlagQuality & { kinds: Record<string, FlagQuality> };

/**
 * Reads judged sentences, one JSON object in each line; blank lines are ignored.
 *
 * @throws AppError `evaluation_set_invalid`, with all lines that have a problem
 */
export async function readJudgedSentences(path: string): Promise<JudgedSentence[]> {
  const sentences = (await readJsonLines(path, JudgedSentence)).map(({ value }) => value);
  if (sentences.length > 0) return sentences;
  const problem = "the file contains no sentences";
  throw new AppError("evaluation_set_invalid", { path, problem });
}

/** Runs the citation check on each sentence and compares the flag with the expected one. */
export function evaluateCitations(sentences: readonly JudgedSentence[]): CitationReport {
  const verdicts = sentences.map((one) => ({
    kind: one.kind,
    isFlagged: isFlaggedByCheck(one),
    isExpected: one.expected === "unsupported",
  }));
  const kinds = Object.entries(Object.groupBy(verdicts, ({ kind }) => kind));
  return {
    ...measure(verdicts),
    kinds: Object.fromEntries(kinds.map(([kind, all]) => [kind, measure(all!)])),
  };
}

/** Whether the citation check calls the sentence unsupported. */
export function isFlaggedByCheck({ passage, sentence, source }: JudgedSentence): boolean {
  const ids = { chunk_id: "", asset_id: "" };
  const citation = { number: 1, ...ids, source, title: null, quote: passage, url: null };
  return checkCitations(sentence, new Map([[1, citation]])).unsupported.length > 0;
}

function measure(verdicts: { isFlagged: boolean; isExpected: boolean }[]): FlagQuality {
  const flagged = verdicts.filter(({ isFlagged }) => isFlagged).length;
  const expected = verdicts.filter(({ isExpected }) => isExpected).length;
  const right = verdicts.filter(({ isFlagged, isExpected }) => isFlagged && isExpected).length;
  const share = (part: number, whole: number) => (whole === 0 ? null : part / whole);
  return {
    n: verdicts.length,
    flagged,
    precision: share(right, flagged),
    recall: share(right, expected),
  };
}
