import { describe, expect, test } from "bun:test";
import { eachAtMost } from "../../../src/pipelines/document/each-at-most";

async function* numbers(count: number) {
  for (let n = 0; n < count; n++) yield n;
}

describe("eachAtMost", () => {
  test("does every item, with as many under way as allowed", async () => {
    const done: number[] = [];
    let open = 0;
    let mostOpen = 0;

    await eachAtMost(3, numbers(10), async (n) => {
      mostOpen = Math.max(mostOpen, ++open);
      await Bun.sleep(2);
      open -= 1;
      done.push(n);
    });

    expect(done.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(mostOpen).toBe(3);
  });

  test("begins nothing after a failure, but waits for what is under way", async () => {
    const done: number[] = [];

    const failed = eachAtMost(2, numbers(10), async (n) => {
      if (n === 1) throw new Error("no");
      await Bun.sleep(20);
      done.push(n);
    });

    expect(await failed.catch((error: Error) => error.message)).toBe("no");
    expect(done).toEqual([0]);
  });

  test("fails with its source, which it closes", async () => {
    let closed = false;
    async function* broken() {
      try {
        yield 1;
        throw new Error("unreadable");
      } finally {
        closed = true;
      }
    }

    const failed = eachAtMost(2, broken(), async () => {});

    expect(await failed.catch((error: Error) => error.message)).toBe("unreadable");
    expect(closed).toBe(true);
  });
});
