import { describe, expect, test } from "bun:test";
import { findCollapsed } from "../../bench/collapse";
import { type Figure, summarize, toRows } from "../../bench/figures";
import { type BenchRun, replaceBetweenMarkers, toMarkdown } from "../../bench/report";

const figure = (fields: Partial<Figure> = {}): Figure => ({
  id: "queue.whole",
  what: "a job",
  unit: "ms",
  samples: [4, 2, 3],
  ...fields,
});
const beside = (samples: number[]) => ({ peer: { what: "plain pgmq", samples } });

describe("a figure", () => {
  test("has the median, the middle half and its ratio to the peer", () => {
    const summary = summarize(figure({ samples: [8, 2, 4, 6], ...beside([1, 2, 3]) }));

    expect(summary).toMatchObject({ median: 4, low: 2, high: 6, samples: 4, ratio: 2 });
  });

  test("holds its limit by the ratio with a peer and by the median without one", () => {
    const limit = { at_most: 1.5 };

    expect(summarize(figure({ limit, ...beside([2]) })).holds).toBe(true);
    expect(summarize(figure({ limit })).holds).toBe(false);
    expect(summarize(figure({ limit: { at_least: 3 } })).holds).toBe(true);
  });

  test("is a row that says what it is compared with", () => {
    const [row] = toRows([summarize(figure(beside([1])))]);

    expect(row).toMatchObject({ median: "3 ms", beside: "plain pgmq: 1 ms", ratio: "3 ×" });
  });
});

describe("a collapse", () => {
  const recorded = [summarize(figure(beside([1])))];

  test("is a ratio of more than twice the record", () => {
    const worse = summarize(figure({ samples: [70], ...beside([10]) }));
    const noise = summarize(figure({ samples: [50], ...beside([10]) }));

    expect(findCollapsed(recorded, [worse])).toEqual(["queue.whole"]);
    expect(findCollapsed(recorded, [noise])).toEqual([]);
  });

  test("is no slower machine, on which the peer is slower too", () => {
    const slow = summarize(figure({ samples: [300], ...beside([100]) }));

    expect(findCollapsed(recorded, [slow])).toEqual([]);
  });

  test("of a rate is a smaller ratio", () => {
    const limit = { at_least: 1 };
    const rate = [summarize(figure({ limit, samples: [10], ...beside([1]) }))];

    expect(
      findCollapsed(rate, [summarize(figure({ limit, samples: [4], ...beside([1]) }))]),
    ).toEqual(["queue.whole"]);
  });
});

describe("the document", () => {
  const run: BenchRun = {
    machine: "2 × CPU",
    commit: "abc1234",
    quick: true,
    figures: {
      queue: [1, 2].map((size) =>
        summarize(
          figure({
            id: `queue.${size}`,
            limit: { at_most: 10 },
            growth: { of: "jobs", size, unit: "jobs" },
          }),
        ),
      ),
    },
    failed: ["chat"],
  };

  test("has tables, a chart of limits, a chart of growth, and names what has no figures", () => {
    const text = toMarkdown(run, [], { queue: "Queue" });

    expect(text).toContain("## Queue");
    expect(text).toContain("Without figures in this run: chat.");
    expect(text.match(/xychart-beta/g)).toHaveLength(2);
    expect(text).toContain("`queue.1` 30 %");
  });

  test("keeps what people wrote around the generated part", () => {
    const first = replaceBetweenMarkers("# Benchmarks\n\nWritten by hand.\n", "one");
    const second = replaceBetweenMarkers(`${first}\n## By hand\n`, "two");

    expect(second).toStartWith("# Benchmarks\n\nWritten by hand.\n");
    expect(second).toContain("two");
    expect(second).not.toContain("one");
    expect(second).toEndWith("## By hand\n");
  });
});
