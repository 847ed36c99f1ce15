import { language } from "./strings";

let translated: Record<string, string> = {};

/** Loads the titles of problems in the language of the page. Without them the English ones of the server are shown. */
export async function loadProblemTitles(): Promise<void> {
  if (language === "de") translated = (await import("./german-problems")).germanProblems;
}

/** The title of a problem in the language of the page; undefined if only the server has one. */
export const problemTitle = (code: string | null | undefined): string | undefined =>
  code ? translated[code] : undefined;
