import { expect, test } from "bun:test";
import { opens } from "../../src/evaluation/gold-places";
import type { Citation } from "../../src/retrieval/search";

const GOLD = { asset_id: "a", start_ms: 60_000, end_ms: 64_000 };

/** A citation of speech that lasts 30 s. */
const cite = (start_ms: number): Citation =>
  ({
    asset_id: "a",
    start_ms,
    end_ms: start_ms + 30_000,
    url: `https://example.org/?start=${Math.floor(start_ms / 1_000)}`,
  }) as Citation;

test.each([
  ["six seconds before the answer", 54_000, false],
  ["five seconds before it", 55_000, true],
  ["at its start", 60_000, true],
  ["in its first half", 61_900, true],
  ["in its second half", 62_100, false],
  ["after its end", 65_000, false],
])("a citation that opens %s is right: %p ms, %p", (_, start_ms, isRight) => {
  expect(opens(cite(start_ms), GOLD)).toBe(isRight);
});

test("a citation is not right more than five seconds after the start of a long answer", () => {
  const long = { ...GOLD, end_ms: 180_000 };
  expect(opens(cite(65_000), long)).toBe(true);
  expect(opens(cite(66_000), long)).toBe(false);
});
