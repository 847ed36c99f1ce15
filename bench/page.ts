/**
 * The page at `/ag-ui` in Chromium: what a first visit loads, and the main thread's time for an answer of
 * 2 000 and 4 000 tokens that arrives at 500 tokens a second: `bun bench/page.ts`. The course is empty, so the
 * model answers without a search.
 */
import { noBrowser, openPage } from "../tests/support/browser";
import { startLectern, startScript } from "./chat/servers";
import { type Figure, isQuick, millisecondsOf, publish } from "./figures";

const ROUNDS = isQuick ? 2 : 4;
const SIZES = [2_000, 4_000];
const LIMIT_MS_PER_TOKEN = 1_000 / 4_000;
const PACE_MS = 2;

if (noBrowser) process.exit(1);
const upstream = await startScript("model", "upstream.ts");
const lectern = await startLectern("Lectern", `${upstream.url}v1`);
const home = new URL("/ag-ui/", lectern.url).href;

async function visit(): Promise<{ ms: number; scriptKb: number }> {
  await using browser = await openPage();
  const devtools = await browser.page.context().newCDPSession(browser.page);
  await devtools.send("Network.enable");
  const scripts = new Set<string>();
  let bytes = 0;
  devtools.on("Network.responseReceived", ({ type, requestId }) => {
    if (type === "Script") scripts.add(requestId);
  });
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) bytes += encodedDataLength;
  });
  const ms = await millisecondsOf(async () => {
    await browser.page.goto(home);
    await browser.page.getByLabel("Question", { exact: true }).waitFor();
  });
  return { ms, scriptKb: bytes / 1_000 };
}

/** Milliseconds of the main thread from the question to the end of its answer. */
async function mainThreadMs(tokens: number): Promise<number> {
  await fetch(`${upstream.url}pace`, {
    method: "PUT",
    body: JSON.stringify({ tokens, paceMs: PACE_MS }),
  });
  await using browser = await openPage();
  const { page } = browser;
  await page.goto(`${home}#/c/${lectern.course_id}`);
  const question = page.getByLabel("Question", { exact: true });
  await question.fill("What is entropy?");
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" }); // the machine does other work, too
  const taskSeconds = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")!.value;
  };
  const before = await taskSeconds();
  await page.keyboard.press("Enter");
  // Found by selector: Playwright searches for a role with code on the main thread, every half second.
  await page.locator("#ask button[type=button]").waitFor();
  await page.locator("#ask button[type=submit]").waitFor({ timeout: 60_000 });
  return ((await taskSeconds()) - before) * 1_000;
}

const samplesOf = async <T>(sample: () => Promise<T>): Promise<T[]> => {
  const samples: T[] = [];
  for (let round = 0; round < ROUNDS; round += 1) samples.push(await sample());
  return samples;
};

const visits = await samplesOf(visit);
const answers: Figure[] = [];
for (const tokens of SIZES) {
  answers.push({
    id: `page.answer_${tokens}`,
    what: `main thread for an answer of ${tokens} tokens`,
    unit: "ms",
    samples: await samplesOf(() => mainThreadMs(tokens)),
    limit: { at_most: tokens * LIMIT_MS_PER_TOKEN },
    growth: { of: "page, main thread of an answer", size: tokens, unit: "tokens" },
  });
}
await lectern.close();
await upstream.close();
await publish([
  {
    id: "page.visit",
    what: "first visit until a question can be asked, empty cache",
    unit: "ms",
    samples: visits.map(({ ms }) => ms),
    limit: { at_most: 1_000 },
  },
  {
    id: "page.script",
    what: "JavaScript of a first visit, compressed",
    unit: "kB",
    samples: visits.map(({ scriptKb }) => scriptKb),
    limit: { at_most: 200 },
  },
  ...answers,
]);
