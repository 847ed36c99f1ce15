import { expect, test } from "bun:test";
import { z } from "zod";
import { ERRORS, toFieldProblems } from "../src/errors";

test("docs/errors.md explains every error code and no other, in alphabetical order", async () => {
  const page = await Bun.file("docs/errors.md").text();
  const explained = [...page.matchAll(/^## (\w+)$/gm)].map(([, code]) => code!);

  expect(explained).toEqual(Object.keys(ERRORS).sort());
});

test("the problem of a union is that of the alternative that was meant", () => {
  const text = z.string().or(z.array(z.object({ url: z.literal("all").or(z.literal("none")) })));
  const problemsOf = (value: unknown) =>
    toFieldProblems(z.object({ text }).safeParse({ text: value }).error!);

  expect(problemsOf([{ url: "x" }])).toEqual([
    {
      path: "text.0.url",
      message: 'must be "all", or must be "none"',
    },
  ]);
  expect(problemsOf([{}])).toMatchObject([{ path: "text.0.url" }]);
  const [{ path, message }] = problemsOf(7) as [{ path: string; message: string }];
  expect(path).toBe("text");
  expect(message).toBe("must be text, or must be a list");
});
