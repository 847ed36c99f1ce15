import { AppError } from "../../errors";

/** One line of `./lectern doctor`. `!!` marks what stops a start. */
export type Finding = { mark: "ok" | "--" | "!!"; about: string; text: string };

export const ok = (about: string, text: string): Finding => ({ mark: "ok", about, text });
export const missing = (about: string, text: string): Finding => ({ mark: "--", about, text });
export const broken = (about: string, text: string): Finding => ({ mark: "!!", about, text });

/** The finding of an error that stops a start, in one line. */
export function toFinding(about: string, error: unknown): Finding {
  if (!(error instanceof AppError)) return broken(about, String(error));
  const { problems, advice, message, ...facts } = error.details as {
    problems?: Record<string, string[]>;
    advice?: string;
    message?: string;
  };
  if (problems) {
    const lines = Object.entries(problems).map(([name, all]) => `${name} ${all.join("; ")}`);
    return broken(about, lines.join("; "));
  }
  const known = Object.entries(facts).map(([name, value]) => `${name}: ${value}`);
  return broken(
    about,
    [message ?? error.message, ...known, ...(advice ? [advice] : [])].join("; "),
  );
}
