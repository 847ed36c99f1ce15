/** Panopto's numbers of caption languages. */
const LANGUAGES: Record<number, string> = {
  0: "en-US",
  1: "en-GB",
  2: "es-MX",
  3: "es-ES",
  4: "de-DE",
  5: "fr-FR",
  6: "nl-NL",
  7: "th-TH",
  8: "zh-CN",
  9: "zh-TW",
  10: "ko-KR",
  11: "ja-JP",
  12: "ru-RU",
  13: "pt-PT",
  14: "pl-PL",
  15: "en-AU",
  16: "da-DK",
  17: "fi-FI",
  18: "hu-HU",
  19: "no-NO",
  20: "sv-SE",
  21: "it-IT",
};

/** Panopto adds languages: one that is not in the table has a private tag with its number. */
const UNKNOWN = /^und-x-panopto-(\d{1,8})$/i;

/** The BCP 47 tag of Panopto's number: `de-DE`, or `und-x-panopto-77` for a language we do not know. */
export const languageOf = (number: number): string =>
  LANGUAGES[number] ?? `und-x-panopto-${number}`;

/** Panopto's number of a tag that `languageOf` returns; undefined for other tags. */
export function languageNumber(language: string): number | undefined {
  const unknown = UNKNOWN.exec(language)?.[1];
  if (unknown !== undefined) return Number(unknown);
  const entry = Object.entries(LANGUAGES).find(([, known]) => known === language);
  return entry && Number(entry[0]);
}

/**
 * The language of captions. It is detected from their text, because Panopto's numbers are often wrong: a
 * recording without a language has the number 0, English.
 *
 * @param language  a tag that `languageOf` returns
 * @param detected  the language of the text, null when it is uncertain
 */
export function captionLanguage(language: string, detected: string | null): string | null {
  const primary = (tag: string) => tag.split("-")[0]!.replace(/^(?:nb|nn)$/, "no");
  if (detected !== null && primary(detected) !== primary(language)) return detected;
  return UNKNOWN.test(language) ? null : language;
}
