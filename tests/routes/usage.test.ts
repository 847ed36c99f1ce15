import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Elysia } from "elysia";
import { AuditWriter } from "../../src/db/access/audit-writer";
import { courseRoutes } from "../../src/routes/courses";
import { problems } from "../../src/routes/http/problems";
import { openDiskStorage } from "../../src/storage/disk";
import { DOCUMENT_FILES } from "../../src/storage/files";
import { withDatabase } from "../support/database";
import { silentLog } from "../support/factories";
import { keylessGuard } from "../support/guard";
import { get, postFile, postJson } from "../support/http";
import { openLectureWork } from "../support/lecture-work";
import { sampleMedia } from "../support/panopto/media";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
const { site, course_id, workOnce } = lab;
const storage = await openDiskStorage(lab.dataRoot, DOCUMENT_FILES);
const app = new Elysia()
  .use(problems(silentLog, () => []))
  .use(keylessGuard(db))
  .use(courseRoutes({ db, storage, audit: new AuditWriter(db, silentLog) }))
  .use(lab.app);
afterAll(() => lab.close());
afterEach(async () => void (await lab.endJobs()));

const camera = { streams: [{ tag: "DV", file: "ts/master.m3u8" }] };
// biome-ignore lint/suspicious/noExplicitAny: answers are compared, not computed with
const send = async (request: Request): Promise<{ status: number; body: any }> => {
  const response = await app.handle(request);
  return { status: response.status, body: await response.json() };
};
const patch = (path: string, body: unknown) =>
  send(
    new Request(`http://localhost${path}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
const post = (path: string) => send(new Request(`http://localhost${path}`, { method: "POST" }));

describe("usage", () => {
  test("of a lecture and its course is what the receipts state", async () => {
    const id = await lab.request(site.addSession(camera));
    expect(await workOnce()).toBe("done");

    const lecture = await send(get(`/api/lectures/${id}/usage`));
    const course = await send(get(`/api/courses/${course_id}/usage`));

    expect(lecture.body).toMatchObject({ calls: 2, wasted_calls: 0, pages: 0 });
    expect(lecture.body.audio_minutes).toBeCloseTo(0.2, 1);
    expect(lecture.body.usd).toBeGreaterThan(0);
    expect(lecture.body.items).toMatchObject([
      { purpose: "embed", provider: "openai", calls: 1, units: { tokens: expect.any(Number) } },
      { purpose: "transcribe", provider: "elevenlabs", model: "scribe_v1", calls: 1 },
    ]);
    expect(course.body).toEqual(lecture.body);
  });

  test("of an asset or a course that does not exist is a 404", async () => {
    const id = crypto.randomUUID();
    for (const path of [`/api/lectures/${id}/usage`, `/api/courses/${id}/usage`]) {
      expect((await send(get(path))).status).toBe(404);
    }
  });
});

describe("a budget of a course", () => {
  test("pauses a lecture; resume continues it after the limit was raised", async () => {
    await patch(`/api/courses/${course_id}`, { budget: { asset: { audio_minutes: 0.1 } } });
    const id = await lab.request(site.addSession(camera));

    expect(await workOnce()).toBe("paused");
    const paused = await send(get(`/api/lectures/${id}/status`));
    expect(paused.body).toMatchObject({ status: "paused", job_state: "paused" });
    expect(paused.body.error_message).toContain("the budget of this file is 0.1 minutes of audio");
    const listed = await send(get(`/api/lectures?course_id=${course_id}&status=paused`));
    expect(listed.body.items.map((item: { id: string }) => item.id)).toEqual([id]);
    expect((await post(`/api/lectures/${id}/retry`)).status).not.toBe(500);

    const raised = await patch(`/api/courses/${course_id}`, { budget: null });
    expect(raised.body.budget).toBeNull();
    const events = await db`
      select event_type from processing_events
      where asset_id = ${id} and event_type in ('paused', 'resumed') order by id`;
    expect(events[0]!.event_type).toBe("paused");
    await post(`/api/lectures/${id}/resume`);
    expect(await workOnce()).toBe("done");
    expect((await post(`/api/lectures/${id}/resume`)).body.code).toBe("not_paused");
  });

  test.each([
    { asset: { minutes: 5 } },
    { asset: { pages: -1 } },
    { year: {} },
    { course: { usd: "5" } },
  ])("with an unknown or invalid limit is refused: %o", async (budget) => {
    expect((await patch(`/api/courses/${course_id}`, { budget })).status).toBe(422);
  });
});

describe("dry_run", () => {
  test("states cost and limit of a recording, and stores nothing", async () => {
    const before = await db`select from lectures`;
    const panopto_url = site.addSession(camera);

    const { status, body } = await send(
      postJson("/api/lectures/download?dry_run=true", { course_id, panopto_url }),
    );

    expect(status).toBe(200);
    expect(body.forecast.audio_minutes).toBeCloseTo(0.2, 1);
    expect(body.forecast.usd).toBeGreaterThan(0);
    expect(body.forecast.exceeded).toMatchObject({
      scope: "asset",
      unit: "audio_minutes",
      limit: 0.1,
    });
    expect((await db`select from lectures`).count).toBe(before.count);
  });

  test("states the length of uploaded audio, and refuses damaged files as an upload does", async () => {
    const bytes = await Bun.file(join(await sampleMedia(), "sound.mp3")).bytes();
    const ask = (content: Uint8Array<ArrayBuffer>) =>
      send(
        postFile(
          "/api/lectures/audio?dry_run=true",
          { course_id },
          { name: "a.mp3", bytes: content },
        ),
      );

    expect((await ask(bytes)).body.forecast.audio_minutes).toBeCloseTo(0.2, 1);
    expect((await ask(new TextEncoder().encode("no sound"))).status).toBe(422);
  });
});
