import { expect, setDefaultTimeout, test } from "bun:test";
import { noBrowser, openPage } from "../support/browser";
import { postJson } from "../support/http";
import { startOpenAI } from "../support/openai";
import { openServerHost } from "../support/server";

setDefaultTimeout(120_000);

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
    await page.getByPlaceholder("Ask about the course").fill(words);
    await page.keyboard.press("Enter");
    const heard = words === "Coin" ? "A coin has one bit." : "Coin or die? Coin · Die";
    await page.getByText(heard, { exact: true }).waitFor();
  }
  const [, second] = openai.requestsTo("/v1/chat/completions");
  await openai.close();

  expect(second!.body.messages.at(-1)).toMatchObject({
    ...{ role: "tool", content: '{"answer":"Coin"}' },
  });
  expect(errors).toEqual([]);
});
