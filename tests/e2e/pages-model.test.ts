// One engine: the subject is the page in a browser.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { findBarriers, noBrowser, openPage } from "../support/browser";
import { get, postFile, postJson } from "../support/http";
import { openNetworkLine } from "../support/network-line";
import { startOpenAI } from "../support/openai";
import { openServerHost, type Server, settled } from "../support/server";
import { startSpeechServer } from "../support/speech-server";
import { eventually } from "../support/waiting";

setDefaultTimeout(120_000);

const DECK = Bun.file(join(import.meta.dir, "../../examples/course/slides.pdf"));

describe.skipIf(noBrowser)("/ag-ui with a model", () => {
  const openai = startOpenAI({ replies: [] });
  const speech = startSpeechServer();
  const closing = new AsyncDisposableStack();
  let server: Server;
  beforeAll(async () => {
    const env = { OPENAI_API_KEY: "test", OPENAI_BASE_URL: openai.url, OPENAI_API: "chat" };
    const host = closing.use(await openServerHost());
    const transcription = { TRANSCRIPTION_BASE_URL: speech.url, TRANSCRIPTION_API_KEY: "key" };
    server = await host.start({ ...env, ...transcription, SLIDE_MODEL: "local:text-layer" });
    const { id: course_id } = await server.json(postJson("/api/courses", { name: "Entropy" }));
    const file = { name: "slides.pdf", bytes: await DECK.bytes() };
    const upload = postFile("/api/documents/upload", { course_id }, file);
    await settled(server, (await server.json(upload)).document_id);
  });
  afterAll(async () => {
    await closing.disposeAsync();
    await openai.close();
    await speech[Symbol.asyncDispose]();
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
    await page.reload();
    await page.getByText("Coin or die?", { exact: true }).waitFor();
    expect(await page.locator(".asked button").allTextContents()).toEqual(["Coin", "Die"]);
    expect(await findBarriers(page)).toEqual([]);
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

    // The card is in the window as a whole, also beside the first line of the first answer.
    const card = page.getByRole("tooltip");
    const isWhole = async () => {
      const { x, y, width, height } = (await card.boundingBox())!;
      return x >= 0 && y >= 0 && x + width <= 1000 && y + height <= 800 && height > 50;
    };
    await page.locator(".answer a").first().hover();
    expect(await isWhole()).toBe(true);
    await page.mouse.move(0, 0);
    await card.waitFor({ state: "detached" });
    await page.locator(".answer a").last().focus();
    expect(await isWhole()).toBe(true);
    await page.keyboard.press("Escape");
    await card.waitFor({ state: "detached" });

    // The sources of this answer, not those of the conversation.
    openai.replies = [{ text: "One page says more [1].\n\n1. one\n   - half\n2. two" }];
    await ask(page, "And more?");
    await page.getByText("Answer ready, 1 source", { exact: true }).waitFor({ state: "attached" });
    expect(await page.locator(".answer li").count()).toBe(3);
    expect(await page.locator(".answer li p").count()).toBe(0);
    // Quotes that are nested so deep exceed the stack of a browser.
    openai.replies = [{ text: `${">".repeat(5_000)} deep` }];
    await ask(page, "And deep?");
    await page.getByText("Answer ready, 0 sources", { exact: true }).waitFor({ state: "attached" });
    expect(await page.locator(".exchange").count()).toBe(3);
  });

  test("takes the audio of a lecture whose recording cannot be had", async () => {
    const { items } = await server.json("/api/courses");
    const panopto_url = `https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=${crypto.randomUUID()}`;
    const lecture = { course_id: items[0].id, panopto_url, title: "Behind a login" };
    const { lecture_id } = await server.json(postJson("/api/lectures/download", lecture));
    await using browser = await openPage({ width: 1280, height: 900 });
    const { page } = browser;

    await page.goto(`${server.url}/ag-ui`);
    const row = page.locator(".asset", { hasText: "Behind a login" });
    await row.getByRole("button", { name: "Cancel work" }).click();
    await row.getByText("You cancelled it.").waitFor();
    await row.getByRole("button", { name: "More: Behind a login" }).click();
    const file = join(import.meta.dir, "../../examples/course/lecture/sound.mp3");
    await page.getByLabel("Upload audio or a transcript instead").setInputFiles(file);
    await page.locator(".asset.completed", { hasText: "Behind a login" }).waitFor();

    expect(await server.json(`/api/lectures/${lecture_id}`)).toMatchObject({
      source: "upload",
      excerpt: expect.stringMatching(/^Entropy measures/),
    });
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

  test("rejoins an answer whose connection breaks, and keeps a question that is not sent", async () => {
    const back = Promise.withResolvers<void>();
    const pause = { kind: "pause", afterTokens: 3, until: back.promise } as const;
    openai.replies = [
      { text: "One bit is the entropy of a coin.", fault: pause },
      { text: "Two." },
    ];
    const before = countAsked();
    await using line = await openNetworkLine(server.url);
    await using browser = await openPage();
    const { page } = browser;

    await page.goto(`${line.url}ag-ui/`);
    await ask(page, "How much entropy has a coin?");
    await page.getByText("One bit is", { exact: true }).waitFor();
    line.cut();
    await page.getByText("No connection. Trying again").waitFor();
    line.mend();
    back.resolve();
    await page.getByText("One bit is the entropy of a coin.", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Ask again" }).waitFor();
    expect(countAsked()).toBe(before + 1);
    expect(await page.locator(".problem").count()).toBe(0);

    line.cut();
    await ask(page, "And three coins?");
    const banner = page.getByText("No connection to the server. Trying again");
    await banner.waitFor();
    expect(await page.getByLabel("Question", { exact: true }).inputValue()).toBe(
      "And three coins?",
    );
    line.mend();
    await banner.waitFor({ state: "detached" });
    await ask(page, "And two coins?");
    await page.getByText("Two.", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Ask again" }).nth(1).waitFor();
    // The question that was not sent is not stored with the next one.
    const [, thread] = /\/t\/([^?]+)/.exec(page.url())!;
    const { messages } = await server.json(get(`/api/chat/sessions/${thread}`));
    const questions = messages.filter(({ role }: { role: string }) => role === "user");
    expect(questions.map(({ content }: { content: string }) => content)).toEqual([
      "How much entropy has a coin?",
      "And two coins?",
    ]);

    // A conversation that cannot be read now is read when the server is back.
    await page.evaluate(() => {
      location.hash = location.hash.replace(/\/t\/.*/, "");
    });
    await page.locator("h2.user").first().waitFor({ state: "detached" });
    line.cut();
    await page.goBack();
    await banner.waitFor();
    line.mend();
    await page.getByText("Two.", { exact: true }).waitFor();
  });

  test("rejoins an answer whose connection died silently, and reads the sources after a break", async () => {
    const back = Promise.withResolvers<void>();
    const pause = { kind: "pause", afterTokens: 3, until: back.promise } as const;
    openai.replies = [{ text: "One bit is the entropy of a coin.", fault: pause }];
    await using line = await openNetworkLine(server.url);
    await using browser = await openPage({ width: 1360, height: 820 });
    const { page } = browser;
    await page.goto(`${line.url}ag-ui/`);
    await page.locator(".assets li").first().waitFor();
    await ask(page, "How much entropy has a coin?");
    await page.getByText("One bit is", { exact: true }).waitFor();

    line.freeze();
    back.resolve();
    await page.getByText("One bit is the entropy of a coin.", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Ask again" }).waitFor();
    expect(await page.locator(".problem").count()).toBe(0);

    line.cut();
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.locator(".assets li").first().waitFor({ state: "detached" });
    line.mend();
    await page.locator(".assets li").first().waitFor();
  });

  test("opens a stored thread at its end, also where formulas and code grow later", async () => {
    openai.replies = [{ text: `${CODE}\n\n\\[\\sum_x p(x)\\]\n\n`.repeat(40) }];
    await using browser = await openPage();
    const { page } = browser;
    await page.goto(`${server.url}/ag-ui`);
    await ask(page, "How is surprise computed?");
    await page.getByRole("button", { name: "Ask again" }).waitFor();
    await page.reload();
    await page.locator("math").last().waitFor();

    const findRest = () =>
      page
        .locator(".scroller")
        .evaluate((all) => all.scrollHeight - all.scrollTop - all.clientHeight);
    await eventually(findRest, (rest) => rest < 2);
  });

  test("keeps what a thread has when a change cannot be sent, and shows why it cannot be read", async () => {
    const stall = { kind: "stall", afterTokens: 3 } as const;
    openai.replies = [{ text: "One bit." }, { text: "Two bits have four cases.", fault: stall }];
    await using line = await openNetworkLine(server.url);
    await using browser = await openPage();
    const { page } = browser;
    const box = page.getByLabel("Question", { exact: true });
    await page.goto(`${line.url}ag-ui/`);
    await ask(page, "How much entropy has a coin?");
    await page.getByText("One bit.", { exact: true }).waitFor();
    await ask(page, "And two coins?");
    await page.getByText("Two bits have", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();

    const finish = page.getByRole("button", { name: "Finish it" });
    await finish.waitFor();
    line.cut();
    await finish.click();
    await page.getByRole("alert").getByText("The server cannot be reached.").waitFor();
    await finish.waitFor();
    expect(await page.getByText("Two bits have", { exact: true }).count()).toBe(1);

    await page.getByRole("button", { name: "Export" }).click();
    await page.locator(".actions [role=alert]").waitFor();

    await page.getByRole("button", { name: "Edit question" }).first().click();
    await page.locator(".editing textarea").fill("How much has a die?");
    await page.locator(".editing [type=submit]").click();
    await page.getByText("No connection to the server. Trying again").waitFor();
    expect(await box.inputValue()).toBe("How much has a die?");
    expect(await page.locator("h2.user").allTextContents()).toEqual([
      "How much entropy has a coin?",
      "And two coins?",
    ]);
    line.mend();

    // A server that answers with a problem did not lose the conversation.
    await page.route("**/api/chat/sessions/*", (route) =>
      route.fulfill({
        status: 429,
        contentType: "application/problem+json",
        body: JSON.stringify({ status: 429, code: "rate_limited", title: "Too many requests" }),
      }),
    );
    await page.reload();
    await page.getByText("Too many requests").waitFor();
    expect(await page.locator(".suggestions").count()).toBe(0);
    await page.unroute("**/api/chat/sessions/*");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("One bit.", { exact: true }).waitFor();
  });
});

const COURSE = join(import.meta.dir, "../../examples/course");
const CODE = "```python\ndef surprise(p):\n    return -log2(p)  # bits\n```";
const PROSE = "Entropy is the **average surprise** of a source, in bits per symbol [1]. ";
/** About 4 000 tokens in 60 paragraphs. */
const LONG = `${`${PROSE.repeat(4)}\n\n`.repeat(60)}${CODE}\n\n\\(H(X)\\)`;
const ARABIC = "الإنتروبيا هي متوسط المفاجأة [1].";

/** Time of the processor that the page spent in its main thread, in seconds. */
async function mainThreadSeconds(page: Page): Promise<() => Promise<number>> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")!.value;
  };
}

const hasNoSidewaysScroll = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth <= clientWidth;
  });

test.skipIf(noBrowser)(
  "/ag-ui shows a long answer within a second of the main thread, and has no barrier in any state and language",
  async () => {
    const openai = startOpenAI({
      replies: ({ body }) => {
        const { role, content } = body.messages.at(-1);
        const question = body.messages.findLast((one: { role: string }) => one.role === "user");
        if (role === "user")
          return { toolCalls: [{ name: "search_slides", input: { query: "entropy" } }] };
        if (String(question.content).includes("show") && !String(content).includes("applied")) {
          return { toolCalls: [{ name: "show_source", input: { citation: 1 } }] };
        }
        return { text: String(question.content).includes("long") ? LONG : ARABIC };
      },
    });
    await using host = await openServerHost();
    const env = { OPENAI_API_KEY: "test", OPENAI_BASE_URL: openai.url, OPENAI_API: "chat" };
    const server = await host.start({ ...env, SLIDE_MODEL: "local:text-layer" });
    await using browser = await openPage({ width: 1360, height: 820 });
    const { page, errors } = browser;
    const barriers: string[] = [];
    const check = async () => barriers.push(...(await findBarriers(page)));
    const ask = async (text: string) => {
      await page.locator("#question").fill(text);
      await page.keyboard.press("Enter");
      await page.locator(".exchange").filter({ hasText: text }).locator(".actions").waitFor();
    };
    for (const name of ["An empty course", "Information theory"]) {
      await server.json(postJson("/api/courses", { name }));
    }
    await page.goto(`${server.url}/ag-ui/`);
    await page.getByText("Add sources").click();
    await page
      .locator("input[type=file]")
      .first()
      .setInputFiles(["slides.pdf", "lecture/captions.srt"].map((name) => join(COURSE, name)));
    await page.locator(".asset.completed").nth(1).waitFor({ timeout: 90_000 });
    await page.getByText("Add sources").click();

    const seconds = await mainThreadSeconds(page);
    const before = await seconds();
    await ask("a long answer");
    expect((await seconds()) - before).toBeLessThan(1);
    await page.locator(".code .hljs-keyword").first().waitFor();
    await page.locator(".formula math").waitFor();
    // The states below have short answers: axe needs seconds for a long one.
    await page.getByRole("button", { name: "+ New conversation" }).click();
    await page.locator("h2.user").waitFor({ state: "detached" });

    await ask("show it: أين هي؟");
    await page.locator(".panel .word").first().waitFor();
    const directions = await page
      .locator(".exchange")
      .last()
      .evaluate((exchange) =>
        ["h2", ".answer p"].map((one) => getComputedStyle(exchange.querySelector(one)!).direction),
      );
    expect(directions).toEqual(["ltr", "rtl"]);
    await ask("كيف تقاس الإنتروبيا؟");
    expect(
      await page
        .locator("h2.user")
        .last()
        .evaluate((one) => getComputedStyle(one).direction),
    ).toBe("rtl");
    expect(errors).toEqual([]);

    await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
    const [border, duration] = await page
      .locator(".panel .word")
      .first()
      .evaluate((word) => [
        getComputedStyle(word).borderTopWidth,
        getComputedStyle(document.querySelector("button")!).transitionDuration,
      ]);
    expect([border, duration]).toEqual(["2px", "0s"]);
    await check();
    await page.emulateMedia({ forcedColors: "none", reducedMotion: "no-preference" });

    const conversation = page.url().replace(/\?.*/, "");
    for (const language of ["en", "de"]) {
      await page.evaluate((chosen) => localStorage.setItem("lectern-language", chosen), language);
      await page.goto(conversation);
      await page.reload();
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(language);
      await page.locator(".exchange ol.sources a").last().click();
      await page.locator(".panel img.page").waitFor();
      await page.locator(".panel-bar [aria-pressed]").click();
      await check();
      await page.locator(".assets .name").filter({ hasText: "captions" }).click();
      await page.locator(".panel .segments .time").nth(3).click();
      await page.locator(".panel .chapters summary").click();
      await page.locator(".timeline button").nth(1).focus();
      await check();
      await page.setViewportSize({ width: 800, height: 600 });
      await page.locator("button.menu").click();
      await page.locator(".with-menu .sources-pane").waitFor();
      await check();
      await page.locator("button.menu").click();
      // 400 % of 1280 × 1024.
      await page.setViewportSize({ width: 320, height: 256 });
      expect(await hasNoSidewaysScroll(page)).toBe(true);
      await check();
      await page.setViewportSize({ width: 1360, height: 820 });
      await page.locator("button[popovertarget=settings]").click();
      await page.locator("#settings select").selectOption("dark");
      expect(await page.evaluate(() => getComputedStyle(document.body).colorScheme)).toBe("dark");
      await check();
      await page.locator("#settings button").last().click();
      await page.locator("dialog .keys").waitFor();
      await check();
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+k");
      await page.locator(".search .suggestions button").nth(1).waitFor();
      await page.locator(".search input").fill("What is entropy");
      await page.keyboard.press("Enter");
      await page.locator(".search .result").first().waitFor();
      await check();
    }
    expect([...new Set(barriers)]).toEqual([]);

    await page.locator(".answer-card button").first().click();
    await page.locator(".answer-card .actions").waitFor();
    expect(await page.locator(".answer-card .answer").textContent()).toContain("الإنتروبيا");
    await page.locator(".answer-card > button").click();
    await page.locator("h2.user").waitFor();
    expect(await page.locator("h2.user").textContent()).toBe("What is entropy");
    const asked = openai.requestsTo("/v1/chat/completions").length;
    await page.goBack();
    await page.locator(".answer-card button.quiet").click();
    await page.locator(".exchange .actions").waitFor();
    expect(await page.locator("h2.user").textContent()).toBe("What is entropy");
    expect(openai.requestsTo("/v1/chat/completions").length).toBe(asked + 2);
    await page.goBack();
    await page
      .locator(".search .result", { hasText: "slides" })
      .locator("h2 button")
      .first()
      .click();
    await page.locator(".panel .word").first().waitFor();
    await openai.close();
    expect(errors).toEqual([]);
  },
  180_000,
);
