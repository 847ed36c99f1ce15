import { detectLanguage } from "../../text/language";
import { stemsOf } from "./stems";

/** Below this share of its stems in the sources, a sentence is unrelated to them. */
const MIN_SHARE = 0.2;
/** A sentence with fewer stems is too short to be judged. */
const MIN_STEMS = 4;

/**
 * Whether a sentence shares too few words with its sources to be about the same thing. False when
 * they are in different languages, or when one of them is too short to know its language.
 */
export function isUnrelated(
  sentence: string,
  sources: readonly { text: string; stems: ReadonlySet<string> }[],
): boolean {
  const stems = [...stemsOf(sentence)];
  if (stems.length < MIN_STEMS) return false;
  const shared = stems.filter((stem) => sources.some((source) => source.stems.has(stem)));
  if (shared.length / stems.length >= MIN_SHARE) return false;
  const language = detectLanguage(sentence).language_code;
  return (
    language !== null &&
    sources.every(({ text }) => detectLanguage(text).language_code === language)
  );
}
