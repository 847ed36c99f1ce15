/** Escapes in JSON: of a surrogate pair, of a lone surrogate, of any other character. */
const ESCAPES =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[dD][89a-fA-F][\da-fA-F]{2}|u0000|.)/g;
const HALF = /^\\u[dD][89a-fA-F]..$/;

/**
 * Replaces lone surrogates in JSON by `\ufffd`. A text that was cut inside a character such as 🪙 ends
 * with `\ud83e`, which UTF-8 cannot encode and PostgreSQL rejects.
 */
export const mendHalves = (json: string): string =>
  /\\u[dD]/.test(json)
    ? json.replace(ESCAPES, (found) => (HALF.test(found) ? "\\ufffd" : found))
    : json;

/** A JSON value as PostgreSQL can store it: without NUL and lone surrogates. */
export function toStorable<T>(value: T): T {
  const json = JSON.stringify(value);
  if (!/\\u(?:[dD]|0000)/.test(json)) return value;
  return JSON.parse(
    mendHalves(json).replace(ESCAPES, (found) => (found === "\\u0000" ? "" : found)),
  );
}
