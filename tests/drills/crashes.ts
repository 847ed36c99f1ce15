import { expect } from "bun:test";
import { engine } from "../support/database";
import { expectGood, isLong, openDrill } from "../support/drill";
import { processOfPort } from "../support/process-of-port";
import { eventually } from "../support/waiting";

/** On PostgreSQL each claim of a killed server has to expire first, after 45 s. */
const SHORT_KILLS = engine === "native" ? 1 : 2;
const LONG_KILLS = engine === "native" ? 15 : 30;

/** Kills the server, in turn as a paid answer arrives and at any moment. */
export async function killServer(): Promise<void> {
  await using drill = await openDrill("server killed");
  drill.speech.polls.readyAfterMs = 500;
  drill.pages.paceMs = 100;
  const uploading = drill.upload(
    isLong ? { decks: 24, pagesEach: 8, lectures: 24 } : { decks: 2, pagesEach: 5, lectures: 2 },
  );

  for (let kill = 0; kill < (isLong ? LONG_KILLS : SHORT_KILLS); kill++) {
    if (kill % 2 === 0) await drill.nextAnswer();
    else await Bun.sleep(Math.random() * 3_000);
    await drill.restart("SIGKILL");
  }
  await uploading;

  expectGood(await drill.report());
  await eventually(
    () => drill.scratch(),
    (left) => left.length === 0,
  );
}

/** Kills one of the two machines that process jobs. */
export async function killFleetWorkers(): Promise<void> {
  await using drill = await openDrill("fleet with a dying worker", { ROLE: "api" });
  const startWorker = () => drill.host.start({ ...drill.settings, ROLE: "worker", WORKERS: "1" });
  const workers = [await startWorker(), await startWorker()];
  drill.pages.paceMs = 100;
  const uploading = drill.upload(
    isLong ? { decks: 20, pagesEach: 8, lectures: 20 } : { decks: 2, pagesEach: 6, lectures: 1 },
  );

  for (let kill = 0; kill < (isLong ? 10 : 1); kill++) {
    await drill.nextAnswer();
    drill.noteDisturbance({ endsCalls: true });
    await workers.shift()!.stop("SIGKILL");
    workers.push(await startWorker());
  }
  await uploading;

  expectGood(await drill.report());
}

/** Kills the process that asks for the description of one deck's page, as a crash of native code would. */
export async function killJobProcess(): Promise<void> {
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
    isLong ? { decks: 12, pagesEach: 6, lectures: 12 } : { decks: 1, pagesEach: 4, lectures: 1 },
  );

  const { failed, ...report } = await drill.report();

  expect(failed).toHaveLength(1);
  expect(failed[0]).toContain(poison.id);
  expect(kills).toBeGreaterThanOrEqual(3);
  const status = await drill.server.json(`/api/documents/${poison.id}/status`);
  expect(status.error_code).toBe("worker_crashed");
  expectGood({ ...report, failed: [] });
}
