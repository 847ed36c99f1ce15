// One engine: the subject is the page in a browser.
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { connect } from "../../src/db/client";
import { findBarriers, noBrowser, openPage } from "../support/browser";
import { openServerHost, type Server } from "../support/server";

setDefaultTimeout(180_000);

const COURSE = join(import.meta.dir, "../../examples/course");

/** Serves a server below a path, as a proxy of an institution does. */
function startProxy(target: string) {
  const prefix = "/tools/lectern";
  const state = { isDown: false };
  const proxy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch(request) {
      if (state.isDown) {
        const headers = { "content-type": "text/html" };
        return new Response("<html><h1>502 Bad Gateway</h1></html>", { status: 502, headers });
      }
      const { pathname, search } = new URL(request.url);
      if (!pathname.startsWith(`${prefix}/`)) return new Response("not here", { status: 404 });
      const headers = new Headers(request.headers);
      headers.set("accept-encoding", "identity");
      return fetch(target + pathname.slice(prefix.length) + search, {
        method: request.method,
        headers,
        body: request.body,
        redirect: "manual",
        signal: request.signal,
      });
    },
  });
  return { state, port: proxy.port, prefix, stop: () => proxy.stop(true) };
}

const SITE = "https://uni.hosted.panopto.com";

/** Turns the lecture of the transcript into a recording. A download would need the internet. */
async function makeRecording({ databaseUrl }: Server): Promise<void> {
  const db = connect(databaseUrl, { max: 1 });
  await db`
    update lectures
    set source = 'panopto', panopto_session_id = gen_random_uuid()::text,
        panopto_url = ${`${SITE}/Panopto/Pages/Viewer.aspx?id=${crypto.randomUUID()}`}`;
  await db.end();
}

/** A player that shows its second, sends it as Panopto's does, and takes `seekTo`. */
const PLAYER = `<!doctype html><title>Player</title><p></p><script>
  function playTo(second) {
    document.querySelector("p").textContent = "second " + second;
    parent.postMessage(JSON.stringify({ event: "timeUpdate", currentTime: second }), "*");
  }
  addEventListener("message", ({ data }) => {
    const { method, value } = JSON.parse(data);
    if (method === "seekTo") playTo(value);
  });
  playTo(Number(new URLSearchParams(location.search).get("start")));
</script>`;

const servePlayer = (page: Page) =>
  page.route(`${SITE}/**`, (route) => route.fulfill({ contentType: "text/html", body: PLAYER }));

const playTo = (page: Page, second: number) =>
  page
    .frames()
    .find((frame) => frame.url().startsWith(SITE))!
    .evaluate(`playTo(${second})`);

test.skipIf(noBrowser)(
  "below a path on a plain http host, a visitor makes a course, adds sources, asks, and sees the cited words",
  async () => {
    await using host = await openServerHost();
    const server = await host.start({ PUBLIC_URL: "http://lectern.test" });
    const proxy = startProxy(server.url);
    const flags = ["--host-resolver-rules=MAP lectern.test 127.0.0.1"];
    await using browser = await openPage({ width: 1440, height: 900 }, flags);
    const { page, errors, hosts } = browser;
    const barriers: string[] = [];

    const address = `http://lectern.test:${proxy.port}${proxy.prefix}`;
    await page.goto(`${address}/swagger`);
    await page.locator(".opblock").first().waitFor();
    expect(await page.locator(".servers option").allTextContents()).toEqual([address]);
    await page.getByText("Open the chat page").click();
    await page.getByText("Make your first course").waitFor();
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    barriers.push(...(await findBarriers(page)));
    await page.getByLabel("Name of the course").fill("Information theory");
    const files = page.getByLabel("Choose files");
    await files.setInputFiles(
      ["slides.pdf", "lecture/captions.srt"].map((name) => join(COURSE, name)),
    );
    await page.getByRole("button", { name: "Create course" }).click();
    await page.locator(".asset.completed").nth(1).waitFor({ timeout: 90_000 });

    const question = page.getByLabel("Question", { exact: true });
    await question.fill("How is entropy measured?");
    await page.keyboard.press("Enter");
    const sources = page.locator("ol.sources a");
    await sources.first().waitFor();
    barriers.push(...(await findBarriers(page)));
    await page.getByRole("button", { name: "Copy", exact: true }).click();
    await page.getByRole("button", { name: "Copied", exact: true }).waitFor();

    proxy.state.isDown = true;
    await question.fill("What is a bit?");
    await page.keyboard.press("Enter");
    const refusal = "The server is busy or restarting. Your question is kept.";
    await page.getByRole("alert").filter({ hasText: refusal }).waitFor();
    expect(await question.inputValue()).toBe("What is a bit?");
    proxy.state.isDown = false;
    await page.locator(".banner").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Ask", exact: true }).click();
    await page.locator("ol.sources").nth(1).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    errors.splice(0); // the refused request

    await sources.filter({ hasText: "page" }).first().click();
    await page.locator(".panel .word").first().waitFor();
    await page.reload();
    await page.locator(".panel .word").first().waitFor();
    const image = await page.locator(".panel img.page").boundingBox();
    const word = await page.locator(".panel .word").first().boundingBox();
    expect(word!.x).toBeGreaterThanOrEqual(image!.x);
    expect(word!.y + word!.height).toBeLessThanOrEqual(image!.y + image!.height + 1);
    barriers.push(...(await findBarriers(page)));

    await page.locator(".assets .name").filter({ hasText: "captions" }).click();
    await page.locator(".segments .lit").first().waitFor();
    await page.locator(".segments .time").nth(3).click();
    await page.waitForFunction(() => /s=lecture:[^:]+:[1-9]/.test(location.hash));
    await page.getByLabel("Search what was said").fill("entropy");
    await page.locator(".segments mark").first().waitFor();
    barriers.push(...(await findBarriers(page)));

    await page.locator(".timeline button").first().waitFor();
    await page.locator(".panel .chapters summary").click();
    await page.locator(".panel .quality summary").click();
    await page.locator(".panel .quality .places, .panel .quality .note").first().waitFor();
    barriers.push(...(await findBarriers(page)));

    await makeRecording(server);
    await servePlayer(page);
    await page.reload();
    await page.locator(".segments .lit").first().waitFor();
    expect([...hosts]).toEqual(["lectern.test"]);
    await page.getByRole("button", { name: "Play here" }).click();
    const player = page.frameLocator("iframe.player");
    await player.getByText("second 10", { exact: true }).waitFor();
    await playTo(page, 32);
    await page.locator(".segments .lit", { hasText: "0:31" }).waitFor();
    await page.waitForFunction(() => location.hash.endsWith(":32000"));
    await page.locator(".segments .time").first().click();
    await player.getByText("second 0", { exact: true }).waitFor();
    await page.locator(".segments").dispatchEvent("wheel");
    await playTo(page, 170);
    await page.getByRole("button", { name: "Follow again" }).waitFor();
    expect(await page.locator(".segments").evaluate(({ scrollTop }) => scrollTop)).toBe(0);
    await page.getByRole("button", { name: "Follow again" }).click();
    await page.waitForFunction(() => document.querySelector(".segments")!.scrollTop > 100);
    barriers.push(...(await findBarriers(page)));

    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: "dark" });
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    barriers.push(...(await findBarriers(page)));
    proxy.stop();

    expect(barriers).toEqual([]);
    expect(errors).toEqual([]);
  },
);
