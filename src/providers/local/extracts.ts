import { splitSentences } from "../../text/sentences";
import { wordsOf } from "../../text/words";
import type { ToolPassage } from "../chat/chat-model";
import type { Embedder } from "../embedder";
import { coverage, informativeWords, toStems, toWanted, type WantedWords } from "./words";

export type Extract = { number: number; sentence: string };

/** A sentence, and for its score the same sentence after its heading or lead-in. */
type Quote = { sentence: string; inContext: string; isWhole: boolean; isShort: boolean };
type RatedExtract = Extract & Quote & { coverage: number; score: number };

const EXTRACTS = 4;
const PER_PASSAGE = 2;
/** Embedding a sentence takes about 20 ms, so the wait for an answer stays below half a second. */
const COMPARED = 16;
/** Speech without punctuation is one long sentence; it is quoted in parts of so many words. */
const LONGEST_WORDS = 45;
/** A shorter line is a heading, unless it has a value that the question asks for. */
const LEAST_WORDS = 4;
/** A line with fewer words of the question is not the row that it asks for. */
const LEAST_COVERAGE_OF_ROW = 0.5;

/** A sentence below both limits is unrelated: it shares few words and little meaning. */
const LEAST_COVERAGE = 0.34;
const LEAST_SIMILARITY = 0.45;
/** The limit without shared words: a small model scores "What is DNA?" and "What is entropy?" as 0.6 similar. */
const LEAST_SIMILARITY_ALONE = 0.75;
/** Deducted from the score of a heading or an incomplete sentence. */
const FRAGMENT = 0.3;

/**
 * The sentences closest to a question, best first; an empty list if no sentence is close.
 *
 * A sentence scores for the question's words in it, for those in its passage, for the rank of the
 * passage among the results, and for its similarity in meaning.
 */
export async function chooseExtracts(
  question: string,
  passages: ToolPassage[],
  { embedder, signal }: { embedder: Embedder; signal: AbortSignal },
): Promise<Extract[]> {
  const candidates = toCandidates(question, passages);
  if (candidates.length === 0) return [];

  const similarities = await compare(question, candidates, embedder, signal);
  const close = candidates
    .map((candidate, i) => ({ ...candidate, similarity: similarities[i]! }))
    .filter(isClose)
    .sort((a, b) => b.score + b.similarity - (a.score + a.similarity));

  const quotedFrom = new Map<number, number>();
  return close
    .filter(({ number }) => {
      const count = (quotedFrom.get(number) ?? 0) + 1;
      quotedFrom.set(number, count);
      return count <= PER_PASSAGE;
    })
    .slice(0, EXTRACTS)
    .map(({ number, sentence }) => ({ number, sentence }));
}

function isClose({ coverage, similarity }: { coverage: number; similarity: number }): boolean {
  const least = coverage > 0 ? LEAST_SIMILARITY : LEAST_SIMILARITY_ALONE;
  return coverage >= LEAST_COVERAGE || similarity >= least;
}

function toCandidates(question: string, passages: ToolPassage[]): RatedExtract[] {
  const wanted = toWanted(question);
  const candidates = passages.flatMap(({ number, content }, rank) => {
    const ofPassage = 0.5 * coverage(wanted, toStems(content)) + 0.3 / (rank + 1);
    const quotes = toQuotes(content).filter((one) => !one.isShort || isAnswer(one, wanted));
    const hasWhole = quotes.some(({ isWhole }) => isWhole);
    return quotes.map((quote) => {
      const ofSentence = coverage(wanted, toStems(quote.inContext));
      const score = ofSentence + ofPassage - (hasWhole && !quote.isWhole ? FRAGMENT : 0);
      return { number, ...quote, coverage: ofSentence, score };
    });
  });
  // Neighbouring chunks overlap; each sentence is quoted once.
  const distinct = new Map(candidates.reverse().map((c) => [c.sentence, c]));
  return [...distinct.values()].sort((a, b) => b.score - a.score).slice(0, COMPARED);
}

/** A row of a table or a short line such as `Exam: 12 July`: it names the question's subject and gives a value. */
function isAnswer({ sentence, inContext }: Quote, wanted: WantedWords): boolean {
  const isNew = (word: string) => wanted.every((one) => one.isDisjointFrom(toStems(word)));
  return (
    VALUE.test(sentence) &&
    coverage(wanted, toStems(inContext)) >= LEAST_COVERAGE_OF_ROW &&
    informativeWords(sentence).some(isNew)
  );
}

/** A number, or a mark between a name and its value. */
const VALUE = /[\p{N}:=|→：]/u;

/** Verbatim sentences and short lines, with normalized spaces. */
function toQuotes(content: string): Quote[] {
  const quotes: Quote[] = [];
  let scrap = "";
  for (const stretch of joinLines(splitSentences(content)).flatMap((one) => one.match(STRETCH)!)) {
    const sentence = stretch.replace(/\s+/g, " ").trim();
    const isShort = wordsOf(sentence).length < LEAST_WORDS;
    const isQuestion = /[?？]$/.test(sentence);
    const isWhole = WHOLE.test(sentence);
    if (!isQuestion) {
      quotes.push({ sentence, inContext: `${scrap} ${sentence}`.trim(), isWhole, isShort });
    }
    // A heading that repeats the question is the context of an answer and of each row below the heading.
    const isRow = !isWhole && VALUE.test(sentence);
    if (isQuestion || (isShort && !isRow)) scrap = sentence;
    else if (!isRow) scrap = "";
  }
  return quotes;
}

/** Joins a line that ends in the middle of a sentence with the next line. */
const joinLines = (sentences: string[]): string[] =>
  sentences.reduce<string[]>((lines, line) => {
    if (GOES_ON.test(lines.at(-1) ?? "")) lines[lines.length - 1] += line;
    else if (line.trim() !== "") lines.push(line);
    return lines;
  }, []);

const GOES_ON =
  /(?:,|[\s“"(](?:and|or|but|of|the|an?|to|with|is|are|has|in|on|by|for|from|that|than))\s*\n\s*$/i;
const WHOLE = /[.!?:…。！？]["”’)\]]*$/;
const STRETCH = new RegExp(`(?:\\S+\\s*){1,${LONGEST_WORDS}}`, "gu");

/** Cosine of the question and each candidate; embeddings have unit length. */
async function compare(
  question: string,
  candidates: RatedExtract[],
  embedder: Embedder,
  signal: AbortSignal,
): Promise<number[]> {
  const sentences = candidates.map(({ inContext }) => inContext);
  const [asked, found] = await Promise.all([
    embedder.embed([question], { purpose: "query", signal }),
    embedder.embed(sentences, { purpose: "document", signal }),
  ]);
  const direction = asked.embeddings[0]!;
  return found.embeddings.map((embedding) =>
    embedding.reduce((sum, value, i) => sum + value * direction[i]!, 0),
  );
}
