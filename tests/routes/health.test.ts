import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Elysia } from "elysia";
import { deleteAsset } from "../../src/db/assets";
import { connect } from "../../src/db/client";
import { observeProviderCall, openMetrics } from "../../src/metrics";
import type { LocalWorkers } from "../../src/queue/supervisor";
import { refreshRegistration, removeRegistration } from "../../src/queue/worker-registry";
import { type HealthDeps, healthRoutes } from "../../src/routes/health";
import { problems } from "../../src/routes/http/problems";
import { requestMetrics } from "../../src/routes/http/request-metrics";
import { type MetricsRouteDeps, metricsRoute } from "../../src/routes/metrics";
import { openDiskStorage } from "../../src/storage/disk";
import { readDiskSpace } from "../../src/storage/disk-space";
import { DOCUMENT_FILES } from "../../src/storage/files";
import { withDatabase } from "../support/database";
import { createCourse, createDocument, silentLog } from "../support/factories";
import { keylessGuard } from "../support/guard";
import { get } from "../support/http";
import { eventually } from "../support/waiting";

const db = await withDatabase();
const folder = await mkdtemp(join(tmpdir(), "lectern-health-"));
const storage = await openDiskStorage(join(folder, "there"), DOCUMENT_FILES);
afterAll(() => rm(folder, { recursive: true, force: true }));

const allWell: HealthDeps & MetricsRouteDeps = {
  databaseLoad: () => ({ running: 1, connections: 10 }),
  config: { ROLE: "all", DATABASE_URL: undefined },
  db,
  storage,
  metrics: openMetrics(),
  workers: (): LocalWorkers => ({ wanted: 2, alive: 2, isStarting: false }),
  diskSpace: async () => ({ free_bytes: 10_000, total_bytes: 20_000 }),
  maxUploadBytes: 1_000,
  checkTimeoutMs: 60_000,
};
async function ask(path: string, needs: Partial<typeof allWell> = {}) {
  const app = new Elysia()
    .use(problems(silentLog, () => []))
    .use(keylessGuard(db))
    .use(healthRoutes({ ...allWell, ...needs }))
    .use(metricsRoute({ ...allWell, ...needs }));
  const response = await app.handle(get(path));
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const OK = {
  database: "ok",
  storage: "ok",
  queue: "ok",
  workers: "ok",
  providers: "ok",
  disk: "ok",
};

describe("GET /api/health", () => {
  test("is well when everything answers", async () => {
    const { status, text } = await ask("/api/health");

    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ status: "ok", checks: OK });
  });

  test.each([
    [{ wanted: 2, alive: 0, isStarting: true }, "starting", "starting"],
    [{ wanted: 2, alive: 0, isStarting: false }, "degraded", "failed"],
    [{ wanted: 2, alive: 1, isStarting: false }, "ok", "ok"],
    [{ wanted: 0, alive: 0, isStarting: false }, "ok", "off"],
  ])("with workers %p is %s: they are %s", async (workers, status, check) => {
    const answer = await ask("/api/health", { workers: () => workers });

    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ status, checks: { ...OK, workers: check } });
  });

  test("without its storage is a 503, because uploads cannot be kept", async () => {
    const gone = await openDiskStorage(join(folder, "gone"), DOCUMENT_FILES);
    await rm(join(folder, "gone"), { recursive: true });
    const { status, text } = await ask("/api/health", { storage: gone });

    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({
      status: "degraded",
      checks: { ...OK, storage: "failed" },
    });
    expect(text).not.toContain(folder);
  });

  test("of a process without workers fails when a job waits and no process has workers", async () => {
    const workers = () => ({ wanted: 0, alive: 0, isStarting: false });
    const { document_id } = await createDocument(db, await createCourse(db));
    await db`update pgmq.q_ingest set vt = clock_timestamp() - interval '90 seconds'`;
    const alone = JSON.parse((await ask("/api/health", { workers })).text);
    const id = crypto.randomUUID();
    await refreshRegistration(db, { id, instance: "worker-1:4711", wanted: 4, alive: 3 });
    const served = JSON.parse((await ask("/api/health", { workers })).text);
    await db`update worker_processes set seen_at = now() - interval '2 minutes'`;
    const died = JSON.parse((await ask("/api/health", { workers })).text);
    await removeRegistration(db, id);
    await deleteAsset(db, "document", document_id);

    expect(alone).toMatchObject({ status: "degraded", checks: { workers: "failed" } });
    expect(alone.queue).toMatchObject({ waiting: 1, workers: 0, dead_letters: 0 });
    expect(alone.queue.oldest_pending_seconds).toBeGreaterThan(89);
    expect(served).toMatchObject({
      status: "ok",
      checks: { workers: "ok" },
      queue: { workers: 3 },
    });
    expect(died.checks.workers).toBe("failed");
  });

  test("names the provider that jobs wait for", async () => {
    await db`
      insert into provider_states (provider, failures, opened_at, open_until)
      values ('openai', 5, now(), now() + interval '30 seconds')`;
    const { status, text } = await ask("/api/health");
    await db`delete from provider_states`;

    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      status: "degraded",
      checks: { ...OK, providers: "failed" },
      waiting_for: [{ provider: "openai", jobs: 0 }],
    });
  });

  test.each([
    [4_999, 200, "low"],
    [999, 503, "full"],
  ])("with %d free bytes is a %d before uploads fail", async (free_bytes, code, disk) => {
    const diskSpace = async () => ({ free_bytes, total_bytes: 20_000 });
    const { status, text } = await ask("/api/health", { diskSpace });

    expect(status).toBe(code);
    expect(JSON.parse(text)).toMatchObject({ status: "degraded", checks: { ...OK, disk } });
  });

  test("reads the space of a real disk", async () => {
    const { free_bytes, total_bytes } = await readDiskSpace(folder);

    expect(free_bytes).toBeGreaterThan(0);
    expect(total_bytes).toBeGreaterThanOrEqual(free_bytes);
  });

  test("without its database is a 503 that says when to come back", async () => {
    const nowhere = connect("postgres://postgres@127.0.0.1:1/none", { max: 1 });
    const { status, headers, text } = await ask("/api/health", { db: nowhere });
    await nowhere.end({ timeout: 0 });

    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("5");
    expect(JSON.parse(text)).toMatchObject({
      status: "degraded",
      checks: { ...OK, database: "failed", queue: "failed", providers: "off" },
    });
  });
});

describe("GET /api/health/ready", () => {
  const noWorkers = { wanted: 2, alive: 0, isStarting: true };

  test("is ready when everything answers", async () => {
    const { status, text } = await ask("/api/health/ready");

    expect([status, JSON.parse(text)]).toEqual([200, { status: "ready" }]);
  });

  test("names what keeps it from working, and when to ask again", async () => {
    const storage = { check: () => Promise.reject(new Error("away")) };
    const diskSpace = async () => ({ free_bytes: 999, total_bytes: 20_000 });
    const { status, headers, text } = await ask("/api/health/ready", { storage, diskSpace });

    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("5");
    expect(JSON.parse(text)).toEqual({ status: "not_ready", failed: ["storage", "disk"] });
  });

  test("a bucket that never answers is a failure after the timeout", async () => {
    const storage = { check: () => new Promise<never>(() => {}) };
    const { status, text } = await ask("/api/health/ready", { storage, checkTimeoutMs: 100 });

    expect(status).toBe(503);
    expect(JSON.parse(text).failed).toContain("storage");
  });

  test("a server that also answers requests is ready before its workers, a worker is not", async () => {
    const workers = () => noWorkers;
    const both = await ask("/api/health/ready", { workers });
    const worker = await ask("/api/health/ready", { workers, needsWorkers: true });
    const failed = () => ({ ...noWorkers, isStarting: false });
    const dead = await ask("/api/health/ready", { workers: failed, needsWorkers: true });

    expect(both.status).toBe(200);
    expect(worker.status).toBe(503);
    expect(JSON.parse(worker.text)).toEqual({ status: "starting", failed: ["workers"] });
    expect(JSON.parse(dead.text).status).toBe("not_ready");
  });
});

test("GET /api/health/live answers without the database", async () => {
  const nowhere = connect("postgres://postgres@127.0.0.1:1/none", { max: 1 });
  const { status, text } = await ask("/api/health/live", { db: nowhere });
  await nowhere.end({ timeout: 0 });

  expect([status, JSON.parse(text)]).toEqual([200, { status: "live" }]);
});

const countRequests = (values: { metricName?: string; value: number }[]) =>
  values
    .filter(({ metricName }) => metricName?.endsWith("_count"))
    .reduce((sum, { value }) => sum + value, 0);

describe("GET /metrics", () => {
  test("counts what is there now in the whole installation, and the load of the process", async () => {
    const { job_id } = await createDocument(db, await createCourse(db));
    await db`select pgmq.send('ingest_dead', '{}', '{"code": "pdf_invalid"}'::jsonb),
                    pgmq.send('ingest_dead', '{}', '{"code": "made up"}'::jsonb)`;
    await db`insert into provider_states (provider, failures, opened_at, open_until)
      values ('panopto:uni.panopto.eu', 5, now(), now() + interval '30 seconds')`;
    await db`update jobs set waiting_for = 'panopto:uni.panopto.eu' where id = ${job_id}`;
    await db`insert into provider_prices (provider, model, unit, usd) values ('test', 'm', 'pages', 2)
      on conflict do nothing`;
    await db`insert into provider_calls (id, call_key, purpose, provider, model, state, usage, finished_at)
      values (gen_random_uuid(), 'k', 'describe', 'test', 'm', 'ok', '{"pages": 3}', now())`;
    await db`insert into backups (place, started_at, archive, missing, changed, error_code, error_message)
      values ('/backups', now() - interval '3 days', 'a', 9, 0, null, null),
             ('/backups', now() - interval '2 days', 'b', 2, 1, null, null),
             ('/backups', now() - interval '1 day', null, null, null, 'storage_full', 'full')`;
    const { headers, text } = await ask("/metrics");
    await db`delete from provider_states`;
    await db`delete from backups where archive is not null`;
    const failed = await ask("/metrics");
    await db`delete from backups`;
    const none = await ask("/metrics");

    expect(headers.get("content-type")).toStartWith("text/plain");
    for (const line of [
      'lectern_jobs{kind="document",state="pending"} 1',
      'lectern_queue_messages{queue="ingest"} 1',
      'lectern_dead_letters{code="pdf_invalid"} 1',
      'lectern_dead_letters{code="other"} 1',
      'lectern_provider_breaker_open{provider="panopto"} 1',
      'lectern_waiting_jobs{provider="panopto"} 1',
      'lectern_provider_cost_today_usd{provider="test",model="m"} 6',
      "lectern_workers 0",
      'lectern_process_workers{state="alive"} 2',
      "lectern_disk_free_bytes 10000",
      "lectern_database_up 1",
      "lectern_storage_up 1",
      "lectern_database_statements_running 1",
      "lectern_database_pool_connections 10",
      "lectern_open_streams 0",
      "lectern_backup_damaged_files 3",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    expect(text).toMatch(/lectern_queue_oldest_seconds \d/);
    const backupAge = (body: string) => /^lectern_backup_age_seconds (\d+)/m.exec(body)?.[1];
    expect(Math.round(Number(backupAge(text)) / 86_400)).toBe(2);
    expect(Math.round(Number(backupAge(failed.text)) / 86_400)).toBe(1);
    expect(backupAge(none.text)).toBeUndefined();
    expect(failed.text).not.toMatch(/^lectern_backup_damaged_files /m);
    expect(text).toMatch(/lectern_build_info\{version="[^"]+",runtime="bun [^"]+",role="all"/);
    expect(text).toContain("process_resident_memory_bytes");
  });

  test("shows the process when database and storage are away, and no old numbers", async () => {
    const metrics = openMetrics();
    await ask("/metrics", { metrics });
    const nowhere = connect("postgres://postgres@127.0.0.1:1/none", { max: 1 });
    const storage = { check: () => Promise.reject(new Error("away")) };
    const { status, text } = await ask("/metrics", { metrics, db: nowhere, storage });
    await nowhere.end({ timeout: 0 });

    expect(status).toBe(200);
    expect(text.split("\n")).toContain("lectern_database_up 0");
    expect(text.split("\n")).toContain("lectern_storage_up 0");
    expect(text).not.toMatch(/^lectern_(jobs|workers|queue_oldest_seconds)[ {]/m);
    expect(text).toMatch(/^lectern_disk_free_bytes \d/m);
  });

  test("measures requests by their route, so that unknown addresses add no series", async () => {
    const metrics = openMetrics();
    const app = new Elysia()
      .use(requestMetrics(metrics))
      .use(problems(silentLog, () => []))
      .get("/api/things/:id", () => "thing");
    for (const path of ["/api/things/1", "/api/things/2", "/none/1", "/none/2"]) {
      await app.handle(get(path));
    }
    const read = async () => (await metrics.requestSeconds.get()).values;
    const values = await eventually(read, (all) => countRequests(all) === 4);

    const labels = values.map(({ labels }) => `${labels.method} ${labels.route} ${labels.status}`);
    expect([...new Set(labels)].sort()).toEqual(["GET /api/things/:id 200", "GET none 404"]);
  });

  test("measures calls to providers by service, purpose and outcome", async () => {
    const metrics = openMetrics();
    const call = { provider: "openai", model: "gpt-5-mini", purpose: "chat", usage: {} };
    observeProviderCall(metrics, { ...call, outcome: "ok", error_code: null, seconds: 3 });
    observeProviderCall(metrics, {
      ...call,
      provider: "panopto:uni.panopto.eu",
      outcome: "error",
      error_code: "provider_unavailable",
      seconds: null,
      usage: { input_tokens: 12, output_tokens: 0 },
    });
    const text = await metrics.registry.metrics();

    expect(text).toContain(
      'lectern_provider_call_seconds_bucket{le="5",provider="openai",purpose="chat",outcome="ok"} 1',
    );
    expect(text).toContain(
      'lectern_provider_errors_total{provider="panopto",code="provider_unavailable"} 1',
    );
    expect(text).toContain(
      'lectern_provider_units_total{provider="panopto",model="gpt-5-mini",unit="input_tokens"} 12',
    );
    expect(text).not.toContain('unit="output_tokens"');
  });
});
