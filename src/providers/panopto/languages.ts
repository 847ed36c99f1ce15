/** Panopto numbers its caption languages. Numbers it may have added since are left out. */
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

/** BCP 47 for Panopto's number, or undefined when it is not known. */
export const languageOf = (number: number): string | undefined => LANGUAGES[number];

/** Panopto's number for a BCP 47 language, or undefined when it is not known. */
export function languageNumber(language: string): number | undefined {
  const entry = Object.entries(LANGUAGES).find(([, known]) => known === language);
  return entry && Number(entry[0]);
}
