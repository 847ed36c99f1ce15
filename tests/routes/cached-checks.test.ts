import { expect, test } from "bun:test";
import { orNullAfter, sharedFor } from "../../src/routes/cached-checks";

test("frequent callers share one check, and a later one checks again", async () => {
  let checks = 0;
  const check = sharedFor(100, async () => {
    checks += 1;
    return checks;
  });
  const together = await Promise.all([check(), check(), check()]);
  const soon = await check();
  await Bun.sleep(110);

  expect([...together, soon]).toEqual([1, 1, 1, 1]);
  expect(await check()).toBe(2);
});

test("a check that hangs is not started again beside itself, and each caller stops waiting", async () => {
  let checks = 0;
  const check = sharedFor(0, () => {
    checks += 1;
    return new Promise<never>(() => {});
  });

  expect(await orNullAfter(20, check)).toBeNull();
  expect(await orNullAfter(20, check)).toBeNull();
  expect(checks).toBe(1);
});

test("a failed check is a failure for all who share it, and null with a limit", async () => {
  const check = sharedFor(1_000, () => Promise.reject(new Error("away")));

  await expect(check()).rejects.toThrow("away");
  expect(await orNullAfter(1_000, check)).toBeNull();
});
