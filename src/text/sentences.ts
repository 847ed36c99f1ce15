/**
 * Splits text into sentences. The joined sentences are the text, without loss.
 *
 * `Intl.Segmenter` splits every script. Its wrong splits in lectures are merged again: titles and
 * references (`Dr. Noether`, `Fig. 3`), initials, ordinals (`3. Oktober`), punctuation in formulas
 * (`n!/k`), and lines that break inside a sentence. Uncertain splits are merged, because a sentence
 * that is too long is better than half a sentence.
 */
export function splitSentences(text: string): string[] {
  const sentences: string[] = [];
  let start = 0;
  let tail = "";
  for (const { segment, index } of segmenter.segment(text)) {
    if (tail && !continues(tail, segment)) {
      sentences.push(text.slice(start, index));
      start = index;
    }
    // Only the end of the sentence matters; testing all of a long paragraph would take quadratic time.
    tail = (tail + segment.slice(-TAIL)).slice(-TAIL);
  }
  if (tail) sentences.push(text.slice(start));
  return sentences;
}

/** Whether a word ends a sentence, for speech that is given word by word. */
export function endsSentence(word: string): boolean {
  return SENTENCE_END.test(word) && !OPEN_END.test(word);
}

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

const SENTENCE_END = /[.!?…。！？．｡؟۔।॥]["'”’»)\]」』]*$/u;

// biome-ignore format: words, by language: English and Latin, German, Romance
const ABBREVIATIONS = [
  "dr", "prof", "mr", "mrs", "ms", "st", "jr", "sr", "vs", "cf", "e\\.?g", "i\\.?e", "al", "approx", "resp", "viz",
  "fig", "figs", "eq", "eqs", "sec", "ch", "chap", "vol", "no", "nos", "pp?", "ed", "eds", "ref", "refs", "tab", "thm",
  "def", "lem", "prop", "cor", "ex", "alg", "app", "a\\.m", "p\\.m", "u\\.s", "ph\\.d", "m\\.sc", "b\\.sc",
  "nr", "abb", "abs", "kap", "bsp", "bzw", "ca", "z\\. ?b", "d\\. ?h", "u\\. ?a", "s\\. ?o", "vgl", "hr", "fr",
  "mme", "mlle", "sra", "dra", "ud", "uds", "art", "cap", "núm", "ecc",
];

/** A full stop that does not always end a sentence: after an abbreviation, initial or ordinal. */
const OPEN_END = new RegExp(
  `(?:^|[^\\p{L}\\p{N}.])(?:${ABBREVIATIONS.join("|")}|\\p{L}|\\p{N}{1,2})\\.$`,
  "iu",
);
const GLUED_MARK = /[.!?]$/;
const WRAPPED_LINE = /[^\n.!?:;。！？؟]\n$/;
/** Longer than any abbreviation and the character before it. */
const TAIL = 16;

function continues(tail: string, next: string): boolean {
  if (GLUED_MARK.test(tail)) return /^[^\s\p{Lo}]/u.test(next);
  if (tail.endsWith("\n")) return WRAPPED_LINE.test(tail) && /^[ \t]*\p{Ll}/u.test(next);
  return /^\p{Ll}/u.test(next) || OPEN_END.test(tail.trimEnd());
}
