import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "../../src/db/client";
import { readEvents, runInput, user, verify } from "../support/ag-ui";
import { get, postFile, postJson } from "../support/http";
import { openServerHost, type Server, settled } from "../support/server";

setDefaultTimeout(120_000);

const QUESTION = "What is entropy and how is it measured?";
const NEXT_QUESTION = "How does Huffman coding work?";
const DECK = Bun.file(join(import.meta.dir, "../../examples/course/slides.pdf"));

const host = await openServerHost();
afterAll(() => host[Symbol.asyncDispose]());

/** From the first line to the last this is one story; each test goes on where the one before ended. */
describe("slides in, cited answer out", () => {
  let server: Server;
  let course_id: string;
  let document_id: string;
  let session_id: string;
  let streamed: { url: string; page_number: number }[];
  const ask = (query: string) =>
    server.json(postJson("/api/retrieval/query", { course_id, query, top_k: 5 }));

  test("a PDF that is uploaded becomes described, embedded and complete", async () => {
    server = await host.start();
    course_id = (await server.json(postJson("/api/courses", { name: "Information" }))).id;
    const file = { name: "slides.pdf", bytes: await DECK.bytes() };
    const accepted = await server.send(postFile("/api/documents/upload", { course_id }, file));
    const again = await server.send(postFile("/api/documents/upload", { course_id }, file));
    document_id = (await accepted.json()).document_id;

    expect(accepted.status).toBe(202);
    expect([again.status, (await again.json()).document_id]).toEqual([200, document_id]);
    expect(await settled(server, document_id)).toMatchObject({
      status: "completed",
      page_count: 13,
      described_page_count: 13,
      status_reason: null,
      url: `/api/documents/${document_id}/file`,
    });
    expect((await server.json(`/api/courses/${course_id}/assets`)).items).toMatchObject([
      { id: document_id, kind: "document", status: "completed", progress_percent: 100 },
    ]);
  });

  test("the passages that answer a question are found, best first", async () => {
    const passages = await ask(QUESTION);

    expect(passages[0].citation.asset_id).toBe(document_id);
    expect(passages[0].metadata.page).toBe(4);
    expect(passages[0].content).toContain(passages[0].citation.quote);
    const scores = passages.map(({ score }: { score: number }) => score);
    expect(scores).toEqual(scores.toSorted((a: number, b: number) => b - a));
  });

  test("a question gets an answer whose citations open the PDF at the page", async () => {
    const answer = await server.json(postJson("/api/chat", { course_id, message: QUESTION }));
    session_id = answer.session_id;

    expect(answer.content).toContain("[1]");
    expect(answer.citations).not.toBeEmpty();
    for (const { url, page_number } of answer.citations) await expectPdf(server, url, page_number);
  });

  test("the next one streams its answer as AG-UI events, into the same conversation", async () => {
    const input = { ...runInput(course_id, [user(NEXT_QUESTION)]), threadId: session_id };
    const request = postJson("/api/chat/stream", input, { accept: "text/event-stream" });
    const events = await readEvents(await server.send(request));

    await verify(events);
    expect(events[0]!.type).toBe("RUN_STARTED");
    expect(events.at(-1)!.type).toBe("RUN_FINISHED");
    streamed = events.at(-1)!.result.citations;
    expect(streamed).not.toBeEmpty();
    for (const { url, page_number } of streamed) await expectPdf(server, url, page_number);
  });

  test("the conversation says what was said, also after a restart", async () => {
    const before = await server.json(`/api/chat/sessions/${session_id}`);
    const asked = before.messages.filter(({ role }: { role: string }) => role === "user");
    expect(asked).toMatchObject([{ content: QUESTION }, { content: NEXT_QUESTION }]);
    expect(before.messages.at(-1)).toMatchObject({ role: "assistant", citations: streamed });

    const { url } = server;
    expect(await server.stop()).toBe(0);
    server = await host.start();

    const after = JSON.stringify(await server.json(`/api/chat/sessions/${session_id}`));
    expect(JSON.parse(after.replaceAll(server.url, url))).toEqual(before); // it has another port now
    expect((await ask(QUESTION))[0].metadata.page).toBe(4);
    expect(await server.json(`/api/documents/${document_id}`)).toMatchObject({
      status: "completed",
    });
  });

  test("what is deleted is gone: from reads, search, tables and disk", async () => {
    const gone = new Request(`http://localhost/api/documents/${document_id}`, { method: "DELETE" });
    expect((await server.send(gone)).status).toBe(204);

    for (const path of ["", "/status", "/file", "/chunks", "/pages"]) {
      const { status } = await server.send(get(`/api/documents/${document_id}${path}`));
      expect([path, status]).toEqual([path, 404]);
    }
    expect(await ask(QUESTION)).toEqual([]);
    expect((await server.json(`/api/courses/${course_id}/assets`)).items).toEqual([]);
    expect(await readdir(join(server.dataRoot, "documents"))).toEqual([".tmp"]);
    const db = connect(server.databaseUrl, { max: 1 });
    const [left] = await db`
      select (select count(*)::int from documents) as documents,
             (select count(*)::int from document_jobs) as jobs,
             (select count(*)::int from slide_descriptions) as pages,
             (select count(*)::int from slide_chunks) as chunks,
             (select count(*)::int from pgmq.q_ingest) as messages`;
    await db.end();
    expect(left).toEqual({ documents: 0, jobs: 0, pages: 0, chunks: 0, messages: 0 });
  });
});

async function expectPdf(server: Server, url: string, page_number: number): Promise<void> {
  const address = new URL(url, server.url);
  const response = await fetch(address);
  const bytes = await response.bytes();

  expect(address.hash).toBe(`#page=${page_number}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/pdf");
  expect(new TextDecoder().decode(bytes.subarray(0, 5))).toBe("%PDF-");
}
