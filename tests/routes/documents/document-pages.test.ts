import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Elysia } from "elysia";
import { getDocument } from "../../../src/db/documents";
import { documentPageRoutes } from "../../../src/routes/documents/document-pages";
import { problems } from "../../../src/routes/http/problems";
import { withDatabase } from "../../support/database";
import { openDocumentWork } from "../../support/document-work";
import { silentLog } from "../../support/factories";
import { keylessGuard } from "../../support/guard";
import { get, postJson } from "../../support/http";
import { deckPdf, manyPagesPdf } from "../../support/pdfs";
import { eventually } from "../../support/waiting";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openDocumentWork(db);
const { gemini, upload, workOnce } = lab;
const shutdown = new AbortController();
const app = new Elysia()
  .use(problems(silentLog, () => []))
  .use(keylessGuard(lab.tools.db))
  .use(documentPageRoutes({ ...lab.tools, log: silentLog, shutdown: shutdown.signal }))
  .listen({ hostname: "127.0.0.1", port: 0 });
afterAll(async () => {
  await app.stop(true);
  await lab[Symbol.asyncDispose]();
});

const slides = [
  { title: "Entropy", body: ["A fair coin has 1 bit"] },
  { title: "Channels", body: ["Noise adds errors"] },
];
const id = await upload(deckPdf(slides, "Information theory"));
const path = `/api/documents/${id}`;

describe("POST /api/documents/{id}/describe", () => {
  test("answers what the deck is about, page by page", async () => {
    const response = await app.handle(
      new Request(`http://localhost${path}/describe`, { method: "POST" }),
    );

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      id,
      title: "Information theory",
      status: "described",
      page_count: 2,
      url: `${path}/file`,
      languages: ["en"],
      described_by: { model: 2, ocr: 0, text: 0 },
      pages: [
        { page_number: 1, title: "Entropy", key_terms: ["entropy", "term1"], describe_error: null },
        {
          page_number: 2,
          title: "Channels",
          excerpt: expect.stringContaining("Noise adds errors"),
        },
      ],
    });
    await workOnce();
  });

  test("takes force and pages, and refuses what it cannot do", async () => {
    const asked = gemini.requests.length;
    const ask = (body: unknown) => app.handle(postJson(`${path}/describe`, body));

    const again = await ask({ force: true, pages: [2] });
    const beyond = await ask({ pages: [3] });
    const wrong = await ask({ pages: ["two"] });
    await workOnce();

    expect([again.status, beyond.status, wrong.status]).toEqual([200, 404, 422]);
    expect(gemini.requests.slice(asked).map(({ page_number }) => page_number)).toEqual([2]);
    expect(await beyond.json()).toMatchObject({ code: "page_not_found" });
  });

  test("asks the model no more once the client has hung up", async () => {
    const many = await upload(manyPagesPdf(40));
    const asked = gemini.requests.length;
    gemini.spoil(7, 40, { kind: "stall" });
    const leaving = new AbortController();
    const request = { method: "POST", signal: leaving.signal };
    const left = fetch(`${app.server!.url}api/documents/${many}/describe`, request);
    await gemini.asked(asked + 10);

    leaving.abort();
    const name = await left.catch((error: Error) => error.name);
    await eventually(
      async () => gemini.open,
      (open) => open === 0,
    );
    await Bun.sleep(300);

    expect(name).toBe("AbortError");
    expect(gemini.requests.length).toBe(asked + 10);
    expect(gemini.open).toBe(0);
    expect((await getDocument(db, many)).described_page_count).toBeLessThan(20);
    gemini.faults.clear();
    // The request hands the job on when it has heard of its end.
    expect(await eventually(workOnce, (outcome) => outcome !== null)).toBe("done");
  });

  test("returns the provider's own message to the client", async () => {
    gemini.faults.set(1, [{ kind: "status", status: 403 }]);
    const refused = await upload(deckPdf(slides, "Refused"));

    const response = await app.handle(postJson(`/api/documents/${refused}/describe`, {}));

    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: "provider_unauthorized" });
  });
});

describe("GET /api/documents/{id}/pages/{n}/image", () => {
  test("answers the page as a JPEG that may be kept", async () => {
    const response = await app.handle(get(`${path}/pages/2/image`));
    const bytes = await response.bytes();

    expect(response.headers.get("content-type")).toBe("image/jpeg");
    expect(response.headers.get("cache-control")).toBe("private, max-age=3600");
    expect([...bytes.subarray(0, 2)]).toEqual([0xff, 0xd8]);
  });

  test("draws nothing for a caller who has it, and each page has a tag of its own", async () => {
    const [first, second] = await Promise.all(
      [1, 2].map(
        async (n) => (await app.handle(get(`${path}/pages/${n}/image`))).headers.get("etag")!,
      ),
    );

    const known = await app.handle(get(`${path}/pages/1/image`, { "if-none-match": first! }));
    const other = await app.handle(get(`${path}/pages/1/image`, { "if-none-match": second! }));

    expect([known.status, other.status]).toEqual([304, 200]);
    expect(await known.text()).toBe("");
  });

  test("answers many callers at once", async () => {
    const responses = await Promise.all(
      Array.from({ length: 12 }, () => app.handle(get(`${path}/pages/1/image`))),
    );

    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test.each([
    ["3", 404, "page_not_found"],
    ["0", 422, "request_invalid"],
    ["one", 422, "request_invalid"],
  ])("page %s is %d %s", async (page, status, code) => {
    const response = await app.handle(get(`${path}/pages/${page}/image`));

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  test("has no pages before the file was opened", async () => {
    const unopened = await upload(deckPdf(slides, "Unopened"));

    const response = await app.handle(get(`/api/documents/${unopened}/pages/1/image`));

    expect(response.status).toBe(404);
  });
});

describe("lists", () => {
  test("of pages and chunks go on where they stopped", async () => {
    for (const [list, key] of [
      ["pages", "page_number"],
      ["chunks", "chunk_index"],
    ] as const) {
      const first = await (await app.handle(get(`${path}/${list}?limit=1`))).json();
      const rest = await (
        await app.handle(get(`${path}/${list}?limit=1&cursor=${first.next_cursor}`))
      ).json();

      expect(rest.items[0][key]).toBe(first.items[0][key] + 1);
      expect(rest.next_cursor).toBeNull();
      expect((await app.handle(get(`${path}/${list}?cursor=99999999999`))).status).toBe(422);
    }
  });
});

describe("a server that stops", () => {
  test("lets go of the document, and its workers' successors finish it", async () => {
    const stopped = await upload(manyPagesPdf(30));
    gemini.spoil(5, 30, { kind: "stall" });
    const asked = gemini.requests.length;
    const answer = app.handle(postJson(`/api/documents/${stopped}/describe`, {}));
    await gemini.asked(asked + 8);

    shutdown.abort();
    const response = await answer;
    gemini.faults.clear();

    expect(await response.json()).toMatchObject({ code: "cancelled" });
    expect(await workOnce()).toBe("done");
  });
});

describe("GET /api/documents/{id}/pages/{page_number}/text", () => {
  test("places each word on the page", async () => {
    const { words } = await (await app.handle(get(`${path}/pages/1/text`))).json();
    const texts = words.map(({ text }: { text: string }) => text);

    expect(texts).toEqual(["Entropy", "A", "fair", "coin", "has", "1", "bit"]);
    const [title, ...body] = words;
    for (const word of words) {
      expect(word.x + word.width).toBeLessThanOrEqual(1.001);
      expect(word.y + word.height).toBeLessThanOrEqual(1.001);
      expect(word.width * word.height).toBeGreaterThan(0);
    }
    expect(title.y).toBeLessThan(body[0].y);
    for (const [i, word] of body.slice(1).entries()) {
      expect(word.x).toBeGreaterThan(body[i].x + body[i].width - 0.001);
    }
  });

  test("is a 404 outside the deck", async () => {
    const answer = await app.handle(get(`${path}/pages/3/text`));
    expect([answer.status, (await answer.json()).code]).toEqual([404, "page_not_found"]);
  });
});
