import { expect, test } from "bun:test";
import { codeOfRefusal, readRetryAfter } from "../../src/providers/refusal";

test.each([
  [400, "provider_request_refused"],
  [401, "provider_unauthorized"],
  [402, "provider_quota_exceeded"],
  [403, "provider_unauthorized"],
  [408, "provider_unavailable"],
  [409, "provider_unavailable"],
  [422, "provider_request_refused"],
  [429, "provider_rate_limited"],
  [503, "provider_unavailable"],
] as const)("%d means %s", (status, code) => {
  expect(codeOfRefusal(status)).toBe(code);
});

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
