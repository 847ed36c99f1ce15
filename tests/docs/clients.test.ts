import { describe, expect, test } from "bun:test";

const page = await Bun.file("docs/clients.md").text();
const snippets = [...page.matchAll(/<!-- (examples\/\S+) -->\n\n```tsx?\n([\s\S]*?)\n```/g)].map(
  ([, file, code]) => ({ file: file!, code: code! }),
);

/** The lines without indentation, which a snippet need not have. */
const linesOf = (code: string) =>
  code
    .split("\n")
    .map((line) => line.trim())
    .join("\n");

describe("docs/clients.md", () => {
  test("has snippets of the Next.js app", () => {
    expect(snippets.length).toBeGreaterThan(2);
  });

  test.each(snippets)("quotes $file as it is", async ({ file, code }) => {
    expect(linesOf(await Bun.file(file).text())).toContain(linesOf(code));
  });

  test("has the commands of README.md", async () => {
    const readme = await Bun.file("README.md").text();
    const [commands] =
      /cp -r path\/to\/lectern\/examples\/nextjs[\s\S]*?npm run dev\n/.exec(page) ?? [];

    expect(commands).toBeDefined();
    expect(readme).toContain(commands!);
  });
});

test("both examples have the same citations.tsx", async () => {
  const [react, nextjs] = await Promise.all(
    ["examples/react", "examples/nextjs/components"].map((folder) =>
      Bun.file(`${folder}/citations.tsx`).text(),
    ),
  );
  expect(nextjs).toBe(react!);
});
