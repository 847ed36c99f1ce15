/**
 * Crashes: the server, a machine of a fleet, or the process of one job is killed again and again while
 * decks and lectures are processed. `DRILLS=long` makes more kills.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { engine } from "../support/database";
import { expectGood, isLong, openDrill } from "../support/drill";
import { processOfPort } from "../support/process-of-port";

setDefaultTimeout(isLong ? 3_600_000 : 300_000);

/** The long form has figures for one drill at a time; the short form runs them together, because they mostly wait. */
const drills = isLong ? describe : describe.concurrent;
/** On PostgreSQL each claim of a killed server has to expire first, after 45 s. */
const KILLS = { short: { embedded: 2, native: 1 }, long: { embedded: 30, native: 15 } };

drills("work is complete, once, and bought once", () => {
  test("when the server is killed at random, and when a paid answer arrives", async () => {
    await using drill = await openDrill("server killed");
    drill.speech.polls.readyAfterMs = 500;
    drill.pages.paceMs = 100;
    const size = isLong
      ? { decks: 24, pagesEach: 8, lectures: 24 }
      : { decks: 3, pagesEach: 5, lectures: 2 };
    const uploading = drill.upload(size);

    for (let kill = 0; kill < KILLS[isLong ? "long" : "short"][engine]; kill++) {
      // In turn with kills at any moment: a paid answer is not stored yet.
      if (kill % 2 === 0) await nextAnswer(drill);
      else await Bun.sleep(Math.random() * 3_000);
      await drill.restart("SIGKILL");
    }
    await uploading;

    expectGood(await drill.report());
    expect(await drill.scratch()).toEqual([]);
  });

  test.skipIf(engine === "embedded")("when a machine of a fleet is killed", async () => {
    await using drill = await openDrill("fleet with a dying worker", { ROLE: "api" });
    const startWorker = () => drill.host.start({ ...drill.settings, ROLE: "worker", WORKERS: "1" });
    const workers = [await startWorker(), await startWorker()];
    drill.pages.paceMs = 100;
    const size = isLong
      ? { decks: 20, pagesEach: 8, lectures: 20 }
      : { decks: 3, pagesEach: 6, lectures: 2 };
    const uploading = drill.upload(size);

    for (let kill = 0; kill < (isLong ? 10 : 1); kill++) {
      await nextAnswer(drill);
      drill.noteDisturbance({ endsCalls: true });
      await workers.shift()!.stop("SIGKILL");
      workers.push(await startWorker());
    }
    await uploading;

    expectGood(await drill.report());
  });

  test("when one deck kills its process each time: it fails alone", async () => {
    await using drill = await openDrill("poison job", { WORKER_MODE: "process" });
    let kills = 0;
    drill.pages.onCall = async (body, port) => {
      if (!Buffer.from(body).includes("Poison")) return;
      const pid = await processOfPort(port);
      if (pid === null) return;
      kills += 1;
      drill.noteDisturbance({ endsCalls: true });
      process.kill(pid, "SIGKILL");
    };
    drill.pages.paceMs = 50;
    const poison = await drill.uploadDeck(1, "Poison");
    await drill.upload(
      isLong ? { decks: 12, pagesEach: 6, lectures: 12 } : { decks: 2, pagesEach: 6, lectures: 2 },
    );

    const { failed, ...report } = await drill.report();

    expect(failed).toHaveLength(1);
    expect(failed[0]).toContain(poison.id);
    expect((await drill.find(poison)).status_reason).toContain("crashed");
    expect(kills).toBeGreaterThanOrEqual(3);
    expectGood({ ...report, failed: [] });
  });
});

/** Settles when a provider sends its next billed answer, which the server gets at the same moment. */
async function nextAnswer(drill: Awaited<ReturnType<typeof openDrill>>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const meters = [drill.pages, drill.lectures, drill.texts];
  for (const meter of meters) meter.onAnswer = resolve;
  await Promise.race([promise, Bun.sleep(10_000)]);
  for (const meter of meters) meter.onAnswer = () => {};
}
