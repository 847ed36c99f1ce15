import { expect, test } from "bun:test";
import { toCaptionTime, toClock } from "../../src/text/clock";

test.each([
  [0, "0:00"],
  [65_999, "1:05"],
  [600_000, "10:00"],
  [3_723_000, "1:02:03"],
  [360_000_000, "100:00:00"],
])("%d ms are %s", (ms, clock) => {
  expect(toClock(ms)).toBe(clock);
});

test("the time of a caption has all digits and the format's separator", () => {
  expect(toCaptionTime(3_723_045, ".")).toBe("01:02:03.045");
  expect(toCaptionTime(360_000_007, ",")).toBe("100:00:00,007");
});
