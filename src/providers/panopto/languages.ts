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
  19: "no-NO",
};

/** BCP 47 for Panopto's number, or undefined when it is not known. */
export const languageOf = (number: number): string | undefined => LANGUAGES[number];

/** Panopto's number for a BCP 47 language, or undefined when it is not known. */
export function languageNumber(language: string): number | undefined {
  const entry = Object.entries(LANGUAGES).find(([, known]) => known === language);
  return entry && Number(entry[0]);
}
