import { language } from "./strings";

type FieldProblem = { path: string; message: string };

let translated: Record<string, string> = {};
let translateMessage = (message: string) => message;

/** Loads the titles of problems in the language of the page. Without them the English ones of the server are shown. */
export async function loadProblemTitles(): Promise<void> {
  if (language !== "de") return;
  const [titles, messages] = await Promise.all([
    import("./german-problems"),
    import("./german-field-messages"),
  ]);
  translated = titles.germanProblems;
  translateMessage = messages.toGermanMessage;
}

/** The title of a problem in the language of the page; undefined if only the server has one. */
export const problemTitle = (code: string | null | undefined): string | undefined =>
  code ? translated[code] : undefined;

/** The problem of one field in the language of the page. */
export const fieldProblem = ({ path, message }: FieldProblem): string =>
  [path, translateMessage(message)].filter(Boolean).join(": ");
