import type { eld as Detector } from "eld/extrasmall";

export type DetectedLanguage = {
  /** BCP 47; null when the text is too short or too mixed to tell. */
  language_code: string | null;
  text_config: TextConfig;
};

/** Name of a full-text configuration that PostgreSQL 17 ships with. */
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
  // Malay and Indonesian build words alike, and the detector calls both Malay.
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
 * Tells the language of slides or speech. Uncertain means null and `simple`: a wrong stemmer hides
 * words from search, none at all merely misses other forms of them.
 */
export function detectLanguage(text: string): DetectedLanguage {
  const sample = text.slice(0, SAMPLE_CHARS);
  const language_code = languageOfScript(sample) ?? languageOfWords(sample);
  return { language_code, text_config: textConfigFor(language_code) };
}

/** More text does not change the answer; it only takes longer. */
const SAMPLE_CHARS = 20_000;
/** Whatever holds a digit or a mathematical sign: formulas, code, addresses, model names. */
const NOT_PROSE = /[\p{N}=_^{}()[\]<>\\/@|$]/u;
const LETTERS = /[\p{L}\p{M}]/gu;
const WORDS = /[\p{L}\p{M}]{2,}/gu;

/** Scripts that (nearly) tell the language, in this order. Not Greek: it is in every formula. */
const SCRIPTS: readonly [RegExp, string, share: number][] = [
  [/\p{Script=Hangul}/gu, "ko", 0.5],
  // Japanese mixes kana with Han; a fifth of kana is more than Chinese ever quotes.
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

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

/** Below this, terms and names decide, and these look alike in related languages. */
const MIN_LETTERS = 24;
const MIN_WORDS = 3;

let detector: typeof Detector | undefined;

/** Loaded on first use: its statistics take 0.2 s and 43 MB of each thread that asks. */
function languageOfWords(text: string): string | null {
  const words = text.split(/\s+/).filter((word) => !NOT_PROSE.test(word));
  const prose = words.join(" ");
  if (count(prose, LETTERS) < MIN_LETTERS || count(prose, WORDS) < MIN_WORDS) return null;
  // `require` by path: the package offers itself to `import` only, which could not wait here.
  detector ??= require(import.meta.resolve("eld/extrasmall")).eld as typeof Detector;
  const result = detector.detect(prose);
  return result.isReliable() ? result.language : null;
}
