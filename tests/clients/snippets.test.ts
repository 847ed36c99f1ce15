// One engine: the subject is the text of the examples for clients.
import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ANSWER, createStudiedCourse, SEARCH, serveChat } from "../support/chat";
import { withDatabase } from "../support/database";

const db = await withDatabase();
const { course_id, file_url } = await createStudiedCourse(db);
const page = await Bun.file("docs/clients.md").text();

/** Runs the snippet of a section of docs/clients.md against a server, and returns its variables. */
async function runSnippet(section: string, url: string, names: string[]) {
  const [, code = ""] = page.split(`\n## ${section}\n`)[1]!.match(/```ts\n([\s\S]*?)```/) ?? [];
  const adapted = code.replaceAll("http://localhost:8080", url).replaceAll("COURSE", course_id);
  const file = join(import.meta.dir, `snippet-${crypto.randomUUID()}.ts`);
  await Bun.write(file, `${adapted}\nexport default { ${names.join(", ")} };\n`);
  try {
    return (await import(file)).default;
  } finally {
    await rm(file);
  }
}

describe("docs/clients.md", () => {
  test("gets an answer with its citations by HttpAgent", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const { answer } = await runSnippet("HttpAgent", server.url, ["answer"]);

    expect(answer).toMatchObject({
      content: ANSWER.text,
      metadata: { citations: [{ number: 1, url: `${server.url}${file_url}#page=7` }] },
    });
  });

  test("gets an answer with its sources by the AI SDK", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const { text, sources } = await runSnippet("AI SDK", server.url, ["text", "sources"]);

    expect(text).toBe(ANSWER.text);
    expect(sources).toMatchObject([{ url: `${server.url}${file_url}#page=7` }]);
  });

  test("gets an answer with its annotations by openai", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const { choices } = await runSnippet("openai", server.url, ["choices"]);

    const url = `${server.url}${file_url}#page=7`;
    expect(choices[0].message).toMatchObject({
      content: ANSWER.text,
      annotations: [{ type: "url_citation", url_citation: { url } }],
    });
  });

  test("gets an answer by LangChain", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const { answer } = await runSnippet("LangChain", server.url, ["answer"]);

    expect(answer.content).toBe(ANSWER.text);
  });
});
