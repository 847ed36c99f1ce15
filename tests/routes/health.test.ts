import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Elysia } from "elysia";
import { connect } from "../../src/db/client";
import { openMetrics } from "../../src/metrics";
import { healthRoutes } from "../../src/routes/health";
import { problems } from "../../src/routes/http/problems";
import { openDiskStorage } from "../../src/storage/disk";
import { DOCUMENT_FILES } from "../../src/storage/files";
import { withDatabase } from "../support/database";
import { createCourse, createDocument, silentLog } from "../support/factories";
import { keylessGuard } from "../support/guard";
import { get } from "../support/http";

const db = await withDatabase();
const folder = await mkdtemp(join(tmpdir(), "lectern-health-"));
const storage = await openDiskStorage(join(folder, "there"), DOCUMENT_FILES);
afterAll(() => rm(folder, { recursive: true, force: true }));

const allWell = {
  ...{ db, storage, metrics: openMetrics(), workers: () => ({ wanted: 2, alive: 2 }) },
  checkTimeoutMs: 60_000,
};
async function ask(path: string, needs: Partial<typeof allWell> = {}) {
  const app = new Elysia()
    .use(problems(silentLog, () => []))
    .use(keylessGuard(db))
    .use(healthRoutes({ ...allWell, ...needs }));
  const response = await app.handle(get(path));
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const OK = { database: "ok", storage: "ok", queue: "ok", workers: "ok" };

describe("GET /api/health", () => {
  test("is well when everything answers", async () => {
    const { status, text } = await ask("/api/health");

    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ status: "ok", checks: OK });
  });

  test.each([
    [{ wanted: 2, alive: 0 }, "degraded", "failed"],
    [{ wanted: 2, alive: 1 }, "ok", "ok"],
    [{ wanted: 0, alive: 0 }, "ok", "off"],
  ])("with workers %p is %s: they are %s", async (workers, status, check) => {
    const answer = await ask("/api/health", { workers: () => workers });

    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ status, checks: { ...OK, workers: check } });
  });

  test("is degraded without its storage, but can still answer", async () => {
    const gone = await openDiskStorage(join(folder, "gone"), DOCUMENT_FILES);
    await rm(join(folder, "gone"), { recursive: true });
    const { status, text } = await ask("/api/health", { storage: gone });

    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      status: "degraded",
      checks: { ...OK, storage: "failed" },
    });
    expect(text).not.toContain(folder);
  });

  test("without its database is a 503 that says when to come back", async () => {
    const nowhere = connect("postgres://postgres@127.0.0.1:1/none", { max: 1 });
    const { status, headers, text } = await ask("/api/health", { db: nowhere });
    await nowhere.end({ timeout: 0 });

    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("5");
    expect(JSON.parse(text)).toMatchObject({
      status: "degraded",
      checks: { ...OK, database: "failed", queue: "failed" },
    });
  });
});

describe("GET /metrics", () => {
  test("counts the jobs and messages that are there now", async () => {
    await createDocument(db, await createCourse(db));
    const { headers, text } = await ask("/metrics");

    expect(headers.get("content-type")).toStartWith("text/plain");
    expect(text).toContain('lectern_jobs{kind="document",state="pending"} 1');
    expect(text).toContain('lectern_queue_messages{queue="ingest"} 1');
    expect(text).toContain("process_resident_memory_bytes");
  });
});
