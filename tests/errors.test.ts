import { expect, test } from "bun:test";
import { ERRORS } from "../src/errors";

test("docs/errors.md explains every error code and no other, in alphabetical order", async () => {
  const page = await Bun.file("docs/errors.md").text();
  const explained = [...page.matchAll(/^## (\w+)$/gm)].map(([, code]) => code!);

  expect(explained).toEqual(Object.keys(ERRORS).sort());
});
