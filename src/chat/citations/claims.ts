import { blankCodeAndMath, MARK, numbersIn } from "./marks";
import { quotationsIn, replaceQuotations } from "./quotations";

/** A statement of an answer and the numbers that it cites. */
export type Claim = {
  /** Without its marks; code and formulas are blanks. */
  text: string;
  numbers: number[];
  /** UTF-16 offsets in the answer, with marks and final punctuation; `end` is exclusive. */
  start: number;
  end: number;
  /** An entry of a list of sources, such as `[^1]: Lecture 3, page 7`; it states nothing. */
  isListed: boolean;
  /** The block quotation that it ends, without marks. */
  blockQuotation: string | undefined;
};

const MARKS = new RegExp(`(?<!\\s)\\s*(?:${MARK.source}\\s*)+`, MARK.flags);
const ABBREVIATION =
  "[A-Z]|Dr|Prof|Fig|Sec|Eq|St|vs|cf|e\\.g|i\\.e|[zdusi]\\.\\s?[A-Za-z]|bzw|ca|[Vv]gl|Abb|Nr|Kap|Gl|Bsp|Tab|Abs|inkl|ggf|sog|evtl|approx";
const GERMAN_MONTH =
  "Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember";
/** "der 2. Hauptsatz", "3. März": a German ordinal. */
const ORDINAL = `(?:[Dd](?:er|ie|as|em|en|es)|[AaIi]m|[Vv]om|[Zz]u[mr]|[Bb]eim|[Jj]ede[rsmn]?|[Ee]ine[nrms]?)\\s\\d{1,3}\\.|\\d{1,2}\\.(?=\\s(?:${GERMAN_MONTH}))`;
/**
 * The end of a sentence with up to eight closing marks, except after an abbreviation such as "Dr.", an
 * initial or an ordinal, and except before a mark that belongs to the sentence.
 */
const SENTENCE_END = new RegExp(
  `(?<=[.!?…]["”“»’)*_]{0,8})(?<!\\b(?:${ABBREVIATION})\\.)(?<!\\b(?:${ORDINAL}))\\s+(?![A-Za-z]\\.\\s)(?!${MARK.source})` +
    `|(?<=[。！？][”」』）]?)(?![”」』）]|\\s*${MARK.source})\\s*|\\n+`,
  "iu",
);
const WORD = /\p{L}[\p{L}\p{M}'’-]*/gu;

/**
 * The claims of an answer. Each run of marks covers its sentence from the previous run on. Marks at
 * the start of a sentence cover the rest of it; marks in a sentence without other words cover the
 * sentence before.
 */
export function readClaims(answer: string): Claim[] {
  const prose = blankCodeAndMath(answer);
  const listed = findSourceEntries(prose);
  const isListed = ({ start }: { start: number }) =>
    listed.some((entry) => start >= entry.start && start < entry.end);
  const quotationOf = blockQuotationReader(prose);
  return readStatements(prose).map((claim) => ({
    ...claim,
    isListed: isListed(claim),
    blockQuotation: quotationOf(claim),
  }));
}

const BLOCK_QUOTATION = /^ {0,3}>.*(?:\n {0,3}>.*)*/gm;
/** The author or place below a quotation. */
const ATTRIBUTION = /\n[ \t]*[—–-]{1,3}\s?[\s\S]*$/;
/** Notes, lists, tables, formulas and code have the form of a quotation, but quote nothing. */
const NO_QUOTATION =
  /^[ \t]*(?:\*\*|__|\[!|\p{Extended_Pictographic}|[*_]?\p{L}[\p{L} ]{0,24}[*_]?:)|^[ \t]*(?:[*+-]\s|\d+[.)]\s|#|\|)|[$\\]|\s{6}/mu;

/** Reads the block quotation up to a claim, from the claim before it on. */
function blockQuotationReader(prose: string): (claim: ClaimText) => string | undefined {
  const blocks = [...prose.matchAll(BLOCK_QUOTATION)].map(({ 0: text, index: start }) => ({
    from: start,
    start,
    end: start + text.length,
  }));
  return ({ start, end }) => {
    const block = blocks.find((one) => start >= one.start && start < one.end);
    if (!block) return undefined;
    const text = prose
      .slice(block.from, Math.min(end, block.end))
      .replace(/^(?: {0,3}> ?)+/gm, "")
      .replace(ATTRIBUTION, "")
      .replace(MARKS, " ");
    block.from = end;
    const isQuotation = wordsOf(text).length >= 3 && quotationsIn(text).length === 0;
    return isQuotation && !NO_QUOTATION.test(text) ? text : undefined;
  };
}

const FOOTNOTE = /^ {0,3}[[【]\^\p{Nd}{1,3}[\]】]:.*$/gmu;
/** A heading of its own line, and the lines below it that begin with a mark. */
const SOURCE_LIST = new RegExp(
  "^[^\\p{L}\\n]{0,8}(?:sources?|references?|citations|quellen(?:angaben)?|literatur|belege|fuentes|referencias|références|fonti|fontes|来源|参考文献|出典)[^\\p{L}\\n]{0,8}\\n" +
    `(?:[^\\p{L}\\n]{0,8}(?:${MARK.source}).*(?:\\n|$)|[ \\t]*\\n)+`,
  "gimu",
);

function findSourceEntries(prose: string): { start: number; end: number }[] {
  return [FOOTNOTE, SOURCE_LIST].flatMap((entries) =>
    [...prose.matchAll(entries)].map(({ 0: text, index }) => ({
      start: index,
      end: index + text.length,
    })),
  );
}

type ClaimText = Omit<Claim, "isListed" | "blockQuotation">;

function readStatements(prose: string): ClaimText[] {
  const sentences = splitSentences(prose);
  return sentences.flatMap(({ text: sentence, start: at }, i) => {
    const marks = [...sentence.matchAll(MARKS)];
    return marks.map((mark, j): ClaimText => {
      const numbers = numbersIn(mark[0]);
      const before = j === 0 ? 0 : marks[j - 1]!.index + marks[j - 1]![0].length;
      const behind = mark.index + mark[0].length;
      const isLast = j === marks.length - 1;
      const text = sentence.slice(before, mark.index);
      const end = isLast ? sentence.length : mark.index + mark[0].trimEnd().length;
      const span = { start: at + skipBlanks(sentence, before), end: at + end };
      if (j > 0 || isStatement(text, marks.length > 1)) return { text, numbers, ...span };

      // "[1] says …", "As [1] says, …"
      const after = sentence.slice(behind, marks[1]?.index);
      // "… in 1948. (See [1].)"
      const earlier = wordsOf(after).length === 0 ? sentences[i - 1] : undefined;
      const words = earlier?.text.replace(MARKS, " ");
      if (words) return { text: words, numbers, start: earlier!.start, end: span.end };
      const last = at + (marks[1]?.index ?? sentence.length);
      return { text: `${text} ${after}`, numbers, start: span.start, end: last };
    });
  });
}

const wordsOf = (text: string): string[] => text.match(WORD) ?? [];
const skipBlanks = (text: string, from: number) =>
  from + /^[\s,;]*/.exec(text.slice(from))![0].length;

/** Lead-ins such as "According to [1]" are not claims. A short phrase is one only beside other marks. */
const isStatement = (text: string, isShared: boolean) =>
  wordsOf(text).length >= 3 ||
  (isShared && wordsOf(text).length > 0 && !LEAD_IN.test(text)) ||
  /\d/.test(text) ||
  quotationsIn(text).length > 0 ||
  WRITTEN_TOGETHER.test(text);
const LEAD_IN =
  /^[^\p{L}]*(?:as|see|cf|per|in|from|by|sources?|according to|and|but|so|laut|nach|siehe|wie|quellen?|selon|d['’]après|voir|comme|según|véase|como|fuentes?)[^\p{L}]*$/iu;
/** A sentence in a script without spaces. */
const WRITTEN_TOGETHER = /[\p{Script=Han}\p{Script=Kana}\p{Script=Hira}\p{Script=Thai}]{4,}/u;

const maskPunctuation = (text: string) => text.replace(/[.!?…。！？]/g, "\u0000");

/** Punctuation inside a quotation or a mark does not end the sentence. */
function splitSentences(prose: string): { text: string; start: number }[] {
  const masked = replaceQuotations(prose, maskPunctuation).replace(MARK, maskPunctuation);
  const sentences: { text: string; start: number }[] = [];
  let from = 0;
  for (const piece of masked.split(SENTENCE_END)) {
    const start = masked.indexOf(piece, from);
    from = start + piece.length;
    const text = prose.slice(start, from);
    const trimmed = text.trim();
    if (trimmed !== "") sentences.push({ text: trimmed, start: start + text.indexOf(trimmed) });
  }
  return sentences;
}
