// One engine: the versions of a deck are tested on both, and so is a kill (crash.test.ts).
import { expect, setDefaultTimeout, test } from "bun:test";
import { startGemini } from "../support/gemini";
import { postFile, postJson } from "../support/http";
import { deckPdf } from "../support/pdfs";
import { expireClaims, openServerHost, type Server } from "../support/server";
import { eventually } from "../support/waiting";

setDefaultTimeout(300_000);

const PAGES = 40;
const deck = (word: string) =>
  deckPdf(
    Array.from({ length: PAGES }, (_, i) => ({
      title: `Chapter ${i + 1}`,
      body: [`The entropy of chapter ${i + 1} is ${word}`],
    })),
  );

test("a server that is killed while it replaces a deck answers from one version, and completes the new one", async () => {
  await using gemini = startGemini();
  await using host = await openServerHost();
  const settings = {
    GOOGLE_BASE_URL: gemini.url,
    SLIDE_MODEL: "google:gemini-test",
    EMBEDDING_MODEL: "local:use-lite",
    CHAT_MODEL: "local:extractive",
  };
  let server: Server = await host.start(settings);
  const { id: course_id } = await server.json(postJson("/api/courses", { name: "Crash" }));
  const old = { name: "old.pdf", bytes: await deck("alpha") };
  const upload = postFile("/api/documents/upload", { course_id }, old);
  const { document_id } = await server.json(upload);
  const path = `/api/documents/${document_id}`;
  const untilCompleted = () =>
    eventually(
      () => server.json(`${path}/status`),
      ({ job_state }) => ["completed", "failed"].includes(job_state),
      120_000,
    );
  expect(await untilCompleted()).toMatchObject({ job_state: "completed" });
  /** The versions of all passages for a question: their words and their checksums. */
  const answers = async () => {
    const query = { course_id, query: "What is the entropy of a chapter?", top_k: 10 };
    // biome-ignore lint/suspicious/noExplicitAny: the body of our own API
    const found: any[] = await server.json(postJson("/api/retrieval/query", query));
    const words = found.map(({ content }) => /alpha|omega/.exec(content)![0]);
    expect(new Set(found.map(({ citation }) => citation.sha256)).size).toBe(1);
    return [...new Set(words)];
  };

  gemini.paceMs = 50;
  const next = { name: "new.pdf", bytes: await deck("omega") };
  await server.json(postFile(`${path}/versions`, {}, next));
  // All pages are described; chunks are being embedded.
  await eventually(
    () => server.json(`${path}/status`),
    ({ progress_percent }) => progress_percent >= 72,
    120_000,
  );
  await server.stop("SIGKILL");
  await expireClaims(server);
  server = await host.start(settings);
  expect(await answers()).toHaveLength(1);
  const asking = (async () => {
    for (let isDone = false; !isDone; ) {
      isDone = (await server.json(`${path}/status`)).job_state === "completed";
      expect(await answers()).toHaveLength(1);
    }
  })();
  expect(await untilCompleted()).toMatchObject({ job_state: "completed" });
  await asking;

  expect(await answers()).toEqual(["omega"]);
  const { items } = await server.json(`${path}/versions`);
  expect(items).toMatchObject([
    { filename: "new.pdf", status: "current" },
    { filename: "old.pdf", status: "replaced" },
  ]);
  expect(await server.json(path)).toMatchObject({
    described_page_count: PAGES,
    status: "completed",
  });
});
