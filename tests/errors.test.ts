import { expect, test } from "bun:test";
import { ERRORS } from "../src/errors";

test("docs/errors.md explains every error code, and no other", async () => {
  const page = await Bun.file("docs/errors.md").text();
  const explained = [...page.matchAll(/^## (\w+)$/gm)].map(([, code]) => code!);

  expect(explained.sort()).toEqual(Object.keys(ERRORS).sort());
});
