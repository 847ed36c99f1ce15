import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually, postFile, postJson } from "../support/http";
import { manyPagesPdf } from "../support/pdfs";
import { openServerHost, type Server, type ServerHost } from "../support/server";

setDefaultTimeout(120_000);

let host: ServerHost;
beforeAll(async () => {
  host = await openServerHost();
});
afterAll(() => host.close());

const send = async (server: Server, request: Request) => {
  const { pathname, search } = new URL(request.url);
  const response = await fetch(server.url + pathname + search, request);
  return response.json();
};
const read = async (server: Server, path: string) => (await fetch(server.url + path)).json();

describe("a server that is killed while it ingests", () => {
  test("goes on where it stopped: the document completes, chunks unique and contiguous", async () => {
    let server = await host.start();
    const course = await send(server, postJson("/api/courses", { name: "Crash" }));
    const bytes = await manyPagesPdf(60);
    const upload = postFile(
      "/api/documents/upload",
      { course_id: course.id },
      { name: "a.pdf", bytes },
    );
    const { document_id } = await send(server, upload);
    const path = `/api/documents/${document_id}`;

    for (let crashes = 0; crashes < 2; crashes++) {
      const { described_page_count: before } = await read(server, path);
      await eventually(
        () => read(server, path),
        ({ described_page_count, status }) =>
          described_page_count > before + 5 || ["embedding", "completed"].includes(status),
      );
      await server.stop("SIGKILL");
      server = await host.start();
    }
    const done = await eventually(
      () => read(server, path),
      ({ status }) => ["completed", "failed"].includes(status),
      90_000,
    );

    expect(done).toMatchObject({ status: "completed", page_count: 60, described_page_count: 60 });
    const chunks = await read(server, `${path}/chunks?limit=200`);
    const indexes = chunks.items.map(({ chunk_index }: { chunk_index: number }) => chunk_index);
    expect(indexes).toEqual(Array.from({ length: done.chunk_count }, (_, n) => n));
    expect(chunks.items.every((chunk: { embedding_model: unknown }) => chunk.embedding_model)).toBe(
      true,
    );
  });

  test("is taken over at once after a clean stop, which takes less than 15 s", async () => {
    let server = await host.start();
    const course = await send(server, postJson("/api/courses", { name: "Stop" }));
    const bytes = await manyPagesPdf(80);
    const upload = postFile(
      "/api/documents/upload",
      { course_id: course.id },
      { name: "b.pdf", bytes },
    );
    const { document_id } = await send(server, upload);
    await eventually(
      () => read(server, `/api/documents/${document_id}/status`),
      ({ job_state }) => job_state !== "pending",
    );

    const since = performance.now();
    const exitCode = await server.stop("SIGTERM");

    expect(exitCode).toBe(0);
    expect(performance.now() - since).toBeLessThan(15_000);
    server = await host.start();
    const status = await eventually(
      () => read(server, `/api/documents/${document_id}/status`),
      ({ job_state }) => ["completed", "failed"].includes(job_state),
      90_000,
    );
    expect(status).toMatchObject({ job_state: "completed", error_message: null });
  });
});
