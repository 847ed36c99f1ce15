/** Escapes in JSON: of a character of two halves, of half a character, of anything else. */
const ESCAPES =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[dD][89a-fA-F][\da-fA-F]{2}|u0000|.)/g;
const HALF = /^\\u[dD][89a-fA-F]..$/;

/**
 * JSON with whole characters only. Text that was cut between the two halves of one, as of 🪙, says
 * `\ud83e` at its end: no UTF-8 can hold that, and PostgreSQL refuses it. It becomes `\ufffd`.
 */
export const mendHalves = (json: string): string =>
  /\\u[dD]/.test(json)
    ? json.replace(ESCAPES, (found) => (HALF.test(found) ? "\\ufffd" : found))
    : json;

/** What PostgreSQL can keep of a value that is JSON: without NUL, and of whole characters. */
export function toStorable<T>(value: T): T {
  const json = JSON.stringify(value);
  if (!/\\u(?:[dD]|0000)/.test(json)) return value;
  return JSON.parse(
    mendHalves(json).replace(ESCAPES, (found) => (found === "\\u0000" ? "" : found)),
  );
}
