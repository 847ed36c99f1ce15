import type { z } from "zod";

type RawIssue = z.core.$ZodRawIssue;

const TYPES: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};

const FORMATS: Record<string, string> = {
  guid: "an id (a UUID)",
  uuid: "an id (a UUID)",
  datetime: "a time such as 2026-01-31T12:00:00Z",
  date: "a date such as 2026-01-31",
  url: "a web address such as https://example.org/",
  email: "an email address",
  base64: "base64",
};

/** What is counted in a text or a list, by the number. */
const UNITS: Record<string, [one: string, many: string]> = {
  string: ["character", "characters"],
  array: ["item", "items"],
  record: ["entry", "entries"],
};

/**
 * The message of a value that breaks its schema, for readers who do not know the terms of schemas. It
 * continues the name of the field: `limit` "must be at least 1".
 *
 * @returns undefined for issues that have a message of their own
 */
export function explainIssue(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is missing";
      return `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${listValues(issue.values)}`;
    case "invalid_format":
      if (issue.format === "regex") return `must match ${issue.pattern}`;
      return `must be ${FORMATS[issue.format] ?? `valid (${issue.format})`}`;
    case "too_small":
      return explainBound(issue, Number(issue.minimum), ["at least", "more than"]);
    case "too_big":
      return explainBound(issue, Number(issue.maximum), ["at most", "less than"]);
    case "invalid_union":
      return Array.isArray(issue.options) ? `must be ${listValues(issue.options)}` : undefined;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    default:
      return undefined;
  }
}

type Bound = { origin: string; inclusive?: boolean; exact?: boolean };

function explainBound(
  { origin, inclusive = true, exact = false }: Bound,
  limit: number,
  [orEqual, strictly]: [string, string],
): string {
  const unit = UNITS[origin];
  const comparison = exact ? "exactly" : inclusive ? orEqual : strictly;
  if (!unit) return `must be ${comparison} ${limit}`;
  if (orEqual === "at least" && limit === 1) return "must not be empty";
  return `must have ${comparison} ${limit} ${unit[limit === 1 ? 0 : 1]}`;
}

/** Flags accept many words, of which the two usual ones are named. */
function listValues(values: readonly unknown[]): string {
  if (values.includes("true") && values.includes("false")) return "true or false";
  const quoted = values.map((value) => JSON.stringify(value) ?? String(value));
  return quoted.join(", ").replace(/, ([^,]*)$/, " or $1");
}
