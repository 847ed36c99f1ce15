import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Elysia } from "elysia";
import { AuditWriter } from "../../src/db/access/audit-writer";
import { addUnclaimedAudio, startAudioRemoval } from "../../src/db/lecture-audio";
import { requestUploadedLecture } from "../../src/db/lectures";
import { claimJob, extendClaim } from "../../src/queue/queue";
import { courseRoutes } from "../../src/routes/courses";
import { problems } from "../../src/routes/http/problems";
import { openDiskStorage } from "../../src/storage/disk";
import { DOCUMENT_FILES } from "../../src/storage/files";
import { withDatabase } from "../support/database";
import { createDocument, silentLog } from "../support/factories";
import { keylessGuard } from "../support/guard";
import { get, postJson } from "../support/http";

const db = await withDatabase();
const folder = await mkdtemp(join(tmpdir(), "lectern-courses-"));
const storage = await openDiskStorage(folder, DOCUMENT_FILES);
afterAll(() => rm(folder, { recursive: true }));

const app = new Elysia()
  .use(problems(silentLog, () => []))
  .use(keylessGuard(db))
  .use(courseRoutes({ db, storage, audit: new AuditWriter(db, silentLog) }));
const ask = async (request: Request) => {
  const response = await app.handle(request);
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
};
const create = async (name: string) => (await ask(postJson("/api/courses", { name }))).body;
const change = (method: string, id: string, body?: unknown) =>
  new Request(`http://localhost/api/courses/${id}`, {
    method,
    ...(body !== undefined && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });

describe("courses", () => {
  test("are created, read, changed and deleted", async () => {
    const created = await ask(postJson("/api/courses", { name: "  Signals ", description: "II" }));
    const { id } = created.body;

    expect(created).toMatchObject({ status: 201, body: { name: "Signals", description: "II" } });
    expect(await ask(get(`/api/courses/${id}`))).toEqual({ status: 200, body: created.body });
    expect((await ask(change("PATCH", id, { description: null }))).body).toMatchObject({
      name: "Signals",
      description: null,
    });
    expect((await ask(change("DELETE", id))).status).toBe(204);
    expect((await ask(get(`/api/courses/${id}`))).body.code).toBe("course_not_found");
    expect((await ask(change("DELETE", id))).body.code).toBe("course_not_found");
  });

  test.each([
    ["no name", {}],
    ["an empty name", { name: " " }],
    ["an invisible name", { name: "\u200b\u202e\u0085" }],
    ["a name that is not text", { name: 7 }],
    ["a name without end", { name: "x".repeat(301) }],
  ])("are refused with %s", async (_, body) => {
    const before = (await ask(get("/api/courses?limit=200"))).body.items.length;

    const { status, body: problem } = await ask(postJson("/api/courses", body));

    expect(status).toBe(422);
    expect(problem).toMatchObject({
      code: "request_invalid",
      details: { fields: [{ path: "name" }] },
    });
    expect((await ask(get("/api/courses?limit=200"))).body.items).toHaveLength(before);
  });

  test("have names of one line, without characters that steer a terminal or hide", async () => {
    const name = " \u001b[31mCode\ntheory\u202e \ufeff–\u00a0two  é ";

    const { status, body } = await ask(postJson("/api/courses", { name }));

    expect(status).toBe(201);
    expect(body.name).toBe("[31mCode theory – two é");
    await ask(change("DELETE", body.id));
  });

  test("are listed newest first, page by page, also when some are added between pages", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.unshift((await create(`Course ${n}`)).id);

    const first = (await ask(get("/api/courses?limit=2"))).body;
    await create("A latecomer");
    const second = (await ask(get(`/api/courses?limit=3&cursor=${first.next_cursor}`))).body;

    const seen = [...first.items, ...second.items].map(({ id }) => id);
    expect(seen).toEqual(ids);
  });

  test("say when the last page is reached", async () => {
    let cursor: string | null = null;
    let pages = 0;
    do {
      const query = new URLSearchParams({ limit: "2", ...(cursor !== null && { cursor }) });
      cursor = (await ask(get(`/api/courses?${query}`))).body.next_cursor;
      pages += 1;
    } while (cursor !== null && pages < 50);

    const [{ n } = { n: 0 }] = await db<{ n: number }[]>`select count(*)::int as n from courses`;
    expect(pages).toBe(Math.ceil(n / 2));
  });

  test("show their assets with progress, and lose them when they are deleted", async () => {
    const { id } = await create("With a deck");
    const { document_id } = await createDocument(db, id);
    const path = await storage.stagingDir;
    await Bun.write(join(path, "staged"), "%PDF-");
    await storage.store(document_id, join(path, "staged"));

    const { body } = await ask(get(`/api/courses/${id}/assets`));
    await ask(change("DELETE", id));

    expect(body).toMatchObject({
      items: [{ id: document_id, kind: "document", status: "uploaded", progress_percent: 0 }],
      next_cursor: null,
    });
    expect((await ask(get(`/api/courses/${id}/assets`))).status).toBe(404);
    expect(
      await storage.open(document_id).then(
        () => "there",
        () => "gone",
      ),
    ).toBe("gone");
  });

  test("stop the work on them and give up the audio that clients uploaded", async () => {
    const { id: course_id } = await create("With a recording");
    const audio_file_id = crypto.randomUUID();
    const place = { session_id: null, panopto_url: null, owner_id: null };
    await addUnclaimedAudio(db, audio_file_id);
    const request = { audio_file_id, course_id, title: null, priority: "high" as const, ...place };
    const { lecture_id } = await requestUploadedLecture(db, request);
    const held = (await claimJob(db, ["ingest_high"], 45))!;
    expect(held.asset_id).toBe(lecture_id);
    expect(await startAudioRemoval(db, 0)).toEqual([]);

    expect((await ask(change("DELETE", course_id))).status).toBe(204);

    expect(await startAudioRemoval(db, 3_600)).toEqual([audio_file_id]);
    expect(await extendClaim(db, held, 45)).toBe(false);
    expect((await ask(change("DELETE", course_id))).status).toBe(404);
  });

  test("refuse the cursor of another list", async () => {
    const { id } = await create("With two decks");
    const other = await create("Another");
    for (let n = 0; n < 2; n++) await createDocument(db, id);
    const list = `/api/courses/${id}/assets`;
    const { next_cursor } = (await ask(get(`${list}?limit=1`))).body;
    const listWithCursor = (path: string) => ask(get(`${path}cursor=${next_cursor}`));

    expect((await listWithCursor(`${list}?`)).body.items).toHaveLength(1);
    for (const path of ["/api/courses?", `/api/courses/${other.id}/assets?`]) {
      const { status, body } = await listWithCursor(path);
      expect({ status, code: body.code }).toEqual({ status: 422, code: "request_invalid" });
    }
  });

  test("refuse a cursor that no list gave", async () => {
    for (const text of ["", "1_", `1_${"-".repeat(36)}`, "x_y"]) {
      const cursor = Buffer.from(text).toString("base64url");
      const { status, body } = await ask(get(`/api/courses?cursor=${cursor}`));
      expect({ status, code: body.code }).toEqual({ status: 422, code: "request_invalid" });
    }
  });
});

describe("Idempotency-Key", () => {
  const post = (body: unknown, key: string) =>
    ask(postJson("/api/courses", body, { "idempotency-key": key }));

  test("gives a repeated request the first one's answer", async () => {
    const first = await post({ name: "Once" }, "key-1");
    const again = await post({ name: "Once" }, "key-1");

    expect(again).toEqual(first);
  });

  test("refuses another request under the same key", async () => {
    await post({ name: "One" }, "key-2");

    expect((await post({ name: "Another" }, "key-2")).body.code).toBe("idempotency_key_reused");
  });

  test("makes one course of eight requests at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post({ name: "Eight" }, "key-3")),
    );

    const created = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(new Set(created.map(({ body }) => body.id)).size).toBe(1);
    expect(refused.every(({ body }) => body.code === "idempotency_key_in_use")).toBe(true);
    expect(await db`select id from courses where name = 'Eight'`).toHaveLength(1);
  });
});
