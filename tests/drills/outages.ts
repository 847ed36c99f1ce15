import { expect } from "bun:test";
import { connect } from "../../src/db/client";
import { expectGood, isLong, openDrill } from "../support/drill";
import { postFile } from "../support/http";
import { manyPagesPdf } from "../support/pdfs";
import { childrenOf } from "../support/server";
import { mountSmallDisk } from "../support/small-disk";
import { eventually } from "../support/waiting";

const SIZE = isLong
  ? { decks: 12, pagesEach: 8, lectures: 12 }
  : { decks: 2, pagesEach: 6, lectures: 1 };

/** Ends all connections to the database whenever a paid answer is about to be saved. */
export async function endDatabaseConnections(): Promise<void> {
  await using drill = await openDrill("database storms");
  const { pathname, href } = new URL(drill.server.databaseUrl);
  const admin = connect(new URL("/postgres", href).href, { max: 1 });
  const most = isLong ? 40 : 10;
  let storms = 0;
  const storm = async () => {
    if (storms >= most) return;
    storms += 1;
    drill.noteDisturbance({ endsCalls: false });
    await admin`
      select pg_terminate_backend(pid) from pg_stat_activity where datname = ${pathname.slice(1)}`;
  };
  for (const meter of [drill.pages, drill.lectures, drill.texts]) meter.onAnswer = storm;
  await drill.upload(SIZE);

  const report = await drill.report();
  await admin.end();

  expectGood(report);
  expect(storms).toBe(most);
  expect(report.bought).toEqual(report.needed);
}

/** All providers are away: two answer 503, one breaks its connections. */
export async function interruptProviders(): Promise<void> {
  await using drill = await openDrill("provider outage");
  const meters = [drill.pages, drill.lectures, drill.texts];
  const seconds = isLong ? 600 : 8;
  meters.forEach((meter, n) => {
    meter.outage = n % 2 ? "reset" : "busy";
  });
  await drill.upload(SIZE);
  await eventually(
    async () => drill.pages.refused,
    (refused) => refused > 0,
  );
  await Bun.sleep(seconds * 1_000);
  drill.noteDisturbance({ endsCalls: false });
  const refused = meters.map((meter) => meter.refused);
  for (const meter of meters) meter.outage = null;

  const report = await drill.report();

  expectGood(report);
  expect(report.bought).toEqual(report.needed);
  // The calls in progress when the circuit breaker opens, then one probe in 30 s; a retry of the client each.
  const most = 2 * (5 + 2 * 4 + Math.ceil(seconds / 30));
  expect(Math.max(...refused)).toBeLessThanOrEqual(most);
}

/** The disk is full while jobs run and an upload arrives. */
export async function fillDisk(): Promise<void> {
  await using disk = await mountSmallDisk(400_000_000);
  await using drill = await openDrill("full disk", { DATA_ROOT: disk.folder });
  const { pid } = drill.server;
  drill.pages.paceMs = 100;
  await drill.upload(SIZE);
  drill.noteDisturbance({ endsCalls: false });
  await disk.fill();
  const { course_id } = drill;
  const late = { name: "late.pdf", bytes: await manyPagesPdf(3) };
  const refusal = await drill.server.send(postFile("/api/documents/upload", { course_id }, late));
  const read = await drill.server.send("/api/courses");
  await Bun.sleep(60_000);
  await disk.free();

  expectGood(await drill.report());

  expect(refusal.status).toBe(503);
  expect((await refusal.json()).code).toStartWith("storage_");
  expect(read.status).toBe(200);
  await eventually(
    () => drill.server.send("/api/health"),
    ({ status }) => status === 200,
  );
  expect(await childrenOf(pid, "ffmpeg")).toEqual([]);
}
