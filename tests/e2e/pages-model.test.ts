import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { noBrowser, openPage } from "../support/browser";
import { postFile, postJson } from "../support/http";
import { startOpenAI } from "../support/openai";
import { openServerHost, settled } from "../support/server";

setDefaultTimeout(120_000);

const DECK = Bun.file(join(import.meta.dir, "../../examples/course/slides.pdf"));

test.skipIf(noBrowser)("/ag-ui shows what the model asks, and takes the reply to it", async () => {
  const question = { question: "Coin or die?", options: ["Coin", "Die"] };
  const replies = [
    { toolCalls: [{ name: "ask_user", input: question }] },
    { text: "A coin has one bit." },
  ];
  const openai = startOpenAI({ replies });
  await using host = await openServerHost();
  const env = { OPENAI_API_KEY: "test", OPENAI_BASE_URL: openai.url, OPENAI_API: "chat" };
  const server = await host.start(env);
  await server.json(postJson("/api/courses", { name: "Information theory" }));
  await using browser = await openPage();
  const { page, errors } = browser;

  await page.goto(`${server.url}/ag-ui`);
  for (const words of ["How much entropy?", "Coin"]) {
    await page.getByLabel("Question", { exact: true }).fill(words);
    await page.keyboard.press("Enter");
    const reply = words === "Coin" ? "A coin has one bit." : "Coin or die?";
    await page.getByText(reply, { exact: true }).waitFor();
    if (words !== "Coin") {
      expect(await page.locator(".asked button").allTextContents()).toEqual(["Coin", "Die"]);
    }
  }
  const [, second] = openai.requestsTo("/v1/chat/completions");
  await openai.close();

  expect(second!.body.messages.at(-1)).toMatchObject({
    role: "tool",
    content: '{"answer":"Coin"}',
  });
  expect(errors).toEqual([]);
});

test.skipIf(noBrowser)("/ag-ui links each number of a mark that names several", async () => {
  const replies = [
    { toolCalls: [{ name: "search_slides", input: { query: "entropy" } }] },
    { text: "Two pages say so [1, 2]." },
  ];
  const openai = startOpenAI({ replies });
  await using host = await openServerHost();
  const env = { OPENAI_API_KEY: "test", OPENAI_BASE_URL: openai.url, OPENAI_API: "chat" };
  const server = await host.start({ ...env, SLIDE_MODEL: "local:text-layer" });
  const { id: course_id } = await server.json(postJson("/api/courses", { name: "Entropy" }));
  const file = { name: "slides.pdf", bytes: await DECK.bytes() };
  const { document_id } = await server.json(postFile("/api/documents/upload", { course_id }, file));
  await settled(server, document_id);
  await using browser = await openPage();
  const { page, errors } = browser;

  await page.goto(`${server.url}/ag-ui`);
  await page.getByLabel("Question", { exact: true }).fill("What is entropy?");
  await page.keyboard.press("Enter");
  await page.locator("ol.sources a").first().waitFor();
  const marks = await page.locator(".answer a").allTextContents();
  const answer = await page.locator(".answer").textContent();
  await openai.close();

  expect(marks).toEqual(["1", "2"]);
  expect(answer).toBe("Two pages say so [1, 2].");
  expect(await page.locator("ol.sources a").count()).toBe(2);
  expect(errors).toEqual([]);
});
