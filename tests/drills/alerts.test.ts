/**
 * Each alert rule of `deploy/`, by the fault that it is for: it fires in a real Prometheus, and ends after the cure that
 * its playbook names. Ages and prices are moved in the database, because a drill cannot wait for days.
 *
 * It runs with `DRILLS=long` on PostgreSQL where Prometheus is on PATH: `apt-get install prometheus`.
 */

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { S3Client } from "bun";
import { connect } from "../../src/db/client";
import { engine } from "../support/database";
import { isLong, uniqueDeck } from "../support/drill";
import { CLEAN_ENVIRONMENT } from "../support/environment";
import { freePort } from "../support/free-port";
import { startGemini } from "../support/gemini";
import { postFile, postJson } from "../support/http";
import { openNetworkLine } from "../support/network-line";
import { startOpenAI } from "../support/openai";
import { hasPrometheus, startPrometheus } from "../support/prometheus";
import { startS3Server } from "../support/s3-server";
import { childrenOf, openServerHost, type Server, settled } from "../support/server";
import { canMountSmallDisks, mountSmallDisk } from "../support/small-disk";
import { eventually } from "../support/waiting";

setDefaultTimeout(400_000);
const FIRES_MS = 120_000;
const isHere = isLong && hasPrometheus && engine === "native";

async function openInstallation() {
  const host = await openServerHost();
  const first = await host.start({ WORKERS: "0" });
  const databaseUrl = first.databaseUrl;
  await first.stop();
  const database = await openNetworkLine(databaseUrl);
  const bucket = await startS3Server();
  const storage = await openNetworkLine(bucket.settings.endpoint!);
  const gemini = startGemini();
  const openai = startOpenAI({ replies: () => ({ text: "Entropy is a measure." }) });
  const prometheus = await startPrometheus();
  const db = connect(databaseUrl, { max: 2 });
  const settings: Record<string, string> = {
    PORT: String(await freePort()),
    DATABASE_URL: database.url,
    DATABASE_POOL: "3",
    STORAGE: "s3",
    S3_ENDPOINT: storage.url,
    S3_BUCKET: bucket.settings.bucket,
    S3_ACCESS_KEY_ID: bucket.settings.accessKeyId!,
    S3_SECRET_ACCESS_KEY: bucket.settings.secretAccessKey!,
    WORKERS: "1",
    GOOGLE_BASE_URL: gemini.url,
    SLIDE_MODEL: "google:gemini-test",
    OPENAI_BASE_URL: openai.url,
    OPENAI_API_KEY: "key",
    CHAT_MODEL: "openai:gpt-5.4-mini",
    EMBEDDING_MODEL: "openai:text-embedding-3-small",
    AUTO_EXAMS: "off",
  };
  let server = await host.start(settings);
  await prometheus.watch(server);
  const { id: course_id } = await server.json(postJson("/api/courses", { name: "Alerts" }));
  return {
    host,
    settings,
    database,
    storage,
    bucket: bucket.settings,
    gemini,
    openai,
    prometheus,
    db,
    databaseUrl,
    course_id: course_id as string,
    server: () => server,
    /** Ends the server and starts it at the same address. */
    async restart(env: Record<string, string> = {}, signal: NodeJS.Signals = "SIGTERM") {
      await server.stop(signal);
      server = await host.start({ ...settings, ...env });
      return server;
    },
    async upload(pages = 4) {
      const deck = await uniqueDeck(pages);
      const { document_id } = await server.json(
        postFile("/api/documents/upload", { course_id }, deck),
      );
      return document_id as string;
    },
    ask: (at: Server = server) =>
      at.send(
        postJson("/api/chat", { course_id, message: `What is entropy? ${crypto.randomUUID()}` }),
      ),
    search: () =>
      server.send(postJson("/api/retrieval/query", { course_id, query: "What is entropy?" })),
    async [Symbol.asyncDispose]() {
      await prometheus[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
      await db.end({ timeout: 1 });
      for (const part of [database, storage, gemini, openai]) await part[Symbol.asyncDispose]();
      await bucket.close();
    },
  };
}

const here = isHere ? await openInstallation() : null!;
afterAll(() => here?.[Symbol.asyncDispose]());

/** Repeats an action until the cleanup of its block, as clients do. */
function keepDoing(action: () => Promise<unknown>, everyMs = 200): Disposable {
  let isOver = false;
  const repeat = async () => {
    while (!isOver) {
      await action().catch(() => {});
      await Bun.sleep(everyMs);
    }
  };
  void repeat();
  return {
    [Symbol.dispose]: () => {
      isOver = true;
    },
  };
}

async function expectFiring(...alerts: string[]): Promise<void> {
  const started = performance.now();
  const now = await eventually(
    () => here.prometheus.firing(),
    (firing) => alerts.every((alert) => firing.includes(alert)),
    FIRES_MS,
  );
  console.log(`drill: ${alerts} after ${Math.round(performance.now() - started)} ms: ${now}`);
}

/** Waits until no alert fires, and the server has been scraped for 5 s: a restart ends alerts for a moment. */
async function expectQuiet(): Promise<void> {
  const started = performance.now();
  await eventually(
    async () => ({
      firing: await here.prometheus.firing(),
      up: await here.prometheus.query("min_over_time(up[5s])"),
    }),
    ({ firing, up }) => firing.length === 0 && up === 1,
    FIRES_MS,
  );
  console.log(`drill: quiet after ${Math.round(performance.now() - started)} ms`);
}

const drill = (name: string, run: () => Promise<void>, canRun = true) =>
  test.skipIf(!isHere || !canRun)(name, async () => {
    await run();
    await expectQuiet();
  });

const command = async (args: string[], env: Record<string, string> = {}) => {
  const { PORT: _, ...settings } = here?.settings ?? {};
  const child = Bun.spawn([process.execPath, `src/commands/${args[0]}.ts`, ...args.slice(1)], {
    env: { ...CLEAN_ENVIRONMENT, DATA_ROOT: here.host.dataRoot, ...settings, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, error] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, printed: out + error };
};

drill("a new installation has no alert", async () => {
  await settled(here.server(), await here.upload());
  expect((await here.ask()).status).toBe(200);
  await Bun.sleep(5_000);
  expect(await here.prometheus.firing()).toEqual([]);
});

drill("LecternDown: the process ends", async () => {
  await here.server().stop("SIGKILL");
  await expectFiring("LecternDown");
  await here.restart();
});

drill("LecternDatabaseDown and LecternRequestsFail: the database is away", async () => {
  using _clients = keepDoing(() => here.search());
  here.database.cut();
  await expectFiring("LecternDatabaseDown", "LecternRequestsFail");
  here.database.mend();
  await eventually(
    () => here.prometheus.firing(),
    (firing) => !firing.includes("LecternDatabaseDown"),
  );
});

drill("LecternStorageDown: the bucket is away", async () => {
  here.storage.cut();
  await expectFiring("LecternStorageDown");
  here.storage.mend();
});

drill(
  "LecternDiskLow: less than 1 GB is free",
  async () => {
    await using disk = await mountSmallDisk(900_000_000);
    await here.restart({ DATA_ROOT: disk.folder });
    await expectFiring("LecternDiskLow");
    Bun.spawnSync(["mount", "-o", "remount,size=2000000000", disk.folder]);
    await expectQuiet();
    await here.restart();
  },
  canMountSmallDisks,
);

drill("LecternBackupOld: backups fail", async () => {
  const failed = await command(["backup"], { BACKUP_TO: "/proc/no-such-folder" });
  expect(failed.code).toBe(1);
  await expectFiring("LecternBackupOld");
  const stored = await command(["backup"]);
  expect(stored).toMatchObject({ code: 0 });
  // The limit of the shortened rule is 9 s, so the alert returns if it is watched longer.
  await eventually(
    () => here.prometheus.firing(),
    (firing) => !firing.includes("LecternBackupOld"),
  );
  await here.db`delete from backups`;
});

drill("LecternBackupDamaged: the bucket has lost a PDF", async () => {
  const document_id = await here.upload();
  await settled(here.server(), document_id);
  const bucket = new S3Client(here.bucket);
  const { contents = [] } = await bucket.list();
  const { key } = contents.find(({ key }) => key.includes(document_id))!;
  const pdf = await bucket.file(key).bytes();

  await bucket.delete(key);
  expect((await command(["backup"])).code).toBe(1);
  await expectFiring("LecternBackupDamaged");
  expect((await command(["verify"])).printed).toContain(document_id);

  await bucket.write(key, pdf);
  expect(await command(["backup"])).toMatchObject({ code: 0 });
  await eventually(
    () => here.prometheus.firing(),
    (firing) => !firing.includes("LecternBackupDamaged"),
  );
  await here.db`delete from backups`;
});

drill("LecternNoWorkers and LecternQueueSlow: jobs wait and no worker runs", async () => {
  await here.restart({ ROLE: "api" });
  const document_id = await here.upload();
  await expectFiring("LecternNoWorkers", "LecternQueueSlow");
  const worker = await here.host.start({ ...here.settings, PORT: "0", ROLE: "worker" });
  await settled(here.server(), document_id);
  await expectQuiet();
  await worker.stop();
  await here.restart();
});

drill("LecternDeadLetters: a job fails for good", async () => {
  here.gemini.spoil(1, 4, { kind: "status", status: 401 });
  const document_id = await here.upload();
  await expectFiring("LecternDeadLetters");
  const { printed } = await command(["jobs", "list"]);
  const [, job_id] = /^(\S+) +document +failed/m.exec(printed)!;
  here.gemini.faults.clear();
  expect((await command(["jobs", "retry", job_id!])).code).toBe(0);
  expect((await settled(here.server(), document_id)).status).toBe("completed");
});

drill("LecternWorkersDie: worker processes end", async () => {
  await here.restart({ WORKER_MODE: "process" });
  here.gemini.paceMs = 500;
  const documents: string[] = [];
  for (let kill = 0; kill < 4; kill++) {
    documents.push(await here.upload(8));
    const [worker] = await eventually(
      () => childrenOf(here.server().pid, "worker.ts"),
      (pids) => pids.length > 0,
    );
    await Bun.sleep(1_000);
    process.kill(worker!, "SIGKILL");
    await Bun.sleep(2_000);
  }
  here.gemini.paceMs = 0;
  await expectFiring("LecternWorkersDie");
  for (const document_id of documents) await settled(here.server(), document_id);
  await here.restart();
});

drill("LecternRestarts: the process ends again and again", async () => {
  for (let kill = 0; kill < 5; kill++) {
    await here.restart({}, "SIGKILL");
    await Bun.sleep(2_500);
  }
  await expectFiring("LecternRestarts");
});

drill("LecternProviderErrors and LecternProviderOutage: a provider is away", async () => {
  here.gemini.isDown = true;
  const document_id = await here.upload(12);
  await expectFiring("LecternProviderOutage", "LecternProviderErrors");
  here.gemini.isDown = false;
  expect((await settled(here.server(), document_id)).status).toBe("completed");
});

drill("LecternCostHigh: a day costs more than the limit", async () => {
  await here.db`update provider_prices set usd = usd * 1e6`;
  for (let question = 0; question < 20; question++) await here.ask();
  await expectFiring("LecternCostHigh");
  await here.db`update provider_prices set usd = usd / 1e6`;
  await here.db`update provider_calls set created_at = created_at - interval '1 day'`;
});

drill("LecternAnswersSlow: the model answers late", async () => {
  const slow = async () => {
    here.openai.replies = () => ({
      text: "Entropy is a measure.",
      fault: { kind: "pause", afterTokens: 0, until: Bun.sleep(24_000) },
    });
    await Promise.all(Array.from({ length: 4 }, () => here.ask()));
  };
  using _students = keepDoing(slow);
  await expectFiring("LecternAnswersSlow");
  here.openai.replies = () => ({ text: "Entropy is a measure." });
});

drill("LecternPoolBusy: statements wait for a lock", async () => {
  const lock = connect(here.databaseUrl, { max: 1 });
  await lock`begin`;
  await lock`lock table slide_chunks, lecture_chunks in access exclusive mode`;
  {
    using _a = keepDoing(() => Promise.all(Array.from({ length: 16 }, () => here.search())));
    await expectFiring("LecternPoolBusy");
  }
  await lock.end({ timeout: 1 });
});

drill("LecternMemoryHigh: the process grows", async () => {
  const grow = "globalThis.grown = Array.from({ length: 16 }, () => Buffer.alloc(1e8, 1));";
  const preload = `${here.host.dataRoot}/grow.ts`;
  await Bun.write(preload, grow);
  await here.restart({ BUN_OPTIONS: `--preload ${preload}` });
  await expectFiring("LecternMemoryHigh");
  await here.restart();
});

drill("LecternExamWorse: another chat model answers without citations", async () => {
  const path = `/api/courses/${here.course_id}/exam`;
  await here.restart({ CHAT_MODEL: "local:extractive" });
  await settled(here.server(), await here.upload(24));
  await here.server().json(postJson(path, {}));
  await here.restart();
  await here.server().json(postJson(path, {}));
  await expectFiring("LecternExamWorse");
  expect((await command(["exam", "accept", here.course_id])).code).toBe(0);
});
