import { english, type Strings } from "./english";
import { german } from "./german";

const STORED = "lectern-language";

const chosen = (): string => {
  const fromAddress = new URLSearchParams(location.search).get("lang");
  try {
    return fromAddress ?? localStorage.getItem(STORED) ?? navigator.language;
  } catch {
    return fromAddress ?? navigator.language;
  }
};

export const language: "en" | "de" = /^de\b/i.test(chosen()) ? "de" : "en";

/** The texts in the language of the reader. A change of language loads the page again. */
export const strings: Strings = language === "de" ? german : english;

export function switchLanguage(): void {
  const next = language === "de" ? "en" : "de";
  const address = new URL(location.href);
  address.searchParams.delete("lang");
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // Storage can be forbidden. The address then has the language.
    address.searchParams.set("lang", next);
  }
  history.replaceState(null, "", address);
  location.reload();
}
