import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { noBrowser, openPage } from "../../support/browser";
import { postFile, postJson } from "../../support/http";
import { buildNextApp, noNextApp, startNextApp } from "../../support/next-app";
import { type RecordedRequest, type Reply, startOpenAI } from "../../support/openai";
import { openServerHost, type Server, settled } from "../../support/server";
import { eventually } from "../../support/waiting";

setDefaultTimeout(900_000);

const DECK = Bun.file(join(import.meta.dir, "../../../examples/course/slides.pdf"));
const ADMIN_KEY = "the-key-of-the-administrator-0123456789";
const ANSWER = "Entropy measures missing information [1].";

/** The reply of the model, chosen by the newest message: a tool's result is answered in words. */
function replyTo({ body }: RecordedRequest): Reply {
  const { role, content } = body.messages.at(-1);
  const text = JSON.stringify(content);
  const call = (name: string, input: object): Reply => ({ toolCalls: [{ name, input }] });
  if (role === "tool") {
    if (text.includes("passages")) return { text: ANSWER };
    return { text: `Done: ${String(content)}` };
  }
  if (text.includes("Show me")) return call("show_source", { citation: 1 });
  if (text.includes("note")) return call("save_note", { text: "Bits" });
  if (text.includes("Which"))
    return call("ask_user", { question: "What?", options: ["Coin", "Die"] });
  return call("search_slides", { query: "entropy" });
}

test.skipIf(noBrowser || noNextApp)(
  "the Next.js app chats with chips, tools and feedback, and shows the same thread after restarts",
  async () => {
    await buildNextApp();
    await using openai = startOpenAI({ replies: replyTo });
    await using host = await openServerHost();
    const settings = {
      ...{ BOOTSTRAP_API_KEY: ADMIN_KEY, SLIDE_MODEL: "local:text-layer" },
      ...{ OPENAI_API_KEY: "test", OPENAI_BASE_URL: openai.url, OPENAI_API: "chat" },
    };
    let server = await host.start(settings);
    const asAdmin = (request: Request | string) => {
      const signed = new Request(typeof request === "string" ? server.url + request : request);
      signed.headers.set("authorization", `Bearer ${ADMIN_KEY}`);
      return signed;
    };
    const admin = { ...server, json: (request: Request | string) => server.json(asAdmin(request)) };
    const { id: course_id } = await admin.json(postJson("/api/courses", { name: "Entropy" }));
    const file = { name: "slides.pdf", bytes: await DECK.bytes() };
    const upload = postFile("/api/documents/upload", { course_id }, file);
    await settled(admin as Server, (await admin.json(upload)).document_id);
    const { key } = await admin.json(
      postJson("/api/keys", { name: "site", scopes: ["read", "chat"] }),
    );
    const startApp = () =>
      startNextApp({
        LECTERN_URL: server.url,
        LECTERN_API_KEY: key,
        LECTERN_COURSE_ID: course_id,
      });
    await using browser = await openPage({ width: 1400, height: 900 });
    const { page, errors } = browser;
    const input = page.getByPlaceholder("Ask your course");
    // CopilotKit ignores a question until the thread is restored: the input keeps it.
    const ask = async (question: string) => {
      await input.fill(question);
      const send = async () => {
        await input.press("Enter");
        return input.inputValue();
      };
      await eventually(send, (value) => value === "");
    };
    let thread = "";
    {
      await using app = await startApp();
      await page.goto(app.url);
      await page.waitForURL(/thread=/);
      thread = new URL(page.url()).search;

      await ask("What is entropy?");
      await page.locator("button.citation").click();
      const source = page.getByLabel("Source");
      const image = source.locator("img");
      await eventually(
        () => image.evaluate((element) => (element as HTMLImageElement).naturalWidth),
        (width) => width > 100,
      );
      const href = await source.getByRole("link").getAttribute("href");
      expect(href).toMatch(/^\/api\/lectern\/documents\/.+\/file#page=\d+$/);
      const opened = await page.request.get(new URL(href!, app.url).href);
      expect(opened.status()).toBe(200);
      expect((await opened.body()).subarray(0, 5).toString()).toBe("%PDF-");

      await page
        .getByRole("button", { name: /good response/i })
        .first()
        .click();
      const ratings = await eventually(
        () => admin.json(`/api/courses/${course_id}/feedback`),
        ({ items }) => items.length === 1,
      );
      expect(ratings.items[0]).toMatchObject({ rating: "up", answer: ANSWER });

      await ask("Show me the slide");
      await page.getByText(/Done: .*"applied":true/).waitFor();
      await ask("Save a note");
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByText("Done: The note was saved.").waitFor();
      await ask("Which has more?");
      await page.getByRole("button", { name: "Coin" }).click();
      await page.getByText('Done: {"answer":"Coin"}').waitFor();

      const foreign = await page.request.get(`${app.url}/api/lectern/keys`);
      expect(foreign.status()).toBe(404);
      const listed = await page.request.get(`${app.url}/api/copilotkit/threads?agentId=default`);
      expect(await listed.text()).not.toContain(thread.slice(-36));
    }
    await server.stop();
    server = await host.start(settings);
    await using app = await startApp();
    await page.goto(app.url + thread);

    await page.getByText('Done: {"answer":"Coin"}').waitFor();
    await page.locator("button.citation").first().click();
    await page.getByLabel("Source").locator("img").waitFor();
    expect(
      await page
        .locator("[data-testid=copilot-user-message]", { hasText: "What is entropy?" })
        .count(),
    ).toBe(1);
    expect(await page.getByLabel("Conversations").getByRole("listitem").count()).toBe(1);
    await ask("What is entropy, again?");
    await eventually(
      () => page.locator("button.citation").count(),
      (count) => count === 2,
    );
    expect(errors.filter((error) => !/404|favicon/.test(error))).toEqual([]);

    await using stranger = await openPage();
    await stranger.page.goto(app.url + thread);
    await stranger.page.getByPlaceholder("Ask your course").waitFor();
    await stranger.page.waitForLoadState("networkidle");
    expect(await stranger.page.getByText("Entropy measures").count()).toBe(0);
  },
);
