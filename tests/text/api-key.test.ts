import { expect, test } from "bun:test";
import { createApiKey, matchesHash, matchesNothing, parseApiKey } from "../../src/text/api-key";

test("a key is parsed to its id and a secret that matches its hash only", () => {
  const { key, key_id, hashed_key } = createApiKey();
  const parsed = parseApiKey(key)!;

  expect(key).toMatch(/^lk_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
  expect(parsed.key_id).toBe(key_id);
  expect(matchesHash(parsed.secret, hashed_key)).toBeTrue();
  expect(matchesHash(parsed.secret, createApiKey().hashed_key)).toBeFalse();
  expect(matchesNothing(parsed.secret)).toBeFalse();
  expect(hashed_key).not.toContain(parsed.secret);
});

test("every mistyped character is found", () => {
  const { key } = createApiKey();
  for (let i = 3; i < key.length; i += 1) {
    const typed = key[i] === "a" ? "b" : "a";
    if (key[i] === "_") continue;
    expect(parseApiKey(key.slice(0, i) + typed + key.slice(i + 1))).toBeNull();
  }
});

test.each(["", "lk_", "Bearer x", "lk_short_short_short", " lk_a", "lk_é"])(
  "%j is no key",
  (text) => {
    expect(parseApiKey(text)).toBeNull();
  },
);

test("a thousand keys are all different", () => {
  const ids = Array.from({ length: 1_000 }, () => createApiKey());

  expect(new Set(ids.map(({ key }) => key)).size).toBe(1_000);
  expect(new Set(ids.map(({ key_id }) => key_id)).size).toBe(1_000);
});
