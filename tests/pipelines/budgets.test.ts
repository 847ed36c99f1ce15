import {
  afterAll,
  afterEach,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import type { Sql } from "../../src/db/client";
import { updateCourse } from "../../src/db/courses";
import { getDocument, getDocumentStatus } from "../../src/db/documents";
import { type Budgets, beginCall, type CallVerdict } from "../../src/db/jobs/provider-calls";
import { forecastUsage, getUsage, resumeAsset, resumeDueJobs } from "../../src/db/jobs/usage";
import { ingestDocument } from "../../src/pipelines/document/ingest";
import { DEFAULT_POLICY } from "../../src/pipelines/paid-calls";
import { openAttempt } from "../../src/pipelines/step";
import { Google } from "../../src/providers/google";
import { runAttempt } from "../../src/queue/attempt";
import { claimJob, QUEUES } from "../../src/queue/queue";
import { withDatabase } from "../support/database";
import { openDocumentWork } from "../support/document-work";
import { createCourse, silentLog } from "../support/factories";
import { failureOf } from "../support/failures";
import { deckPdf } from "../support/pdfs";

setDefaultTimeout(120_000);

const db = await withDatabase();
const work = await openDocumentWork(db);
afterAll(() => work[Symbol.asyncDispose]());
const { gemini, upload } = work;

beforeEach(async () => {
  await db`delete from provider_calls`;
  await db`update courses set budget = null`;
});
afterEach(async () => {
  await db`select stop_job(id, 'cancelled', 'The test is over') from documents`;
  await db`select pgmq.purge_queue('ingest')`;
});

const deck = (pages: number, topic: string) => {
  const slides = Array.from({ length: pages }, (_, i) => ({
    title: `${topic} ${i + 1}`,
    body: [`The ${topic} of page ${i + 1} is ${(i + 1) * 37} bits`],
  }));
  return upload(deckPdf(slides, topic));
};
const workOnce = async (budgets: Budgets, tools = work.tools) => {
  const held = await claimJob(db, QUEUES, 45);
  if (!held) return null;
  const stop = new AbortController().signal;
  return runAttempt(
    db,
    held,
    async (_, signal) => {
      const policy = { ...DEFAULT_POLICY, budgets };
      const attempt = openAttempt(db, "document", held, signal, () => {}, policy);
      await ingestDocument(held.asset_id, tools, attempt);
      return undefined;
    },
    { stop, lost: new AbortController(), log: silentLog },
  );
};

describe("a budget", () => {
  test("pauses a deck at its limit, with a reason, and resume continues after it was raised", async () => {
    const id = await deck(6, "limited");
    const start = gemini.requests.length;

    expect(await workOnce({ asset: { pages: 4 } })).toBe("paused");

    expect(gemini.requests.length - start).toBe(4);
    const paused = await getDocumentStatus(db, id);
    expect(paused).toMatchObject({ status: "paused", job_state: "paused", next_attempt_at: null });
    expect(paused.error_message).toBe(
      "Paused: the budget of this file is 4 pages, 4 are used, and the next step needs 1. Raise the limit, then resume it",
    );
    expect((await getDocument(db, id)).status_reason).toBe(paused.error_message);
    expect(await workOnce({ asset: { pages: 4 } })).toBeNull();

    await resumeAsset(db, "document", id, false);
    expect(await workOnce({ asset: { pages: 6 } })).toBe("done");
    expect(gemini.requests.length - start).toBe(6);
  });

  test("of a course counts its other assets, and the course's own limit replaces the settings'", async () => {
    await deck(3, "first");
    expect(await workOnce({ course: { pages: 4 } })).toBe("done");
    const second = await deck(3, "second");

    expect(await workOnce({ course: { pages: 4 } })).toBe("paused");
    await updateCourse(db, work.course_id, { budget: { course: { pages: 6 } } });
    await resumeAsset(db, "document", second, false);

    expect(await workOnce({ course: { pages: 4 } })).toBe("done");
  });

  test("of the day ends with the day", async () => {
    const id = await deck(2, "today");
    expect(await workOnce({ day: { pages: 1 } })).toBe("paused");
    const { next_attempt_at } = await getDocumentStatus(db, id);
    expect(Date.parse(next_attempt_at!)).toBeGreaterThan(Date.now());
    expect(await resumeDueJobs(db)).toBe(0);
    await db`update provider_calls set created_at = created_at - interval '1 day'`;
    await db`update jobs set paused_until = now() where asset_id = ${id}`;

    expect(await resumeDueJobs(db)).toBe(1);
    expect(await workOnce({ day: { pages: 1 } })).toBe("done");
  });

  test("of money stops by the prices of the table", async () => {
    await db`
      insert into provider_prices (provider, model, unit, usd) values ('google', 'gemini-test', 'pages', 0.5)
      on conflict (provider, model, unit) do update set usd = 0.5`;
    await deck(4, "money");

    expect(await workOnce({ asset: { usd: 1 } })).toBe("paused");

    const usage = await getUsage(db, { course_id: work.course_id });
    expect(usage).toMatchObject({ pages: 2, usd: 1, wasted_calls: 0 });
    await db`delete from provider_prices where model = 'gemini-test'`;
  });

  test("does not stop a job that an administrator let through", async () => {
    const id = await deck(3, "override");
    expect(await workOnce({ asset: { pages: 1 } })).toBe("paused");

    await resumeAsset(db, "document", id, true);

    expect(await workOnce({ asset: { pages: 1 } })).toBe("done");
  });

  test("does not count a server without a key", async () => {
    await deck(3, "keyless");
    const slideDescriber = new Google({ baseUrl: gemini.url }).slideDescriber("gemini-test");

    expect(await workOnce({ asset: { pages: 1 } }, { ...work.tools, slideDescriber })).toBe("done");
  });

  test("leaves a paused deck that is deleted or cancelled as any other", async () => {
    const id = await deck(3, "cancelled");
    expect(await workOnce({ asset: { pages: 1 } })).toBe("paused");

    await db`select stop_job(${id}, 'cancelled', 'Stopped')`;

    expect(await getDocument(db, id)).toMatchObject({ status: "failed", status_reason: "Stopped" });
    expect((await failureOf(resumeAsset(db, "document", id, false))).code).toBe("not_paused");
  });
});

test("a forecast states the cost, and the limit that the work would exceed", async () => {
  const course_id = await createCourse(db);
  const work = { provider: "elevenlabs", model: "scribe_v1", usage: { audio_seconds: 5_400 } };

  expect(await forecastUsage(db, course_id, work, {})).toEqual({
    audio_minutes: 90,
    pages: 0,
    usd: 0.6,
    exceeded: null,
  });
  expect(await forecastUsage(db, course_id, work, { asset: { audio_minutes: 60 } })).toMatchObject({
    exceeded: { scope: "asset", unit: "audio_minutes", limit: 60, used: 0, needed: 90 },
  });
});

test("work that reaches a limit exactly is within it", async () => {
  const course_id = await createCourse(db);
  const work = { provider: "elevenlabs", model: "exact-test", usage: { audio_seconds: 40 } };
  await db`
    insert into provider_prices (provider, model, unit, per, usd)
    values ('elevenlabs', 'exact-test', 'audio_seconds', 3600, 0.6)`;
  const exceeded = async (budgets: Budgets, usage = work.usage) =>
    (await forecastUsage(db, course_id, { ...work, usage }, budgets)).exceeded;
  expect(await exceeded({ course: { usd: 0.6 } }, { audio_seconds: 3_600 })).toBeNull();
  for (const key of ["first", "second"])
    await db`
      insert into provider_calls (id, call_key, purpose, provider, model, course_id, usage, is_free)
      values (${crypto.randomUUID()}, ${key}, 'transcription', 'elevenlabs', 'exact-test', ${course_id},
              ${db.json(work.usage)}, false)`;

  expect(await exceeded({ course: { audio_minutes: 2 } })).toBeNull();
  expect(await exceeded({ course: { usd: 0.02 } })).toBeNull();
  expect(await exceeded({ course: { audio_minutes: 2 } }, { audio_seconds: 40.001 })).toMatchObject(
    { unit: "audio_minutes", limit: 2, used: 1.3333 },
  );
  await db`delete from provider_prices where model = 'exact-test'`;
});

test("calls to different providers at the same time keep the limit that they share", async () => {
  const limits = { maxConcurrent: 16, maxFailures: 5, probeSeconds: 30 };
  const begin = (sql: Sql, course_id: string, provider: string, budgets: Budgets) =>
    beginCall(
      sql,
      {
        id: crypto.randomUUID(),
        token: null,
        course_id,
        call_key: `shared:${provider}`,
        purpose: "transcription",
        provider,
        model: "m",
        usage: { audio_seconds: 60 },
        terms: [],
        isFree: false,
      },
      { ...limits, budgets },
    );
  const settings: Budgets = { asset: {}, course: {}, day: { audio_minutes: 1 } };
  const limitOfCourse = await createCourse(db);
  await updateCourse(db, limitOfCourse, { budget: { course: { audio_minutes: 1 } } });
  for (const [course_id, budgets] of [
    [await createCourse(db), settings],
    [limitOfCourse, { asset: {}, course: {}, day: {} }],
  ] as const) {
    await db`delete from provider_calls`;
    let second: Promise<CallVerdict> | undefined;
    const first = await db.begin(async (sql) => {
      const begun = await begin(sql as unknown as Sql, course_id, "first", budgets);
      second = begin(db, course_id, "second", budgets);
      second.catch(() => {});
      await Bun.sleep(200); // the second call is under way, the first is not committed
      return begun;
    });

    expect(first.verdict).toBe("go");
    expect((await second!).verdict).toBe("budget");
  }
});
