import { openLanguageDetector } from "./language-detector";

export type DetectedLanguage = {
  /** BCP 47; null when the text is too short or too mixed. */
  language_code: string | null;
  text_config: TextConfig;
};

/** A full-text configuration that is part of PostgreSQL 17. */
export type TextConfig = (typeof TEXT_CONFIGS)[keyof typeof TEXT_CONFIGS] | "simple";

/** By the primary subtag of a language. */
// biome-ignore format: a table reads best as a table
const TEXT_CONFIGS = {
  ar: "arabic",     hy: "armenian",   eu: "basque",     ca: "catalan",    da: "danish",  nl: "dutch",
  en: "english",    et: "estonian",   fi: "finnish",    fr: "french",     de: "german",  el: "greek",
  hi: "hindi",      hu: "hungarian",  id: "indonesian", ga: "irish",      it: "italian", lt: "lithuanian",
  ne: "nepali",     no: "norwegian",  nb: "norwegian",  nn: "norwegian",  pt: "portuguese",
  ro: "romanian",   ru: "russian",    sr: "serbian",    es: "spanish",    sv: "swedish", ta: "tamil",
  tr: "turkish",    yi: "yiddish",
  // Malay and Indonesian form words in the same way, and the detector returns Malay for both.
  ms: "indonesian",
} as const;

/** The configuration that stems words of a language; `simple`, which only lower-cases, for others. */
export function textConfigFor(language_code: string | null): TextConfig {
  const primary = language_code?.toLowerCase().split(/[-_]/)[0] ?? "";
  return Object.hasOwn(TEXT_CONFIGS, primary)
    ? TEXT_CONFIGS[primary as keyof typeof TEXT_CONFIGS]
    : "simple";
}

/**
 * Detects the language of slides or speech. An uncertain result is null and `simple`: a wrong stemmer
 * hides words from search, while no stemmer misses only their other forms.
 */
export function detectLanguage(text: string): DetectedLanguage {
  const sample = text.slice(0, SAMPLE_CHARS);
  const language_code = languageOfScript(sample) ?? languageOfWords(sample);
  return { language_code, text_config: textConfigFor(language_code) };
}

/** More text takes longer without changing the result. */
const SAMPLE_CHARS = 20_000;
/** A word with a digit or a mathematical sign: formulas, code, addresses, model names. */
const NOT_PROSE = /[\p{N}=_^{}()[\]<>\\/@|$]/u;
const LETTERS = /[\p{L}\p{M}]/gu;
const WORDS = /[\p{L}\p{M}]{2,}/gu;

/** Scripts that identify a language, in this order. Greek is not one: formulas contain it. */
const SCRIPTS: readonly [RegExp, string, share: number][] = [
  [/\p{Script=Hangul}/gu, "ko", 0.5],
  // Japanese mixes kana with Han; Chinese text never contains a fifth of kana.
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/gu, "ja", 0.2],
  [/\p{Script=Han}/gu, "zh", 0.5],
  [/\p{Script=Thai}/gu, "th", 0.5],
  [/\p{Script=Armenian}/gu, "hy", 0.5],
  [/\p{Script=Georgian}/gu, "ka", 0.5],
  [/\p{Script=Tamil}/gu, "ta", 0.5],
];
const MIN_SCRIPT_LETTERS = 4;

function languageOfScript(text: string): string | null {
  const letters = count(text, LETTERS);
  const found = SCRIPTS.find(([script, , share]) => {
    const own = count(text, script);
    return own >= MIN_SCRIPT_LETTERS && own > letters * share;
  });
  return found?.[1] ?? null;
}

/** The matches of a global pattern. A list of them would take 1 MB for a sample. */
function count(text: string, pattern: RegExp): number {
  let matches = 0;
  pattern.lastIndex = 0;
  while (pattern.test(text)) matches += 1;
  return matches;
}

/** A shorter text consists mainly of terms and names, which related languages share. */
const MIN_LETTERS = 24;
const MIN_WORDS = 3;

let detector: ReturnType<typeof openLanguageDetector> | undefined;

/**
 * The words in Latin letters or the others, whichever are more: a few words in another script outweigh a page of
 * English in the detector.
 */
function inMainScript(words: string[]): string {
  const isLatin = (word: string) => /\p{Script=Latin}/u.test(word);
  const [latin, others] = [words.filter(isLatin), words.filter((word) => !isLatin(word))].map(
    (some) => some.join(" "),
  ) as [string, string];
  return count(latin, LETTERS) >= count(others, LETTERS) ? latin : others;
}

/** The detector is opened on first use: it takes 0.15 s and 15 MB in each thread. */
function languageOfWords(text: string): string | null {
  const prose = inMainScript(text.split(/\s+/).filter((word) => !NOT_PROSE.test(word)));
  if (count(prose, LETTERS) < MIN_LETTERS || count(prose, WORDS) < MIN_WORDS) return null;
  detector ??= openLanguageDetector();
  const result = detector.detect(prose);
  return result.isReliable() ? result.language : null;
}
