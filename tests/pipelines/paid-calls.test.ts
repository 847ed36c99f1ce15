import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  closeLostCalls,
  listProviderCalls,
  listProviderOutages,
} from "../../src/db/jobs/provider-calls";
import { AppError } from "../../src/errors";
import { NO_ADDRESS } from "../../src/media/fetch/addresses";
import { type CallPolicy, CallRecorder, DEFAULT_POLICY } from "../../src/pipelines/paid-calls";
import { runAttempt } from "../../src/queue/attempt";
import { type ClaimedJob, claimJob, finishJob, QUEUES } from "../../src/queue/queue";
import { AnswerSpool, SPOOL_FOLDER } from "../../src/storage/answer-spool";
import { withDatabase } from "../support/database";
import { createCourse, createDocument, silentLog } from "../support/factories";
import { failureOf } from "../support/failures";

const db = await withDatabase();
const course_id = await createCourse(db);

/** Each test has a provider and a job of its own. */
let service: string;
let document_id: string;
let job: ClaimedJob;
beforeEach(async () => {
  await db`select pgmq.purge_queue('ingest')`;
  await db`delete from jobs`;
  await db`delete from provider_states`;
  service = `provider_${crypto.randomUUID().slice(0, 8)}`;
  ({ document_id } = await createDocument(db, course_id));
  job = (await claimJob(db, QUEUES, 45))!;
});

const QUICK: CallPolicy = { ...DEFAULT_POLICY, probeSeconds: 1, turnMs: 500 };
const forever = new AbortController().signal;
const recorder = (signal = forever, policy = QUICK, held = job) =>
  new CallRecorder(db, held, signal, policy).for("describe", `document:${document_id}:page:1`);
const call = () => ({ service, model: "m", estimate: { pages: 1 } });
const succeed = async () => ({ result: "text", usage: { pages: 1, output_tokens: 7 } });
const failWith =
  (...failure: ConstructorParameters<typeof AppError>) =>
  async () => {
    throw new AppError(...failure);
  };
const receipts = () => listProviderCalls(db, document_id);
const open = async () => {
  for (let i = 0; i < 5; i++) {
    await failureOf(recorder().run(call(), failWith("provider_unavailable")));
  }
};
/** What a worker does with the job when its work ends with this error. */
const attempt = (error: unknown, held = job) =>
  runAttempt(db, held, () => Promise.reject(error), {
    stop: forever,
    lost: new AbortController(),
    log: silentLog,
    probeSeconds: 1,
  });
const reclaim = async () => {
  await db`update pgmq.q_ingest set vt = clock_timestamp()`;
  job = (await claimJob(db, QUEUES, 45))!;
  return job;
};
const jobRow = async () => (await db`select * from jobs where id = ${job.job_id}`)[0]!;

describe("a receipt", () => {
  test("is there before the call, and closed after it with what was billed", async () => {
    const result = await recorder().run(call(), async () => {
      expect(await receipts()).toMatchObject([{ state: "started", usage: { pages: 1 } }]);
      return succeed();
    });

    expect(result).toBe("text");
    expect(await receipts()).toMatchObject([
      { state: "ok", provider: service, model: "m", usage: { pages: 1, output_tokens: 7 } },
    ]);
  });

  test("of a refused call states the error and no usage", async () => {
    await failureOf(recorder().run(call(), failWith("provider_unauthorized")));

    expect(await receipts()).toMatchObject([
      { state: "error", error_code: "provider_unauthorized", usage: {} },
    ]);
  });

  test("of an attempt that was stopped is lost, with the estimate", async () => {
    const stop = new AbortController();
    const stopped = recorder(stop.signal).run(call(), async (): Promise<never> => {
      stop.abort();
      throw stop.signal.reason;
    });

    await stopped.catch(() => {});

    expect(await receipts()).toMatchObject([{ state: "lost", usage: { pages: 1 } }]);
  });

  test("of a dead process is closed by the next attempt", async () => {
    void recorder().run(call(), () => new Promise<never>(() => {}));
    while ((await receipts()).length === 0) await Bun.sleep(5);
    await reclaim();

    await recorder().run(call(), succeed);

    expect((await receipts()).map(({ state }) => state)).toEqual(["lost", "ok"]);
  });

  test("of a dead process is closed by maintenance after its job ended", async () => {
    void recorder().run(call(), () => new Promise<never>(() => {}));
    while ((await receipts()).length === 0) await Bun.sleep(5);
    expect(await closeLostCalls(db)).toBe(0);
    await finishJob(db, job, "failed", { code: "internal", message: "the test is over" });

    expect(await closeLostCalls(db)).toBe(1);
    expect(await receipts()).toMatchObject([{ state: "lost" }]);
  });

  test("is not written, and nothing is bought, once another worker has the job", async () => {
    const late = { ...job, attempt: job.attempt + 1 };
    let bought = 0;
    const buy = async () => {
      bought += 1;
      return succeed();
    };

    const failure = await failureOf(recorder(forever, QUICK, late).run(call(), buy));

    expect(failure.code).toBe("claim_lost");
    expect([bought, (await receipts()).length]).toEqual([0, 0]);
  });
});

describe("an unusable answer", () => {
  test("is bought twice, then the job fails with a clear reason", async () => {
    const buy = () => failureOf(recorder().run(call(), failWith("provider_answer_invalid")));

    expect((await buy()).code).toBe("provider_answer_invalid");
    await reclaim();
    const second = await recorder()
      .run(call(), failWith("provider_answer_invalid"))
      .catch((error) => error);

    expect(await attempt(second)).toBe("gave-up");
    expect(await receipts()).toMatchObject([
      { state: "error", usage: { pages: 1 } },
      { state: "error", usage: { pages: 1 } },
    ]);
    const { error_message } = await jobRow();
    expect(error_message).toContain(`${service} answered 2 times`);
  });
});

describe("an answer that is kept on the disk", () => {
  const dataRoot = mkdtempSync(join(tmpdir(), "answers-"));
  afterAll(() => rm(dataRoot, { recursive: true }));
  const folder = join(dataRoot, SPOOL_FOLDER);
  const policy = { ...QUICK, answers: new AnswerSpool(dataRoot, silentLog) };
  const keeping = (input = "sha256 of the input", with_: CallPolicy = policy) =>
    new CallRecorder(db, job, forever, with_).keeping("transcribe", `work:${document_id}`, input);
  const counted = () => {
    let count = 0;
    const request = async () => {
      count += 1;
      return succeed();
    };
    return { request, count: () => count };
  };
  const files = async () => (await readdir(folder)).filter((name) => name.startsWith(job.job_id));

  test("is used by the next attempt, which makes no call and closes the receipt", async () => {
    const { request, count } = counted();
    await keeping().run(call(), request);
    // The process died before the receipt was closed and the result was stored.
    await db`update provider_calls set state = 'started', finished_at = null`;
    await reclaim();

    const calls = keeping();
    expect(await calls.run(call(), request)).toBe("text");
    await calls.stored();

    expect(count()).toBe(1);
    expect(await receipts()).toMatchObject([
      { state: "ok", usage: { pages: 1, output_tokens: 7 } },
    ]);
    expect(await files()).toEqual([]);
  });

  test("is used although retention removed its receipt", async () => {
    const { request, count } = counted();
    await keeping().run(call(), request);
    await db`delete from provider_calls where job_id = ${job.job_id}`;

    expect(await keeping().run(call(), request)).toBe("text");
    expect(count()).toBe(1);
  });

  test("belongs to one input, one part of the work and one model", async () => {
    const { request, count } = counted();
    await keeping().run(call(), request);

    await keeping("other audio").run(call(), request);
    await keeping().run({ ...call(), model: "better" }, request);
    await keeping().run({ ...call(), unit: "at:60000" }, request);

    expect(count()).toBe(4);
  });

  test("is not kept when it cannot be used, or when the call failed", async () => {
    const unusable = async () => ({ ...(await succeed()), problem: "answer_invalid" });
    await keeping().run(call(), unusable);
    await failureOf(keeping().run(call(), failWith("provider_unavailable")));

    expect(await files()).toEqual([]);
  });

  test("is bought again when its file is damaged", async () => {
    const { request, count } = counted();
    await keeping().run(call(), request);
    const [name] = await files();
    for (const damage of ["", '{"call_id":', "null", '{"call_id":"x","result":1}']) {
      await Bun.write(join(folder, name!), damage);
      const bought = count();

      expect(await keeping().run(call(), request)).toBe("text");
      expect(count()).toBe(bought + 1);
    }
  });

  test("does not fail the call when the disk refuses it", async () => {
    await Bun.write(join(dataRoot, "a-file"), "");
    const answers = new AnswerSpool(join(dataRoot, "a-file"), silentLog);

    const calls = keeping("sha256 of the input", { ...policy, answers });

    expect(await calls.run(call(), succeed)).toBe("text");
    await calls.stored();
  });

  test("of an attempt that is stopped while the answer arrives is still kept", async () => {
    const stop = new AbortController();
    const recorded = new CallRecorder(db, job, stop.signal, policy);
    const calls = recorded.keeping("transcribe", `work:${document_id}`, "sha256 of the input");
    await calls.run(call(), async () => {
      stop.abort();
      return succeed();
    });

    expect((await files()).length).toBe(1);
  });
});

describe("work that goes on at the provider", () => {
  test("is polled by the next attempt and bought once", async () => {
    const stop = new AbortController();
    const killed = recorder(stop.signal).run(call(), async ({ submitted }) => {
      await submitted("tr_1");
      stop.abort();
      throw stop.signal.reason;
    });
    await killed.catch(() => {});
    await reclaim();

    await recorder().run(call(), async ({ request_id }) => {
      expect(request_id).toBe("tr_1");
      return succeed();
    });

    expect(await receipts()).toMatchObject([{ state: "ok" }]);
  });

  test("is fetched again and not bought when its result was not stored", async () => {
    await recorder().run(call(), async ({ submitted }) => {
      await submitted("tr_2");
      return succeed();
    });
    await reclaim(); // the process ended before it stored the result

    const request_id = await recorder().run(call(), async (receipt) => ({
      ...(await succeed()),
      result: receipt.request_id,
    }));

    expect(request_id).toBe("tr_2");
    expect(await receipts()).toMatchObject([{ state: "ok", usage: { pages: 1 } }]);
  });

  test("is bought when the provider has no usable result under its id", async () => {
    await recorder().run(call(), async ({ submitted }) => {
      await submitted("tr_3");
      return succeed();
    });
    await reclaim();
    await failureOf(recorder().run(call(), failWith("provider_answer_invalid")));
    await reclaim();

    const request_id = await recorder().run(call(), async (receipt) => ({
      ...(await succeed()),
      result: receipt.request_id,
    }));

    expect(request_id).toBeNull();
    expect(await receipts()).toMatchObject([{ state: "error" }, { state: "ok" }]);
  });
});

describe("a circuit breaker", () => {
  test("opens after five failures, and then no call is made", async () => {
    await open();
    let calls = 0;

    const failure = await failureOf(
      recorder().run(call(), async () => {
        calls += 1;
        return succeed();
      }),
    );

    expect(failure).toMatchObject({ code: "provider_waiting" });
    expect(calls).toBe(0);
    expect(await listProviderOutages(db)).toMatchObject([{ provider: service }]);
  });

  test("lets one call through per probe time, and closes when it succeeds", async () => {
    await open();
    await Bun.sleep(1_050);
    const probe = Promise.withResolvers<void>();
    const first = recorder().run(call(), async () => {
      await probe.promise;
      return succeed();
    });
    while ((await receipts()).filter(({ state }) => state === "started").length === 0) {
      await Bun.sleep(5);
    }
    expect((await failureOf(recorder().run(call(), succeed))).code).toBe("provider_waiting");

    probe.resolve();
    await first;

    expect(await recorder().run(call(), succeed)).toBe("text");
    expect(await listProviderOutages(db)).toEqual([]);
  });

  test("makes its jobs due at once when it closes", async () => {
    await open();
    const waiting = await recorder()
      .run(call(), succeed)
      .catch((error) => error);
    expect(await attempt(waiting)).toBe("waiting");
    expect(await jobRow()).toMatchObject({ waiting_for: service, errors: 0 });
    expect(await claimJob(db, QUEUES, 45)).toBeNull();
    await db`update provider_states set open_until = clock_timestamp() where provider = ${service}`;

    await new CallRecorder(db, null, forever, QUICK).for("chat", "chat:1").run(call(), succeed);

    expect((await claimJob(db, QUEUES, 45))?.job_id).toBe(job.job_id);
  });

  test("is not opened by errors that are the caller's own", async () => {
    for (let i = 0; i < 6; i++) {
      await failureOf(recorder().run(call(), failWith("provider_request_refused")));
    }

    expect(await recorder().run(call(), succeed)).toBe("text");
  });
});

describe("a request that is not billed", () => {
  const unbilled = (request: () => Promise<string>, signal = forever) =>
    new CallRecorder(db, job, signal, QUICK).unbilled(service, request);

  test("shares the breaker of its service and needs no receipt", async () => {
    for (let i = 0; i < 5; i++) {
      const failure = await failureOf(unbilled(failWith("fetch_timeout", { host: "h" })));
      expect(failure).toMatchObject({ code: "fetch_timeout", service });
    }

    let asked = 0;
    const count = async () => `${++asked}`;
    expect((await failureOf(unbilled(count))).code).toBe("provider_waiting");
    expect(asked).toBe(0);
    await Bun.sleep(1_050);
    expect(await unbilled(count)).toBe("1");
    expect(await unbilled(count)).toBe("2");
    expect(await receipts()).toEqual([]);
    expect(await listProviderOutages(db)).toEqual([]);
  });

  test("to a name without an address, and one that we stop, open no breaker", async () => {
    const stop = new AbortController();
    for (let i = 0; i < 6; i++) {
      const wrongName = failWith("provider_unavailable", { host: "h", reason: NO_ADDRESS });
      expect(await failureOf(unbilled(wrongName))).not.toHaveProperty("service");
    }
    stop.abort();
    const stopped = unbilled(failWith("provider_unavailable"), stop.signal);
    expect((await failureOf(stopped)).code).toBe("provider_unavailable");

    expect(await unbilled(async () => "well")).toBe("well");
  });
});

describe("an outage", () => {
  test("of a provider costs a job none of its attempts, and is one entry of its log", async () => {
    for (let i = 0; i < 20; i++) {
      const failure = await recorder()
        .run(call(), failWith("provider_unavailable"))
        .catch((error) => error);
      expect(["retrying", "waiting"]).toContain(await attempt(failure));
      await reclaim();
    }

    const { errors, log, error_message } = await jobRow();
    expect(errors).toBe(0);
    expect(log.length).toBe(1);
    expect(error_message.length).toBeGreaterThan(10);
  });

  test("is not what fails one job alone while the provider answers others", async () => {
    let outcome = "";
    for (let i = 0; i < 12 && outcome !== "gave-up"; i++) {
      const failure = await recorder()
        .run(call(), failWith("provider_unavailable"))
        .catch((error) => error);
      outcome = await attempt(failure);
      if (outcome === "gave-up") break;
      await new CallRecorder(db, null, forever, QUICK).for("chat", "chat:1").run(call(), succeed);
      await reclaim();
    }

    expect(outcome).toBe("gave-up");
  });

  test.each(["57P01", "53300", "CONNECTION_CLOSED"])(
    "of the database (%s) costs no attempt",
    async (code) => {
      expect(await attempt(Object.assign(new Error("gone"), { code }))).toBe("waiting");

      expect(await jobRow()).toMatchObject({ errors: 0, error_code: "database_unavailable" });
    },
  );
});

describe("the limit of concurrent calls", () => {
  test("holds for the whole fleet, and a call waits for its turn", async () => {
    const policy = { ...QUICK, maxConcurrent: () => 2, turnMs: 20_000 };
    let running = 0;
    let most = 0;
    const slow = async () => {
      running += 1;
      most = Math.max(most, running);
      await Bun.sleep(100);
      running -= 1;
      return succeed();
    };

    await Promise.all(Array.from({ length: 6 }, () => recorder(forever, policy).run(call(), slow)));

    expect(most).toBe(2);
    expect((await receipts()).length).toBe(6);
  });

  test("makes a job wait when no turn comes", async () => {
    const policy = { ...QUICK, maxConcurrent: () => 1, turnMs: 300 };
    const end = Promise.withResolvers<void>();
    const first = recorder(forever, policy).run(call(), async () => {
      await end.promise;
      return succeed();
    });
    while ((await receipts()).length === 0) await Bun.sleep(5);

    const failure = await failureOf(recorder(forever, policy).run(call(), succeed));

    expect(failure.code).toBe("provider_waiting");
    end.resolve();
    await first;
  });
});
