import { expect, test } from "bun:test";
import { readRetryAfter } from "../../../src/media/fetch/retry-after";

const NOW = Date.parse("2026-11-23T12:00:00Z");

test.each([
  ["seconds", { "retry-after": "7" }, 7_000],
  ["parts of a second", { "retry-after": "0.5" }, 500],
  ["a date", { "retry-after": "Mon, 23 Nov 2026 12:00:30 GMT" }, 30_000],
  ["a date that is over", { "retry-after": "Mon, 23 Nov 2026 11:00:00 GMT" }, 0],
  ["milliseconds before seconds", { "retry-after-ms": "1200", "retry-after": "2" }, 1_200],
  ["nothing", {}, null],
  ["what is neither", { "retry-after": "soon" }, null],
])("reads how long to wait: %s", (_, headers: Record<string, string>, ms) => {
  expect(readRetryAfter(new Headers(headers), NOW)).toBe(ms);
});
