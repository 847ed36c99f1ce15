import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect, openDatabase } from "../../src/db/client";
import { getDocument } from "../../src/db/documents";
import { listProviderCalls } from "../../src/db/jobs/provider-calls";
import { getTranscript } from "../../src/db/transcripts";
import { DEFAULT_POLICY } from "../../src/pipelines/paid-calls";
import { openPanopto } from "../../src/providers/panopto";
import { databaseUrl, engine } from "../support/database";
import { openDocumentWork } from "../support/document-work";
import { silentLog } from "../support/factories";
import { openLectureWork } from "../support/lecture-work";
import { answer, relay } from "../support/panopto/faults";
import { deckPdf } from "../support/pdfs";

setDefaultTimeout(120_000);

const { url, close } = await databaseUrl();
const { sql: db, close: closePool } = openDatabase(url, { max: 10 }, silentLog);
afterAll(async () => {
  await closePool();
  await close();
});

const deck = (pages: number, topic: string) =>
  deckPdf(
    Array.from({ length: pages }, (_, i) => ({ title: `${topic} ${i}`, body: [`${topic} ${i}`] })),
    topic,
  );

describe("a provider that is down", () => {
  test("costs no job an attempt, gets one probe per probe time, and then all decks complete", async () => {
    await using work = await openDocumentWork(db);
    const { gemini, upload, workOnce, tools } = work;
    const policy = { ...DEFAULT_POLICY, probeSeconds: 0.5 };
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push(await upload(deck(3, `down ${i}`)));
    gemini.isDown = true;
    let isDone = false;
    const worker = async () => {
      while (!isDone) if (!(await workOnce(tools, undefined, policy))) await Bun.sleep(20);
    };
    const workers = [worker(), worker()];

    const isOpen = async () =>
      (await db`select from provider_states where open_until is not null`).count;
    while (!(await isOpen())) await Bun.sleep(10);
    await Bun.sleep(300); // calls that were under way have ended
    const before = gemini.requests.length;
    const started = performance.now();
    while (gemini.requests.length < before + 3) await Bun.sleep(20);
    const seconds = (performance.now() - started) / 1_000;
    const probes = gemini.requests.length - before;
    const waiting =
      await db`select waiting_for, error_message from jobs where waiting_for is not null`;
    gemini.isDown = false;
    const isComplete = async () =>
      (await db`select from jobs where job_state <> 'completed'`).count === 0;
    while (!(await isComplete())) await Bun.sleep(50);
    isDone = true;
    await Promise.all(workers);

    expect(probes).toBeLessThanOrEqual(seconds / policy.probeSeconds + 1);
    expect(waiting.length).toBeGreaterThanOrEqual(4);
    expect(waiting.every(({ waiting_for }) => waiting_for === "google")).toBe(true);
    const jobs = await db`select errors, crashes from jobs`;
    expect(jobs.map(({ errors }) => errors)).toEqual(ids.map(() => 0));
    for (const id of ids) expect((await getDocument(db, id)).described_page_count).toBe(3);
    const events = await db`
      select event_type from processing_events where event_type like 'provider_%' order by id`;
    expect(events.map(({ event_type }) => event_type)).toEqual([
      "provider_outage",
      "provider_recovered",
    ]);
  });
});

describe("a recording site that is down", () => {
  test("costs no lecture an attempt, gets one probe per probe time, and then all complete", async () => {
    const lab = await openLectureWork(db);
    const { site, workOnce } = lab;
    const policy = { ...lab.callPolicy, probeSeconds: 1 };
    const session = { streams: [{ tag: "DV", file: "ts/master.m3u8" }] };
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push(await lab.request(site.addSession(session)));
    let isDown = true;
    site.fault("/Panopto/", (exchange) => (isDown ? answer(503) : relay)(exchange));
    let isDone = false;
    const worker = async () => {
      while (!isDone) if (!(await workOnce({}, { policy }))) await Bun.sleep(20);
    };
    const workers = [worker(), worker()];
    const openSince = () =>
      db`select failures from provider_states where provider = 'panopto' and open_until is not null`;
    const failures = async () => (await openSince())[0]?.failures ?? 0;

    while ((await failures()) < 5) await Bun.sleep(20);
    const before = await failures();
    const started = performance.now();
    while ((await failures()) < before + 3) await Bun.sleep(20);
    const seconds = (performance.now() - started) / 1_000;
    const waiting = await db`
      select waiting_for, error_message from jobs where waiting_for is not null`;
    isDown = false;
    const open = () =>
      db`select from jobs where asset_id = any(${ids}) and job_state <> 'completed'`;
    while ((await open()).count > 0) await Bun.sleep(50);
    isDone = true;
    await Promise.all(workers);

    expect(seconds).toBeGreaterThan(2 * policy.probeSeconds);
    expect(waiting.length).toBeGreaterThanOrEqual(2);
    expect(waiting.every(({ waiting_for }) => waiting_for === "panopto")).toBe(true);
    const jobs = await db`select errors from jobs where asset_id = any(${ids})`;
    expect(jobs.map(({ errors }) => errors)).toEqual(ids.map(() => 0));
    const events = await db`
      select event_type from processing_events
      where event_type like 'provider_%' and payload ->> 'provider' = 'panopto' order by id`;
    expect(events.map(({ event_type }) => event_type)).toEqual([
      "provider_outage",
      "provider_recovered",
    ]);
    await lab.close();
  });

  test("does not hide a recording that is broken alone: its attempts count", async () => {
    const lab = await openLectureWork(db);
    const { site, workOnce } = lab;
    const id = await lab.request(
      site.addSession({ streams: [{ tag: "DV", file: "ts/master.m3u8" }] }),
    );
    site.fault("master.m3u8", answer(503));
    const outcomes: (string | null)[] = [];
    while (outcomes.at(-1) !== "gave-up" && outcomes.length < 20) {
      await db`update pgmq.q_ingest set vt = clock_timestamp()`;
      outcomes.push(await workOnce());
    }

    expect(outcomes.at(-1)).toBe("gave-up");
    expect(await lab.details(id)).toMatchObject({ status: "failed" });
    await lab.close();
  });

  test("among several sites stops the calls to this one only", async () => {
    const { serviceOf } = openPanopto({ allowedHosts: ["*.panopto.eu", "video.uni.example"] });
    const at = (host: string) => ({ host, origin: `https://${host}`, session_id: "x" });

    expect(serviceOf(at("a.panopto.eu"))).toBe("panopto:a.panopto.eu");
    expect(serviceOf(at("b.panopto.eu"))).toBe("panopto:b.panopto.eu");
    expect(openPanopto({ allowedHosts: ["a.panopto.eu"] }).serviceOf(at("a.panopto.eu"))).toBe(
      "panopto",
    );
  });
});

/** Ends all other connections every 80 ms, until it is stopped. Stopping waits until the pool has only living connections. */
function storm(): () => Promise<void> {
  const admin = connect(url, { max: 1 });
  let isOver = false;
  const loop = (async () => {
    while (!isOver) {
      await admin`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`.catch(() => {});
      await Bun.sleep(80);
    }
  })();
  return async () => {
    isOver = true;
    await loop;
    await admin.end();
    const all = () => Promise.all(Array.from({ length: 20 }, () => db`select pg_sleep(0.01)`));
    while (!(await all().catch(() => undefined))) await Bun.sleep(50);
  };
}

describe.if(engine === "native")("a database that ends every connection", () => {
  test("while pages are answered buys each page once, with a receipt for each call", async () => {
    await using work = await openDocumentWork(db);
    const { gemini, upload, workOnce } = work;
    gemini.paceMs = 250;
    const id = await upload(deck(12, "storm"));
    const stormOver = gemini.asked(2).then(async () => {
      const stop = storm();
      await Bun.sleep(2_500);
      await stop();
    });

    const outcomes: string[] = [];
    for (let i = 0; i < 40 && outcomes.at(-1) !== "done"; i++) {
      const outcome = await workOnce().catch((error) => String(error.code));
      if (outcome) outcomes.push(outcome);
      else await Bun.sleep(250);
      await db`update pgmq.q_ingest set vt = clock_timestamp()`.catch(() => {});
    }

    await stormOver;

    expect(outcomes.at(-1)).toBe("done");
    const receipts = (await listProviderCalls(db, id)).filter(
      ({ purpose }) => purpose === "describe",
    );
    expect(receipts.length).toBe(gemini.requests.length);
    expect(receipts.filter(({ state }) => state === "ok").length).toBe(12);
    expect(gemini.requests.length).toBe(12);
    const [job] = await db`select errors from jobs where asset_id = ${id}`;
    expect(job!.errors).toBe(0);
  });

  test("while a transcript is made buys it once", async () => {
    const lab = await openLectureWork(db);
    lab.speech.polls.readyAfterMs = 800;
    const id = await lab.request(
      lab.site.addSession({ streams: [{ tag: "DV", file: "ts/master.m3u8" }] }),
    );
    const stormOver = (async () => {
      while (lab.speech.counts.requests === 0) await Bun.sleep(5);
      const stop = storm();
      await Bun.sleep(2_500);
      await stop();
    })();

    const outcomes: string[] = [];
    for (let i = 0; i < 40 && outcomes.at(-1) !== "done"; i++) {
      const outcome = await lab.workOnce().catch((error) => String(error.code));
      if (outcome) outcomes.push(outcome);
      else await Bun.sleep(250);
      await db`update pgmq.q_ingest set vt = clock_timestamp()`.catch(() => {});
    }
    await stormOver;

    expect(outcomes.at(-1)).toBe("done");
    expect(lab.speech.counts.requests).toBe(1);
    expect((await getTranscript(db, id)).words.length).toBeGreaterThan(5);
    const receipts = (await listProviderCalls(db, id)).filter(
      ({ purpose }) => purpose === "transcribe",
    );
    expect(receipts).toMatchObject([{ state: "ok" }]);
    await lab.close();
  });
});
