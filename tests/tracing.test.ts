import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { AppError } from "../src/errors";
import { ingestDocument } from "../src/pipelines/document/ingest";
import { openAttempt } from "../src/pipelines/step";
import { type JobHandler, runAttempt } from "../src/queue/attempt";
import { runLogged } from "../src/queue/job-context";
import { claimJob, QUEUES } from "../src/queue/queue";
import { currentTraceparent, inSpan, isTraced, startTracing } from "../src/tracing";
import { BOOTSTRAP, openGuardedApp } from "./support/access";
import { silentLog } from "./support/factories";
import { startOpenAI } from "./support/openai";
import { type ReceivedSpan, startCollector } from "./support/otlp";
import { deckPdf } from "./support/pdfs";

setDefaultTimeout(60_000);

const SECRET_WORDS = ["Kolmogorov", "Wiederholungsprüfung"];
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";

describe("a document and a question, from the request to the statements", () => {
  const collector = startCollector();
  afterAll(() => collector.close());
  let upload: ReceivedSpan;
  let job: ReceivedSpan;
  const spansOf = (name: string) => collector.spans.filter((span) => span.name === name);
  const parentOf = ({ parent }: ReceivedSpan) => collector.spans.find(({ id }) => id === parent);

  beforeAll(async () => {
    const openai = startOpenAI({
      replies: [{ text: `An answer about ${SECRET_WORDS[0]}.` }],
    });
    const app = await openGuardedApp({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: "x-token=a%20secret",
      OPENAI_BASE_URL: openai.url,
    });
    const { services } = app;
    const course = await app.postJson("/api/courses", { name: "Traced" }, BOOTSTRAP);
    const { id: course_id } = await course.json();
    const form = new FormData();
    form.set("course_id", course_id);
    const pdf = await deckPdf([{ title: SECRET_WORDS[0]!, body: ["Complexity of strings"] }]);
    form.set("file", new File([pdf as BlobPart], "deck.pdf", { type: "application/pdf" }));
    const headers = { "x-request-id": "upload-1", traceparent: `00-${TRACE}-${CALLER}-01` };
    const sent = await app.call("POST", "/api/documents/upload", BOOTSTRAP, {
      body: form,
      headers,
    });
    expect(sent.status).toBe(202);

    const claimed = (await claimJob(app.db, QUEUES, 45, crypto.randomUUID()))!;
    const handler: JobHandler = async (one, signal) => {
      const attempt = openAttempt(app.db, "document", one, signal, () => {}, services.callPolicy);
      await ingestDocument(one.asset_id, { ...services, maxPages: 10 }, attempt);
      return undefined;
    };
    const run = { stop: new AbortController().signal, lost: new AbortController(), log: silentLog };
    const outcome = await runLogged(claimed, silentLog, () =>
      runAttempt(app.db, claimed, handler, run),
    );
    expect(outcome).toBe("done");

    const question = { course_id, message: `What is ${SECRET_WORDS[1]}?` };
    const answer = await app.postJson("/api/chat", question, BOOTSTRAP);
    await answer.text();
    await app.call("GET", "/api/health/ready");
    await app.call("GET", "/metrics", BOOTSTRAP);
    await app[Symbol.asyncDispose]();
    await openai[Symbol.asyncDispose]();
    upload = spansOf("POST /api/documents/upload")[0]!;
    job = spansOf("job document")[0]!;
  });

  test("the request continues the trace of its caller", () => {
    expect(upload).toMatchObject({ trace: TRACE, parent: CALLER, kind: 2 });
    expect(upload.attributes).toMatchObject({
      "http.request.method": "POST",
      "http.route": "/api/documents/upload",
      "http.response.status_code": 202,
      "lectern.request_id": "upload-1",
    });
    expect(upload.resource).toMatchObject({ "service.name": "lectern", "lectern.role": "all" });
  });

  test("the job continues the trace of its request, across the queue", () => {
    expect(job).toMatchObject({ trace: TRACE, kind: 5 });
    // The span that was current when the job was created.
    let above = parentOf(job);
    while (above && above.id !== upload.id) above = parentOf(above);
    expect(above?.id).toBe(upload.id);
    expect(job.attributes).toMatchObject({ "lectern.outcome": "done", "lectern.attempt": 1 });
  });

  test("each step is within the job, each call within its step, each statement within its work", () => {
    const embedding = spansOf("step embedding")[0]!;
    const call = spansOf("embed openai")[0]!;
    expect(parentOf(embedding)!.id).toBe(job.id);
    expect(parentOf(call)!.id).toBe(embedding.id);
    expect(call).toMatchObject({ kind: 3, trace: TRACE });
    expect(call.attributes).toMatchObject({
      "gen_ai.provider.name": "openai",
      "gen_ai.usage.tokens": expect.anything(),
    });
    const statements = collector.spans.filter(({ parent }) => parent === embedding.id);
    expect(statements.some(({ name }) => name.startsWith("sql "))).toBe(true);
  });

  test("an answer has its calls to the model and to the embedder", () => {
    const [chat] = spansOf("POST /api/chat");
    const inTrace = collector.spans.filter(({ trace }) => trace === chat!.trace);

    expect(inTrace.map(({ name }) => name)).toContain("chat openai");
    expect(chat!.trace).not.toBe(TRACE);
  });

  test("statements have no values, and no span has a text of users or materials", () => {
    const sql = collector.spans.filter(({ name }) => name.startsWith("sql "));
    expect(sql.some(({ attributes }) => String(attributes["db.query.text"]).includes("?"))).toBe(
      true,
    );
    for (const word of [...SECRET_WORDS, BOOTSTRAP, "Traced"]) {
      expect(collector.bodies.join("").includes(word)).toBe(false);
    }
  });

  test("probes of monitors make no traces", () => {
    const routes = collector.spans.map(({ attributes }) => attributes["http.route"]);
    expect(routes).toContain("/api/chat");
    expect(routes.filter((route) => /health|metrics/.test(String(route)))).toEqual([]);
  });

  test("the collector gets the headers of the settings", () => {
    expect(collector.headers[0]!.get("x-token")).toBe("a secret");
  });
});

describe("a span", () => {
  const collector = startCollector();
  afterAll(() => collector.close());
  const settings = {
    endpoint: collector.url,
    headers: {},
    share: 1,
    resource: {},
    sendEveryMs: 20,
  };

  test("of a failure has the code of the error and not its message, and passes the error on", async () => {
    const stop = await startTracing(settings, silentLog);
    const error = new AppError("provider_busy", { message: "a text of a user" });
    const failing = inSpan("async failure", {}, () => Promise.reject(error));
    await expect(failing).rejects.toBe(error);
    const throwing = () =>
      inSpan("failure", {}, () => {
        throw new TypeError("a text of a user");
      });
    expect(throwing).toThrow(TypeError);
    await stop();

    const [first, second] = collector.spans;
    expect([first!.status, first!.attributes["error.type"]]).toEqual([2, "provider_busy"]);
    expect([second!.status, second!.attributes["error.type"]]).toEqual([2, "TypeError"]);
    expect(collector.bodies.join("")).not.toContain("a text of a user");
  });

  test.each([
    "",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'; drop table jobs",
  ])("with the unusable parent %p begins a trace", async (parent) => {
    const before = collector.spans.length;
    const stop = await startTracing(settings, silentLog);
    inSpan("root", { parent }, () => {
      expect(currentTraceparent()).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/);
    });
    await stop();

    expect(collector.spans[before]!.parent).toBeUndefined();
  });

  test("of a share of 0 is not sent, and its trace id still reaches the job", async () => {
    const before = collector.spans.length;
    const stop = await startTracing({ ...settings, share: 0 }, silentLog);
    inSpan("unsampled", {}, () => {
      expect(currentTraceparent()).toMatch(/-00$/);
    });
    await stop();

    expect(collector.spans.length).toBe(before);
  });

  test("is dropped with one warning when the collector refuses it, and the work goes on", async () => {
    const refusing = startCollector(400);
    const warnings: unknown[] = [];
    const log = { warn: (...args: unknown[]) => void warnings.push(args) } as never;
    const stop = await startTracing({ ...settings, endpoint: refusing.url }, log);
    for (let i = 0; i < 3; i++) expect(inSpan("work", {}, () => i)).toBe(i);
    await stop();
    refusing.close();

    expect(refusing.spans.length).toBe(3);
    expect(warnings.length).toBe(1);
  });
});

describe("without a collector", () => {
  test("work runs without a span", async () => {
    expect(inSpan("work", {}, () => isTraced())).toBe(false);
    expect(currentTraceparent()).toBeNull();
    expect(await inSpan("work", {}, async (span) => span.set({ a: 1 }))).toBeUndefined();
  });

  test("OpenTelemetry's SDK is not loaded", () => {
    const script = `await import("./src/app"); await import("./src/services");
      console.log(Object.keys(require.cache).filter((path) => /opentelemetry.(sdk|exporter|resources)/.test(path)).length)`;
    const { stdout } = Bun.spawnSync([process.execPath, "-e", script]);

    expect(stdout.toString().trim()).toBe("0");
  });
});
