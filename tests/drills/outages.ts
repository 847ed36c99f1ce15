import { expect } from "bun:test";
import { connect } from "../../src/db/client";
import { engine } from "../support/database";
import { type DrillReport, expectGood, isLong, openDrill } from "../support/drill";
import { postFile } from "../support/http";
import { manyPagesPdf } from "../support/pdfs";
import { childrenOf } from "../support/server";
import { mountSmallDisk } from "../support/small-disk";
import { eventually } from "../support/waiting";

const SIZE = isLong
  ? { decks: 12, pagesEach: 8, lectures: 12 }
  : { decks: 2, pagesEach: 6, lectures: 1 };

/** Answers of each provider that a storm meets. */
const STORMS = isLong ? 14 : 3;
/** A storm lasts longer than the save of an answer, with its retries. */
const STORM_MS = 1_500;
/** The statements that close a receipt and save an answer: a storm ends two of each. */
const SAVES = ["finish_call", "slide_descriptions", "lecture_transcripts", "draft_chunks"];

/**
 * Ends all connections to the database whenever a paid answer arrives, and then every statement that
 * is saving one.
 */
export async function endDatabaseConnections(): Promise<void> {
  await using drill = await openDrill("database storms");
  const { pathname, href } = new URL(drill.server.databaseUrl);
  const admin = connect(new URL("/postgres", href).href, { max: 1 });
  let storms = 0;
  let until = 0;
  let endedSaves = 0;
  let current: Promise<void> | null = null;
  // Not the statements of the report, which count rows: the work can be complete before the last storm ends.
  const endConnections = (pattern: string) => admin<{ query: string }[]>`
    select query, pg_terminate_backend(pid) from pg_stat_activity
    where datname = ${pathname.slice(1)}
      and (${pattern} = '' or state = 'active' and query ~ ${pattern} and query !~ 'count\\(')`;
  const storm = async () => {
    await endConnections("");
    const left = SAVES.flatMap((save) => [save, save]);
    while (left.length > 0 && performance.now() < until) {
      for (const { query } of await endConnections(left.join("|"))) {
        left.splice(
          left.findIndex((save) => query.includes(save)),
          1,
        );
        endedSaves += 1;
      }
    }
    current = null;
  };
  const meters = [drill.pages, drill.lectures, drill.texts];
  for (const meter of meters) {
    let left = STORMS;
    meter.onAnswer = () => {
      if (left === 0) return;
      left -= 1;
      storms += 1;
      drill.noteDisturbance({ endsCalls: false });
      until = performance.now() + STORM_MS;
      current ??= storm();
    };
  }
  await drill.upload(SIZE);

  const report = await drill.report();
  await current;
  await admin.end();

  expectGood(report);
  expect(storms).toBeGreaterThanOrEqual(meters.length);
  expect(endedSaves).toBeGreaterThan(0);
  expectNothingExtra(report);
}

/** Seconds between two probes of a provider that is away. */
const PROBE_SECONDS = 30;
/** Probes during the outage: of 30 minutes in the long form, of 4 in the short one. */
const PROBES = isLong ? 60 : 8;
/** Five failures open a breaker; each time that passes lets every job fail once. */
const OPENING = 12;
/** Requests of the client library for one call: it repeats one on a connection that breaks. */
const REQUESTS = { busy: 1, reset: 2 } as const;
/** Those of pages and of lectures: nothing is embedded before they answer. */
const PROVIDERS = 2;

/**
 * All providers are away: two answer 503, one breaks its connections. Time is compressed: each second, those
 * who wait find that 30 seconds have passed.
 */
export async function interruptProviders(): Promise<void> {
  await using drill = await openDrill("provider outage");
  const meters = [drill.pages, drill.lectures, drill.texts];
  meters.forEach((meter, n) => {
    meter.outage = n % 2 ? "reset" : "busy";
  });
  await drill.upload(SIZE);
  const passTime = async () => {
    await drill.skipWaiting(PROBE_SECONDS);
    await Bun.sleep(1_000);
  };
  for (let n = 0; n < OPENING && (await drill.openBreakers()).length < PROVIDERS; n++) {
    await passTime();
  }
  const before = meters.map((meter) => meter.refused);
  for (let probe = 0; probe < PROBES; probe++) await passTime();
  drill.noteDisturbance({ endsCalls: false });
  const requests = meters.map((meter, n) => meter.refused - before[n]!);
  const allowed = meters.map(({ outage }) => REQUESTS[outage!] * (PROBES + 1));
  for (const meter of meters) meter.outage = null;
  while (!isLong && (await drill.openBreakers()).length > 0) await passTime();

  const report = await drill.report();

  console.log(
    `drill: provider outage (${engine}): ${(PROBES * PROBE_SECONDS) / 60} minutes, compressed: ${PROBES} probes allowed for each provider; requests: pages ${requests[0]}, lectures ${requests[1]}, texts ${requests[2]}`,
  );
  expectGood(report);
  expectNothingExtra(report);
  for (const [n, count] of requests.entries()) expect(count).toBeLessThanOrEqual(allowed[n]!);
  expect(Math.max(...requests)).toBeGreaterThan(0);
}

/** No process ended, so each call has its answer, its receipt and its place in the result. */
function expectNothingExtra({ bought, needed, receipts }: DrillReport): void {
  expect(bought).toEqual(needed);
  for (const { billed, ok, unanswered } of Object.values(receipts)) {
    expect({ ok, unanswered }).toEqual({ ok: billed, unanswered: 0 });
  }
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
