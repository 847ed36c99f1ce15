// One engine: receipts of paid calls are tested on both, and so is a kill (crash.test.ts).
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { startGemini } from "../support/gemini";
import { postFile, postJson } from "../support/http";
import { manyPagesPdf } from "../support/pdfs";
import { expireClaims, openServerHost } from "../support/server";
import { eventually } from "../support/waiting";

setDefaultTimeout(240_000);

const PAGES = 60;
/** What may be under way when the process dies, and is bought again. */
const BATCH = 4;

describe("a server that is killed while a model describes a deck", () => {
  test("buys every page once, but for those that were under way", async () => {
    await using gemini = startGemini();
    await using host = await openServerHost();
    gemini.paceMs = 100;
    const settings = {
      GOOGLE_BASE_URL: gemini.url,
      SLIDE_MODEL: "google:gemini-test",
      EMBEDDING_MODEL: "local:use-lite",
      CHAT_MODEL: "local:extractive",
    };
    let server = await host.start(settings);
    const { id } = await server.json(postJson("/api/courses", { name: "Crash" }));
    const file = { name: "deck.pdf", bytes: await manyPagesPdf(PAGES) };
    const { document_id } = await server.json(
      postFile("/api/documents/upload", { course_id: id }, file),
    );

    await eventually(
      async () => gemini.requests.length,
      (asked) => asked >= PAGES / 2,
    );
    await server.stop("SIGKILL");
    await expireClaims(server);
    gemini.paceMs = 0;
    server = await host.start(settings);
    const done = await eventually(
      () => server.json(`/api/documents/${document_id}`),
      ({ status }) => ["completed", "failed"].includes(status),
      120_000,
    );

    expect(done).toMatchObject({ status: "completed", described_page_count: PAGES });
    expect(gemini.requests.length).toBeGreaterThanOrEqual(PAGES);
    expect(gemini.requests.length).toBeLessThanOrEqual(PAGES + BATCH);
    const { items } = await server.json(`/api/documents/${document_id}/pages?limit=200`);
    expect(new Set(items.map((page: { described_by: string }) => page.described_by))).toEqual(
      new Set(["model"]),
    );
  });
});
