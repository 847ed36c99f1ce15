/**
 * Outages: the database drops its connections when a paid answer must be saved, the providers are away,
 * or the disk is full. `DRILLS=long` makes them longer.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "../../src/db/client";
import { engine } from "../support/database";
import { expectGood, isLong, openDrill } from "../support/drill";
import { postFile } from "../support/http";
import { manyPagesPdf } from "../support/pdfs";
import { childrenOf } from "../support/server";
import { canMountSmallDisks, mountSmallDisk } from "../support/small-disk";
import { eventually } from "../support/waiting";

setDefaultTimeout(isLong ? 3_600_000 : 300_000);

const drills = isLong ? describe : describe.concurrent;
const SIZE = isLong
  ? { decks: 12, pagesEach: 8, lectures: 12 }
  : { decks: 3, pagesEach: 6, lectures: 2 };

drills("work goes on by itself, and nothing is bought twice", () => {
  test.skipIf(engine === "embedded")(
    "when the database ends its connections as paid answers arrive",
    async () => {
      await using drill = await openDrill("database storms");
      const { pathname } = new URL(drill.server.databaseUrl);
      const admin = connect(new URL("/postgres", drill.server.databaseUrl).href, { max: 1 });
      let storms = 0;
      const storm = async () => {
        if (storms >= (isLong ? 40 : 10)) return;
        storms += 1;
        drill.noteDisturbance({ endsCalls: false });
        await admin`
          select pg_terminate_backend(pid) from pg_stat_activity where datname = ${pathname.slice(1)}`;
      };
      for (const meter of [drill.pages, drill.lectures, drill.texts]) meter.onAnswer = storm;
      await drill.upload(SIZE);

      const report = await drill.report();
      await admin.end();

      expect(storms).toBe(isLong ? 40 : 10);
      expectGood(report);
      expect(report.bought).toEqual(report.needed);
    },
  );

  test("when all providers are away", async () => {
    await using drill = await openDrill("provider outage");
    const meters = [drill.pages, drill.lectures, drill.texts];
    drill.pages.paceMs = 50;
    const outageSeconds = isLong ? 600 : 8;
    meters.forEach((meter, n) => {
      meter.outage = n % 2 ? "reset" : "busy";
    });
    await drill.upload(SIZE);
    await Bun.sleep(outageSeconds * 1_000);
    drill.noteDisturbance({ endsCalls: false });
    const refused = meters.map((meter) => meter.refused);
    for (const meter of meters) meter.outage = null;

    const report = await drill.report();

    expectGood(report);
    // Before the circuit breaker opens, the pages in progress fail; then one probe is made every 30 s.
    const most = 5 + 2 * 4 + Math.ceil(outageSeconds / 30) * 2;
    expect(Math.max(...refused)).toBeGreaterThan(0);
    expect(Math.max(...refused)).toBeLessThanOrEqual(most);
    expect(report.bought).toEqual(report.needed);
  });

  test.skipIf(!canMountSmallDisks)("when the disk is full", async () => {
    await using disk = await mountSmallDisk(400_000_000);
    await using drill = await openDrill("full disk", { DATA_ROOT: disk.folder });
    const { pid } = drill.server;
    drill.pages.paceMs = 100;
    await drill.upload(SIZE);
    drill.noteDisturbance({ endsCalls: false });
    await disk.fill();
    const refusal = await drill.server.send(
      postFile(
        "/api/documents/upload",
        { course_id: drill.course_id },
        { name: "late.pdf", bytes: await manyPagesPdf(3) },
      ),
    );
    const read = await drill.server.send("/api/courses");
    await Bun.sleep(isLong ? 60_000 : 4_000);
    await disk.free();

    const report = await drill.report();

    expect(refusal.status).toBe(503);
    expect((await refusal.json()).code).toStartWith("storage_");
    expect(read.status).toBe(200);
    expectGood(report);
    expect(drill.server.pid).toBe(pid);
    const { status } = await eventually(
      () => drill.server.send("/api/health"),
      (health) => health.status === 200,
    );
    expect(status).toBe(200);
    expect(await childrenOf(pid, "ffmpeg")).toEqual([]);
  });
});
