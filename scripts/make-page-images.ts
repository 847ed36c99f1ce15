/**
 * Writes the pictures of the page to docs/images: `bun scripts/make-page-images.ts [FOLDER]`. It starts
 * servers of its own with the sample course, and needs Chromium, but no key: a local server plays the model.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import type { Page } from "playwright-core";
import { openPage } from "../tests/support/browser";
import { postJson } from "../tests/support/http";
import { startOpenAI } from "../tests/support/openai";
import { openServerHost } from "../tests/support/server";

const ROOT = join(import.meta.dir, "..");
const SAMPLE = join(ROOT, "examples/course");
const FILES = ["slides.pdf", "lecture/captions.srt"].map((name) => join(SAMPLE, name));
const DESKTOP = { width: 1360, height: 820 };
const PHONE = { width: 360, height: 740 };
const WEBP_QUALITY = 82;
const KEY = "a-key-of-the-operator-0123456789-abcdef";

const QUESTION = "What is entropy and how is it measured?";
/** The answer of the local server; `slide` and `speech` are the numbers of found passages. */
const answer = (
  slide: string,
  speech: string,
) => `**Entropy** is the average surprise of a source, in bits [${slide}]:

\\[ H(X) = -\\sum_x p(x) \\log_2 p(x) \\]

| Source | Entropy |
| --- | --- |
| fair coin | 1 bit |
| fair die | 2.58 bits |

Above the capacity of a channel, no code can help [${speech}]. Shannon found this in 1972 [${slide}].`;

const folder = process.argv[2] ?? join(ROOT, "docs/images");

/** Writes the page as it is now, as WebP. */
async function take(page: Page, name: string): Promise<void> {
  // Images outside of the window load later.
  await page.waitForFunction(() =>
    [...document.images].every(
      (image) => image.complete || image.getBoundingClientRect().top > innerHeight,
    ),
  );
  await page.evaluate("document.fonts.ready");
  const image = await loadImage(await page.screenshot({ animations: "disabled", caret: "hide" }));
  const canvas = createCanvas(image.width, image.height);
  canvas.getContext("2d").drawImage(image, 0, 0);
  const bytes = await canvas.encode("webp", WEBP_QUALITY);
  await Bun.write(join(folder, `${name}.webp`), bytes);
  console.log(`${name}.webp  ${(bytes.byteLength / 1_000).toFixed(0)} kB`);
}

async function ask(page: Page, text: string): Promise<void> {
  await page.locator("#question").fill(text);
  await page.keyboard.press("Enter");
  await page.locator(".actions").last().waitFor();
}

async function openAddSources(page: Page, isOpen: boolean): Promise<void> {
  await page
    .locator(".add")
    .evaluate((element, value) => element.toggleAttribute("open", value), isOpen);
}

/** Makes the sample course with the page alone: the first three steps of the tour. */
async function makeCourse(page: Page, url: string, isTour: boolean): Promise<void> {
  const step = async (name: string) => isTour && (await take(page, name));
  await page.goto(`${url}/ag-ui/`);
  await page.locator("form.card input").first().fill("Information theory");
  await step("tour-1-make-a-course");
  await page.keyboard.press("Enter");
  await openAddSources(page, true);
  await step("tour-2-drop-files");
  await page.locator("input[type=file]").first().setInputFiles(FILES);
  await page.locator(".asset").nth(1).waitFor();
  await step("tour-3-progress");
  await page.locator(".asset.completed").nth(1).waitFor({ timeout: 120_000 });
  await openAddSources(page, false);
}

/** A server with a model: the tour, the source panel, and the same on a phone and in the dark. */
async function takeWithModel(): Promise<void> {
  await using openai = startOpenAI({
    replies: ({ body }) => {
      const results: string[] = body.messages
        .slice(-2)
        .flatMap(({ role, content }: { role: string; content: string }) =>
          role === "tool" ? content : [],
        );
      const toolCalls = [
        { name: "search_slides", input: { query: QUESTION } },
        { name: "search_lectures", input: { query: "capacity of a channel" } },
      ];
      if (results.length === 0) return { toolCalls };
      const [slide = "1", speech = "2"] = results.map((text) => /"number":(\d+)/.exec(text)?.[1]);
      return { text: answer(slide, speech) };
    },
  });
  await using host = await openServerHost();
  const server = await host.start({
    OPENAI_API_KEY: "local",
    OPENAI_BASE_URL: openai.url,
    OPENAI_API: "chat",
    SLIDE_MODEL: "local:text-layer",
  });
  await using browser = await openPage(DESKTOP);
  const { page } = browser;
  await makeCourse(page, server.url, true);
  await ask(page, QUESTION);
  await take(page, "tour-4-ask");
  await page.locator("ol.sources a").first().click();
  await page.locator(".panel .word").first().waitFor();
  await take(page, "tour-5-cited-words");

  await page.locator(".assets .name").filter({ hasText: "captions" }).click();
  await page.locator(".timeline button").nth(4).click();
  await page.locator(".panel img.page").first().waitFor();
  await page.mouse.move(0, 0);
  await take(page, "page-lecture");
  await page.locator(".panel .chapters summary").click();
  await page.locator(".panel .transcript input").fill("entropy");
  await page.locator(".panel-bar button").nth(1).click();
  await take(page, "page-slide-and-speech");
  await page.emulateMedia({ colorScheme: "dark" });
  await take(page, "page-dark");
  await page.setViewportSize(PHONE);
  await page.locator(".panel-bar button").nth(1).click();
  await take(page, "page-phone-source");
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator(".panel-bar button").last().click();
  await take(page, "page-phone");
  await page.setViewportSize(DESKTOP);
  await page.evaluate("document.activeElement.blur()");
  await page.keyboard.press("?");
  await page.locator("dialog .keys").waitFor();
  await take(page, "page-keys");
  await page.keyboard.press("Escape");
  await page.evaluate("localStorage.setItem('lectern-language', 'de')");
  await page.reload();
  await page.locator(".sources a").first().waitFor();
  await take(page, "page-german");
}

/** A server without a model, which is a search engine. */
async function takeKeyless(): Promise<void> {
  await using host = await openServerHost();
  const server = await host.start();
  await server.json(postJson("/api/courses", { name: "Information theory" }));
  await using browser = await openPage(DESKTOP);
  const { page } = browser;
  await page.goto(`${server.url}/ag-ui/`);
  await openAddSources(page, true);
  await page.locator("input[type=file]").first().setInputFiles(FILES);
  await page.locator(".asset.completed").nth(1).waitFor({ timeout: 120_000 });
  await openAddSources(page, false);
  await ask(page, QUESTION);
  await take(page, "page-without-a-model");
  await server.json(postJson("/api/courses", { name: "Signals and systems" }));
  await page.goto(`${server.url}/ag-ui/#/search?q=${encodeURIComponent(QUESTION)}`);
  await page.reload();
  await page.locator(".search .result").first().waitFor();
  await take(page, "page-search");
  await page.goto(`${server.url}/ag-ui/`);
  await page.locator("#question").waitFor();
  await host.stop();
  await page.locator("#question").fill(QUESTION);
  await page.keyboard.press("Enter");
  await page.locator(".exchange .problem").waitFor();
  await take(page, "page-no-connection");
}

/** A server that asks for a key. */
async function takeKeyDialog(): Promise<void> {
  await using host = await openServerHost();
  const server = await host.start({ BOOTSTRAP_API_KEY: KEY, WORKERS: "0" });
  await using browser = await openPage(DESKTOP);
  await browser.page.goto(`${server.url}/ag-ui/`);
  await browser.page.locator("form.card input").first().waitFor();
  await take(browser.page, "page-key");
}

await mkdir(folder, { recursive: true });
await takeWithModel();
await takeKeyless();
await takeKeyDialog();
