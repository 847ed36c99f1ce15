import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rename, rm } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { connect, type Sql } from "../../../src/db/client";
import { postFile, postJson } from "../../support/http";
import { deckPdf } from "../../support/pdfs";
import { childrenOf, openServerHost, type Server, settled } from "../../support/server";
import { tracesOf } from "../../support/traces";
import { eventually } from "../../support/waiting";

setDefaultTimeout(120_000);

const host = await openServerHost();
/** Those that can read PDFs: the workers, and the one that answers requests. */
const THREADS = 3;
let server: Server;
let db: Sql;
let course_id: string;
beforeAll(async () => {
  server = await host.start({ WORKERS: String(THREADS - 1) });
  db = connect(server.databaseUrl, { max: 1, idle_timeout: 1 });
  course_id = (await server.json(postJson("/api/courses", { name: "Edges" }))).id;
});
afterAll(async () => {
  await db.end();
  await host[Symbol.asyncDispose]();
});

const PDF = { name: "a.pdf", bytes: await deckPdf([{ title: "Edge", body: ["of the slide"] }]) };
const upload = (file: typeof PDF) => postFile("/api/documents/upload", { course_id }, file);
const remove = (document_id: string) =>
  server.send(new Request(`http://localhost/api/documents/${document_id}`, { method: "DELETE" }));

test("a client that goes away in the middle of its upload leaves nothing", async () => {
  const before = await tracesOf(server, db);
  const { hostname, port } = new URL(server.url);
  const socket = connectTcp(Number(port), hostname);
  const head = `POST /api/documents/upload HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: 900000\r\ncontent-type: multipart/form-data; boundary=x\r\n\r\n`;
  const part = `--x\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n`;
  socket.write(head + part + "x".repeat(200_000));
  const staged = async () => (await tracesOf(server, db)).staged;
  await eventually(staged, (names) => names.length > 0);
  socket.destroy();

  await eventually(staged, (names) => names.length === 0);
  expect(await tracesOf(server, db)).toEqual(before);
});

describe("the same bytes", () => {
  test("sent eight times at once are one document", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.send(upload(PDF))));
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    const { document_id } = bodies[0];
    await settled(server, document_id);

    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(7).fill(200), 202]);
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    const left = await tracesOf(server, db);
    expect(left).toMatchObject({ jobs: 1, staged: [] });
    expect(left.documents.sort()).toEqual([".tmp", `${document_id}.pdf`]);
    await remove(document_id);
  });
});

describe("thirty documents that come and go", () => {
  test("leave no file, no row and no process, and are counted in the metrics", async () => {
    const before = await tracesOf(server, db);
    const ids = await Promise.all(
      Array.from({ length: 30 }, async (_, n) => {
        const bytes = await deckPdf([{ title: `Deck ${n}`, body: ["Some words."] }]);
        const { document_id } = await server.json(upload({ name: "deck.pdf", bytes }));
        return document_id as string;
      }),
    );
    // The others go while they wait or are worked on.
    for (const id of ids.slice(0, 4)) await settled(server, id);
    const gone = ids.map(remove);
    expect(new Set((await Promise.all(gone)).map(({ status }) => status))).toEqual(new Set([204]));

    // The local model's process stays for a while, and one that reads PDFs in each thread.
    await eventually(
      () => childrenOf(server.pid, "/pdf-child."),
      (children) => children.length <= THREADS,
      20_000,
    );
    const left = await eventually(
      () => tracesOf(server, db),
      ({ staged, scratch }) => staged.length + scratch.length === 0,
      20_000,
    );
    expect(left).toEqual(before);
    const metrics = await (await server.send("/metrics")).text();
    const attempts = /lectern_job_attempts_total\{kind="document",outcome="done"\} (\d+)/.exec(
      metrics,
    );
    expect(Number(attempts?.[1])).toBeGreaterThanOrEqual(4);
    expect(metrics).toMatch(/lectern_step_seconds_count\{kind="document",step="describing"\} \d+/);
    expect(metrics).toMatch(/lectern_step_seconds_count\{kind="document",step="embedding"\} \d+/);
    expect(metrics).toMatch(
      /lectern_provider_call_seconds_count\{provider="local",purpose="embed",outcome="ok"\} \d+/,
    );
    await eventually(
      async () => (await server.send("/api/health")).json(),
      ({ status }) => status === "ok",
    );
  });
});

describe("storage faults", () => {
  const documents = () => join(server.dataRoot, "documents");

  test("a document whose file is gone is a 410 that says what to do", async () => {
    const bytes = await deckPdf([{ title: "Gone", body: ["without a file"] }]);
    const { document_id } = await server.json(upload({ name: "gone.pdf", bytes }));
    await settled(server, document_id);
    await rm(join(documents(), `${document_id}.pdf`));

    for (const path of ["file", "pages/1/image"]) {
      const response = await server.send(`/api/documents/${document_id}/${path}`);
      expect(response.status).toBe(410);
      expect(await response.json()).toMatchObject({
        code: "document_file_missing",
        title: expect.stringContaining("upload it again"),
      });
    }
    expect((await remove(document_id)).status).toBe(204);
  });

  test("an upload while the folder is a file is a 503 with Retry-After, and works again afterwards", async () => {
    const bytes = await deckPdf([{ title: "Fault", body: ["of the disk"] }]);
    await rename(documents(), `${documents()}.away`);
    await Bun.write(documents(), "");
    const refused = await server.send(upload({ name: "fault.pdf", bytes }));
    await rm(documents());
    await rename(`${documents()}.away`, documents());

    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect(await refused.json()).toMatchObject({ code: "storage_unavailable" });
    expect((await server.send(upload({ name: "fault.pdf", bytes }))).status).toBe(202);
  });
});
