import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";

const EXECUTABLE = Bun.which("chromium");
/** For `test.skipIf`: the reason is printed once, where the suite's output shows it. */
export const noBrowser = EXECUTABLE === null;
if (noBrowser) console.error("Browser tests are skipped: there is no Chromium on PATH.");

const AXE = Bun.file(join(import.meta.dir, "../../node_modules/axe-core/axe.min.js"));

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page that keeps account of what it did. Leaving its `await using` block ends its browser. */
export type WatchedPage = AsyncDisposable & {
  page: Page;
  /** Hosts that were asked for anything. */
  hosts: Set<string>;
  /** Errors on the console, violations of the content security policy among them. */
  errors: string[];
};

/** Opens an empty page in a browser of its own; both are removed at the end of the block. */
export async function openPage(
  viewport = { width: 1000, height: 800 },
  flags: string[] = [],
): Promise<WatchedPage> {
  const profile = await mkdtemp(join(tmpdir(), "lectern-chromium-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE!,
    headless: true,
    args: [...FLAGS, ...flags],
    viewport,
  });
  const page = browser.pages()[0] ?? (await browser.newPage());
  const hosts = new Set<string>();
  const errors: string[] = [];
  browser.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith("http")) hosts.add(hostname);
  });
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  return {
    page,
    hosts,
    errors,
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Serious findings of axe on the page as it is now. */
export async function findBarriers(page: Page): Promise<string[]> {
  // A transition of colours passes through contrasts that are not the design.
  await page.evaluate(`Promise.all(document.getAnimations()
    .filter((one) => one instanceof CSSTransition)
    .map(({ finished }) => finished.catch(() => {})))`);
  await page.evaluate(await AXE.text());
  return page.evaluate(
    `axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes[0].html))`,
  );
}
