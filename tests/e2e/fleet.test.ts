import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { getPriority } from "node:os";
import { connect } from "../../src/db/client";
import { engine } from "../support/database";
import { openFleet } from "../support/fleet";
import { get, postFile, postJson } from "../support/http";
import { expectWhole, uploadDeck } from "../support/ingestion";
import { manyPagesPdf } from "../support/pdfs";
import { PGBOUNCER } from "../support/pgbouncer";
import { childrenOf, openServerHost, type Server } from "../support/server";
import { awakeMs, eventually } from "../support/waiting";

setDefaultTimeout(240_000);

// Side by side, because they mostly wait.
describe.concurrent.skipIf(engine !== "native")("on a PostgreSQL of its own", () => {
  test("a worker process that is killed loses nothing: its job goes on within 60 s", async () => {
    await using host = await openServerHost();
    const server = await host.start({ WORKER_MODE: "process", WORKERS: "1" });
    const document_id = await uploadDeck(server, 60);
    const path = `/api/documents/${document_id}`;
    await eventually(
      () => server.json(path),
      ({ described_page_count }) => described_page_count > 5,
    );

    const [worker] = await workersOf(server);
    process.kill(worker!, "SIGKILL");
    const taken = eventually(
      () => server.json(`${path}/status`),
      (status) => status.attempt > 1,
      120_000,
    );

    expect(await awakeMs(taken, () => server.send("/api/courses"))).toBeLessThan(60_000);
    expect((await taken).attempt).toBe(2);
    await expectWhole(server, document_id, 60);
    expect(await workersOf(server)).not.toContain(worker);
    expect((await wellOnce(server)).checks.workers).toBe("ok");
  });

  test("a server that only answers and one that only works do it together", async () => {
    await using host = await openServerHost();
    const api = await host.start({ ROLE: "api" });
    const worker = await host.start({ ROLE: "worker" });

    await expectWhole(api, await uploadDeck(api, 12), 12);

    const started = worker
      .log()
      .split("\n")
      .find((line) => line.includes("job started"))!;
    expect(JSON.parse(started)).toMatchObject({
      instance: expect.stringMatching(/:\d+$/),
      name: expect.stringMatching(/^worker-/),
      request_id: expect.stringMatching(/^[\da-f-]{36}$/),
      job_id: expect.any(String),
      course_id: expect.any(String),
    });
    expect(worker.log()).toContain('"msg":"job ended"');
    expect(await worker.json("/api/health/ready")).toEqual({ status: "ready" });
    expect(getPriority(worker.pid)).toBeGreaterThan(getPriority(api.pid));
    expect(await (await worker.send("/metrics")).text()).toMatch(
      /lectern_job_attempts_total\{kind="document",outcome="done"\} 1/,
    );
    expect((await worker.send("/api/courses")).status).toBe(404);
    // The workers of all processes on the database count, once they have registered.
    await eventually(
      () => api.json("/api/health"),
      ({ status, checks }) => status === "ok" && checks.workers === "ok",
    );
  });

  test(`two servers and two workers behind ${PGBOUNCER} restart one by one without a failed request`, async () => {
    await using fleet = await openFleet({ apis: 2, workers: 2 }, { WORKERS: "1" });
    const json = async (request: Request | string) => {
      const { response, done } = await fleet.send(request);
      const body = await response.json();
      done();
      if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(body)}`);
      return body;
    };
    const { id: course_id } = await json(postJson("/api/courses", { name: "Fleet" }));
    const upload = async (pages: number) => {
      const file = { name: `${pages}.pdf`, bytes: await manyPagesPdf(pages) };
      return (await json(postFile("/api/documents/upload", { course_id }, file))).document_id;
    };
    const ids = [await upload(5)];
    let isRestarting = true;
    const restarted = fleet.restart().finally(() => {
      isRestarting = false;
    });
    for (let pages = 6; isRestarting; pages++) {
      if (ids.length < 4) ids.push(await upload(pages));
      await json(postJson("/api/retrieval/query", { course_id, query: "page", mode: "text" }));
    }
    await restarted;

    const [api, other] = fleet.members().map(({ server }) => server);
    for (const [i, id] of ids.entries()) await expectWhole(api!, id, 5 + i);
    // A disk of one process has no file that another one needs.
    const file = await other!.send(`/api/documents/${ids[0]}/file`);
    expect((await file.bytes()).subarray(0, 5)).toEqual(new TextEncoder().encode("%PDF-"));
  });

  test("a database that is away is a 503 that says when to come back, and then forgotten", async () => {
    await using host = await openServerHost();
    const server = await host.start();
    const document_id = await uploadDeck(server, 40);
    const admin = connect(new URL("/postgres", server.databaseUrl).href, { max: 1 });
    const name = new URL(server.databaseUrl).pathname.slice(1);

    const answers: { status: number; retryAfter: string | null }[] = [];
    const until = performance.now() + 4_000;
    const asking = Array.from({ length: 6 }, async (_, n) => {
      while (performance.now() < until) {
        const request = n % 2 ? get("/api/courses") : postJson("/api/courses", { name: "Outage" });
        const response = await server.send(request);
        await response.text();
        answers.push({ status: response.status, retryAfter: response.headers.get("retry-after") });
      }
    });
    while (performance.now() < until) {
      await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
      await Bun.sleep(20);
    }
    await Promise.all(asking);

    // As many requests at once as the pool has connections: none of them is a dead one.
    const paths = ["/api/health", ...Array.from({ length: 10 }, () => "/api/courses")];
    const statuses = async () => {
      const responses = await Promise.all(paths.map((path) => server.send(path)));
      return responses.map(({ status }) => status);
    };
    const healthy = eventually(statuses, (all) => all.every((status) => status === 200));
    const ask = () => Promise.all([admin`select 1`, server.send("/swagger")]);
    expect(await awakeMs(healthy, ask)).toBeLessThan(5_000);
    await admin.end();
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused).not.toBeEmpty();
    expect(refused.filter(({ retryAfter }) => retryAfter === null)).toEqual([]);
    expect(answers.filter(({ status }) => ![200, 201, 503].includes(status))).toEqual([]);
    await expectWhole(server, document_id, 40);
  });
});

/** What a server says of its health, once it feels well: a check that is late fails. */
const wellOnce = (server: Server) =>
  eventually(
    async () => (await server.send("/api/health")).json(),
    ({ status }) => status === "ok",
  );

/** Its children that run `src/worker.ts`, and not those that read a PDF. */
async function workersOf({ pid }: Server): Promise<number[]> {
  const commands = (await childrenOf(pid)).map(async (child) => {
    const command = await Bun.file(`/proc/${child}/cmdline`).text();
    return command.includes("worker.ts") ? [child] : [];
  });
  return (await Promise.all(commands)).flat();
}
