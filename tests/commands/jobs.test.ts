import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { connect, type Sql } from "../../src/db/client";
import { requestLecture } from "../../src/db/lectures";
import { claimJob, postponeJob, QUEUES } from "../../src/queue/queue";
import { engine } from "../support/database";
import { createCourse, createDocument } from "../support/factories";
import { openServerHost, type Server } from "../support/server";

setDefaultTimeout(120_000);

// On the embedded engine the server holds the database, so the command uses its API.
const host = await openServerHost();
let server: Server;
let db: Sql;
beforeAll(async () => {
  server = await host.start({ WORKERS: "0" });
  db = connect(server.databaseUrl, { max: 1 });
});
afterAll(async () => {
  await db.end();
  await host[Symbol.asyncDispose]();
});

async function jobs(...args: string[]) {
  const settings =
    engine === "native" ? { DATABASE_URL: server.databaseUrl } : { PORT: new URL(server.url).port };
  const command = Bun.spawn([process.execPath, join("src", "commands", "jobs.ts"), ...args], {
    env: { PATH: process.env.PATH, DATA_ROOT: server.dataRoot, ...settings },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(command.stdout).text(),
    new Response(command.stderr).text(),
  ]);
  return { exitCode: await command.exited, out, err };
}

test("jobs are listed, shown, hurried, cancelled and retried", async () => {
  const course_id = await createCourse(db);
  const { job_id, document_id } = await createDocument(db, course_id);
  const held = (await claimJob(db, QUEUES, 60))!;
  await postponeJob(db, held, 3_600, {
    code: "provider_rate_limited",
    message: "Slow down",
    provider: "openai",
  });

  const listed = await jobs("list", "--activity", "waiting", "--course", course_id, "--json");
  expect(JSON.parse(listed.out)).toMatchObject([{ job_id, waiting_for: "openai", errors: 1 }]);
  expect((await jobs("list")).out).toContain("waits for openai; next attempt at");

  const hurried = await jobs("hurry", document_id, "--json");
  expect(JSON.parse(hurried.out)).toMatchObject({ priority: "high", waiting_for: null });

  const cancelled = await jobs("cancel", job_id, "--json");
  expect(JSON.parse(cancelled.out)).toMatchObject({ activity: "failed", error_code: "cancelled" });
  expect(await jobs("cancel", job_id)).toMatchObject({
    exitCode: 1,
    err: "There is no running job to cancel\n",
  });

  const retried = await jobs("retry", job_id);
  expect(retried.out).toMatch(/activity +waiting/);
  const shown = await jobs("show", job_id);
  expect(shown.out).toContain("attempt 1  error  Slow down");
});

test("a lecture is transcribed again, once, and the cost can be asked for before", async () => {
  const course_id = await createCourse(db);
  const { lecture_id, job_id } = await requestLecture(db, {
    course_id,
    session_id: crypto.randomUUID(),
    panopto_url: "https://a.panopto.com/Panopto/Pages/Viewer.aspx",
    title: "Entropy",
    transcription: true,
    priority: "normal",
    owner_id: null,
  });

  const dry = await jobs("retranscribe", lecture_id, "--dry-run");
  expect(JSON.parse(dry.out)).toEqual({ audio_minutes: 0, pages: 0, usd: 0, exceeded: null });
  const again = await jobs("retranscribe", lecture_id, "--json");
  expect(JSON.parse(again.out)).toMatchObject({ job_id, activity: "waiting" });

  const { document_id } = await createDocument(db, course_id);
  expect(await jobs("retranscribe", document_id)).toMatchObject({
    exitCode: 1,
    err: "No lecture has this id\n",
  });
});

test("an unknown job and bad arguments are explained", async () => {
  const unknown = await jobs("show", crypto.randomUUID());
  expect(unknown).toMatchObject({ exitCode: 1, err: "No job has this id\n" });

  for (const args of [
    ["list", "x"],
    ["show"],
    ["show", "x"],
    ["drop", crypto.randomUUID()],
    ["list", "--limit", "0"],
    ["retry", crypto.randomUUID(), "--dry-run"],
  ]) {
    const { exitCode, err } = await jobs(...args);
    expect(exitCode).toBe(2);
    expect(err).toContain("Usage: ./lectern jobs");
  }
});
