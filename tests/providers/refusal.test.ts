import { expect, test } from "bun:test";
import { codeOfRefusal } from "../../src/providers/refusal";

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
