// One engine: the quarantine of the queue is tested on both; the subject is the process of its jobs.
import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "../../src/db/client";
import { expectWhole, uploadDeck } from "../support/ingestion";
import { startOpenAI } from "../support/openai";
import { childrenOf, openServerHost, settled } from "../support/server";
import { eventually } from "../support/waiting";

setDefaultTimeout(240_000);

const host = await openServerHost();
afterEach(() => host.stop());
afterAll(() => host[Symbol.asyncDispose]());

test("a job that crashes its process three times fails alone, and a job beside it completes", async () => {
  await using openai = startOpenAI();
  // The first deck waits for its vectors, so that its process can be killed there each time.
  for (let n = 0; n < 2; n++) openai.embeddingFaults.push({ kind: "stall", afterTokens: 0 });
  const env = { OPENAI_BASE_URL: openai.url, EMBEDDING_MODEL: "openai:text-embedding-3-small" };
  const queued = await host.start({ ...env, WORKERS: "0" });
  const poisonous = await uploadDeck(queued, 3);
  const db = connect(queued.databaseUrl, { max: 1 });
  await db`update jobs set crashes = 2 where document_id = ${poisonous}`;
  await db.end();
  await queued.stop();

  const server = await host.start(env);
  // The first attempt makes progress, so its crash does not count.
  for (const attempt of [1, 2]) {
    await eventually(
      async () => openai.requests.length,
      (requests) => requests === attempt,
    );
    expect(await server.json(`/api/documents/${poisonous}/status`)).toMatchObject({
      attempt,
      quarantined: true,
      job_state: "embedding",
    });
    for (const pid of await childrenOf(server.pid, "worker.ts")) process.kill(pid, "SIGKILL");
  }
  const healthy = await uploadDeck(server, 3);

  const failed = await settled(server, poisonous);
  await expectWhole(server, healthy, 3);

  expect(failed).toMatchObject({ status: "failed" });
  const status = await server.json(`/api/documents/${poisonous}/status`);
  expect(status).toMatchObject({ error_code: "worker_crashed", quarantined: true });
  const { items } = await server.json(`/api/documents/${poisonous}/events`);
  const types = items.map(({ event_type }: { event_type: string }) => event_type);
  expect(types).toContain("quarantined");
  expect(types).toContain("crashed");
});

test("a healthy job in quarantine completes", async () => {
  const queued = await host.start({ WORKERS: "0" });
  const document_id = await uploadDeck(queued, 3);
  const db = connect(queued.databaseUrl, { max: 1 });
  await db`update jobs set crashes = 2 where document_id = ${document_id}`;
  await db.end();
  await queued.stop();

  const server = await host.start();

  await expectWhole(server, document_id, 3);
  expect(server.log()).toContain("a job runs in quarantine");
});
