import { english, type Strings } from "./english";
import { german } from "./german";

const STORED = "lectern-language";

const chosen = (): string => {
  try {
    return localStorage.getItem(STORED) ?? navigator.language;
  } catch {
    return navigator.language;
  }
};

export const language: "en" | "de" = /^de\b/i.test(chosen()) ? "de" : "en";

/** The texts in the language of the reader. A change of language loads the page again. */
export const strings: Strings = language === "de" ? german : english;

export function switchLanguage(): void {
  localStorage.setItem(STORED, language === "de" ? "en" : "de");
  location.reload();
}
