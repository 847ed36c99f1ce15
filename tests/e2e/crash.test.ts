import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "../../src/db/client";
import { engine } from "../support/database";
import { expectWhole, uploadDeck } from "../support/ingestion";
import { startOpenAI } from "../support/openai";
import { expireClaims, openServerHost } from "../support/server";
import { eventually } from "../support/waiting";

setDefaultTimeout(240_000);

const host = await openServerHost();
afterEach(() => host.stop());
afterAll(() => host[Symbol.asyncDispose]());

describe("a server that ends while it ingests", () => {
  const crashes = 2;

  test("by being killed goes on where it stopped, and nothing is twice or missing", async () => {
    let server = await host.start();
    const document_id = await uploadDeck(server, 60);

    for (let crash = 0; crash < crashes; crash++) {
      const path = `/api/documents/${document_id}`;
      const { described_page_count: before } = await server.json(path);
      await eventually(
        () => server.json(path),
        ({ described_page_count: now, status }) => now > before || status !== "uploaded",
      );
      await server.stop("SIGKILL");
      await expireClaims(server);
      server = await host.start();
    }

    await expectWhole(server, document_id, 60);
  });

  test("by SIGTERM hands its work back at once, and exits in time", async () => {
    await using openai = startOpenAI();
    openai.embeddingFaults.push({ kind: "stall", afterTokens: 0 });
    const env = { OPENAI_BASE_URL: openai.url, EMBEDDING_MODEL: "openai:text-embedding-3-small" };
    let server = await host.start(env);
    const document_id = await uploadDeck(server, 3);
    await eventually(
      async () => openai.requests.length,
      (asked) => asked > 0,
    );

    const exitCode = await server.stop("SIGTERM"); // 1 would say that it took too long
    server = await host.start(env);
    await expectWhole(server, document_id, 3);

    expect(exitCode).toBe(0);
    const db = connect(server.databaseUrl, { max: 1 });
    const [job] = await db`
      select attempt, log from document_jobs where document_id = ${document_id}`;
    await db.end();
    // No claim had to run out first.
    expect(job).toMatchObject({ attempt: 2, log: [{ attempt: 1, outcome: "handed_back" }] });
  });
});

describe.skipIf(engine === "native")("a second server on the same embedded database", () => {
  test("is refused with a sentence that names the first and says what to do", async () => {
    const { pid } = await host.start();

    const refusal = await host.start().then(String, String);

    expect(refusal).toContain(`Stop process ${pid}, or give this one another DATA_ROOT`);
    expect(refusal).not.toContain("    at ");
  });
});
