import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { noBrowser, openPage } from "../support/browser";
import { postFile, postJson } from "../support/http";
import { startOpenAI } from "../support/openai";
import { openServerHost, type Server, settled } from "../support/server";
import { eventually } from "../support/waiting";

setDefaultTimeout(120_000);

const DECK = Bun.file(join(import.meta.dir, "../../examples/course/slides.pdf"));

describe.skipIf(noBrowser)("/ag-ui with a model", () => {
  const openai = startOpenAI({ replies: [] });
  const closing = new AsyncDisposableStack();
  let server: Server;
  beforeAll(async () => {
    const env = { OPENAI_API_KEY: "test", OPENAI_BASE_URL: openai.url, OPENAI_API: "chat" };
    const host = closing.use(await openServerHost());
    server = await host.start({ ...env, SLIDE_MODEL: "local:text-layer" });
    const { id: course_id } = await server.json(postJson("/api/courses", { name: "Entropy" }));
    const file = { name: "slides.pdf", bytes: await DECK.bytes() };
    const upload = postFile("/api/documents/upload", { course_id }, file);
    await settled(server, (await server.json(upload)).document_id);
  });
  afterAll(async () => {
    await closing.disposeAsync();
    await openai.close();
  });
  const ask = async (page: Page, words: string) => {
    await page.getByLabel("Question", { exact: true }).fill(words);
    await page.keyboard.press("Enter");
  };
  const countAsked = () => openai.requestsTo("/v1/chat/completions").length;

  test("shows what the model asks, and takes the reply to it", async () => {
    const question = { question: "Coin or die?", options: ["Coin", "Die"] };
    openai.replies = [
      { toolCalls: [{ name: "ask_user", input: question }] },
      { text: "A coin has one bit." },
    ];
    await using browser = await openPage();
    const { page, errors } = browser;

    await page.goto(`${server.url}/ag-ui`);
    await ask(page, "How much entropy?");
    await page.getByText("Coin or die?", { exact: true }).waitFor();
    expect(await page.locator(".asked button").allTextContents()).toEqual(["Coin", "Die"]);
    await ask(page, "Coin");
    await page.getByText("A coin has one bit.", { exact: true }).waitFor();

    const { body } = openai.requestsTo("/v1/chat/completions").at(-1)!;
    expect(body.messages.at(-1)).toMatchObject({ role: "tool", content: '{"answer":"Coin"}' });
    expect(errors).toEqual([]);
  });

  test("links each number of a mark that names several", async () => {
    openai.replies = [
      { toolCalls: [{ name: "search_slides", input: { query: "entropy" } }] },
      { text: "Two pages say so [1, 2]." },
    ];
    await using browser = await openPage();
    const { page, errors } = browser;

    await page.goto(`${server.url}/ag-ui`);
    await ask(page, "What is entropy?");
    await page.locator("ol.sources a").first().waitFor();

    expect(await page.locator(".answer a").allTextContents()).toEqual(["1", "2"]);
    expect(await page.locator(".answer").textContent()).toBe("Two pages say so [1, 2].");
    expect(await page.locator("ol.sources a").count()).toBe(2);
    expect(errors).toEqual([]);
  });

  test("continues an answer after a reload, and stops the model with the button", async () => {
    const back = Promise.withResolvers<void>();
    const pause = { kind: "pause", afterTokens: 3, until: back.promise } as const;
    const stall = { kind: "stall", afterTokens: 3 } as const;
    openai.replies = [
      { text: "One bit is the entropy of a coin.", fault: pause },
      { text: "Two bits have four cases.", fault: stall },
    ];
    const before = countAsked();
    await using browser = await openPage();
    const { page, errors } = browser;

    await page.goto(`${server.url}/ag-ui`);
    await ask(page, "How much entropy has a coin?");
    await page.getByText("One bit is", { exact: true }).waitFor();
    await page.reload();
    await page.getByText("One bit is", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Stop" }).waitFor();
    back.resolve();
    await page.getByText("One bit is the entropy of a coin.", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Ask again" }).waitFor();
    expect(countAsked()).toBe(before + 1);
    expect(await page.locator("h2.user").count()).toBe(1);

    const aborted = openai.aborted;
    await ask(page, "And two bits?");
    await page.getByText("Two bits have", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Finish it" }).waitFor();
    await eventually(
      async () => openai.aborted,
      (count) => count === aborted + 1,
    );
    expect(errors).toEqual([]);
  });
});
