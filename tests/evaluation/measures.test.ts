import { describe, expect, test } from "bun:test";
import { assertSameCourse, compareReports } from "../../src/evaluation/gate";
import { toMeasure, wilson } from "../../src/evaluation/measures";
import { toGateTable } from "../../src/evaluation/report-table";

const items = (values: number[]) => values.map((value, i) => ({ id: `q${i}`, group: "en", value }));
const measure = (values: number[]) => toMeasure("retrieval", "found_in_8", items(values));
const many = (ones: number, zeros: number) => [...Array(ones).fill(1), ...Array(zeros).fill(0)];

describe("an interval", () => {
  test("of a share is Wilson's", () => {
    // The values that textbooks give for 8 of 10.
    const { mean, low, high } = wilson(8, 10);
    expect(mean).toBe(0.8);
    expect(low).toBeCloseTo(0.4902, 4);
    expect(high).toBeCloseTo(0.9433, 4);
  });

  test("of a perfect share is not empty", () => {
    expect(wilson(20, 20).low).toBeCloseTo(0.8389, 4);
    expect(wilson(20, 20).high).toBe(1);
  });

  test("of other values is the interval of resamples", () => {
    const [ranks] = measure([1, 0.5, 0.25, 1, 1, 0.5, 1, 0.5, 1, 1]);
    expect(ranks).toMatchObject({ interval: "bootstrap", n: 10 });
    expect(ranks!.low).toBeLessThan(ranks!.mean);
    expect(ranks!.high).toBeGreaterThan(ranks!.mean);
  });

  test.each([[[0.5]], [[0.5, 0.5, 0.5]], [[1, 0.25]]])("of the few values %j is wide", (values) => {
    const [few] = measure(values);
    expect(few).toMatchObject({ interval: "wilson", n: values.length });
    expect(few!.high - few!.low).toBeGreaterThan(0.5);
    expect(few!.low).toBeGreaterThanOrEqual(0);
    expect(few!.high).toBeLessThanOrEqual(1);
  });

  test("is left out without items", () => {
    expect(measure([])).toEqual([]);
  });
});

describe("the gate", () => {
  test("passes equal and better reports", () => {
    expect(compareReports(measure(many(8, 2)), measure(many(8, 2)))[0]!.is_regression).toBe(false);
    expect(compareReports(measure(many(8, 2)), measure(many(10, 0)))[0]!.is_regression).toBe(false);
  });

  test("ignores one lost question of many, and finds many lost ones", () => {
    expect(compareReports(measure(many(50, 0)), measure(many(49, 1)))[0]!.is_regression).toBe(
      false,
    );
    expect(compareReports(measure(many(50, 0)), measure(many(44, 6)))[0]).toMatchObject({
      is_regression: true,
      before: 1,
      after: 0.88,
    });
  });

  test("compares only questions that both reports have", () => {
    const after = toMeasure("retrieval", "found_in_8", items(many(5, 0)).slice(1));
    expect(compareReports(measure(many(10, 0)), after)[0]).toMatchObject({
      compared: 4,
      is_regression: false,
    });
  });

  test.each([1, 2])("cannot judge %d items, and says so", (n) => {
    const results = compareReports(measure(many(n, 0)), measure(many(0, n)));
    expect(results[0]).toMatchObject({ compared: n, is_regression: false });
    expect(toGateTable(results)).toContain("too few to judge");
    expect(compareReports(measure(many(3, 0)), measure(many(0, 3)))[0]!.is_regression).toBe(true);
  });

  test("leaves out a measure of a former version", () => {
    const former = measure(many(5, 0)).map((one) => ({ ...one, name: "found_in_5" }));
    const [one, ...others] = compareReports([...former, ...measure([1])], measure([1]));
    expect(one).toMatchObject({ name: "found_in_8", is_regression: false });
    expect(others).toEqual([]);
  });

  test("fails when a measure is missing", () => {
    const before = [...measure([1, 1]), ...toMeasure("timeline", "right_page", items([1]))];
    const missing = compareReports(before, measure([1, 1]))[1];
    expect(missing).toMatchObject({ section: "timeline", difference: null, is_regression: true });
  });

  test("refuses a baseline of other questions", () => {
    const other = toMeasure("retrieval", "found_in_8", [{ id: "z", group: "en", value: 1 }]);
    expect(() => compareReports(other, measure([1]))).toThrow("evaluation set cannot be read");
  });

  const asked = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({ id: `q${from + i}`, covered: true }));
  const check = (questions: { id: string; covered: boolean }[]) => () =>
    assertSameCourse(measure(many(10, 0)), questions);

  test.each([
    ["the same questions", asked(0, 10)],
    ["many added questions", asked(0, 100)],
    ["most questions removed", asked(8, 10)],
    ["half of the questions replaced", asked(5, 15)],
  ])("takes a baseline with %s", (_, questions) => {
    expect(check(questions)).not.toThrow();
  });

  test.each([
    ["no question", asked(10, 20)],
    ["one question of ten", asked(9, 19)],
    ["less than half of the questions", asked(6, 16)],
    ["no covered question", [...asked(10, 20), { id: "q0", covered: false }]],
  ])("refuses a baseline of a course that shares %s", (_, questions) => {
    expect(check(questions)).toThrow("evaluation set cannot be read");
  });

  test("compares a course whose questions are all uncovered", () => {
    const refused = toMeasure("refusal", "uncovered_refused", items(many(4, 0)));
    const uncovered = asked(0, 4).map(({ id }) => ({ id, covered: false }));
    expect(() => assertSameCourse(refused, uncovered)).not.toThrow();
    expect(() => assertSameCourse(measure(many(4, 0)), uncovered)).toThrow();
  });
});
