import { afterAll, expect, test } from "bun:test";
import { deleteAsset } from "../../src/db/assets";
import { syncDueSources } from "../../src/pipelines/lecture/sync-source";
import { BOOTSTRAP, openGuardedApp } from "../support/access";
import { createCourse, silentLog } from "../support/factories";
import { openCanary, openTestSite } from "../support/panopto";
import { answer, type Fault, loginPage, redirectTo, relay } from "../support/panopto/faults";

const site = await openTestSite();
const guarded = await openGuardedApp({ PANOPTO_ALLOWED_HOSTS: site.host });
const { db, services, call, postJson } = guarded;
afterAll(async () => {
  await guarded[Symbol.asyncDispose]();
  site.close();
});

const folderUrl = (folder_id: string) =>
  `${site.origin}/Panopto/Pages/Sessions/List.aspx?embedded=0#folderID=%22${folder_id}%22&sortColumn=1`;
const feedUrl = (folder_id: string) =>
  `${site.origin}/Panopto/Podcast/Podcast.ashx?courseid=${folder_id}&type=mp3`;

/** A folder of the site with some recordings. */
function createFolder(count: number) {
  const folder_id = crypto.randomUUID();
  const add = (title: string, recorded_at?: string) =>
    site.addSession({
      folder_id,
      title,
      duration_seconds: 3_600,
      ...(recorded_at && { recorded_at }),
    });
  for (let week = 1; week <= count; week++)
    add(`Week ${week} & more`, `2026-10-${String(week % 28).padStart(2, "0")}T08:00:00.000Z`);
  return { folder_id, add };
}
const sync = () => syncDueSources({ ...services, log: silentLog }, new AbortController().signal);
const request = async (course: string, body: object, query = "") => {
  const response = await postJson(`/api/courses/${course}/sources${query}`, body, BOOTSTRAP);
  return { status: response.status, body: await response.json() };
};
const read = async (course: string, id = "") =>
  (await call("GET", `/api/courses/${course}/sources${id && `/${id}`}`, BOOTSTRAP)).json();
const lecturesOf = (course: string) =>
  db`select title, panopto_session_id from lectures where course_id = ${course} and deleted_at is null order by title`;

test.each([
  ["folder", folderUrl],
  ["feed", feedUrl],
])("a preview of a %s lists its recordings and imports nothing", async (kind, toUrl) => {
  const course = await createCourse(db);
  const { status, body } = await request(
    course,
    { url: toUrl(createFolder(3).folder_id) },
    "?dry_run=true",
  );
  expect(status).toBe(200);
  expect(body).toMatchObject({ dry_run: true, kind, forecast: { audio_minutes: 180 } });
  expect(body.recordings).toHaveLength(3);
  expect(body.recordings[0]).toMatchObject({
    title: "Week 1 & more",
    duration_ms: 3_600_000,
    recorded_at: "2026-10-01T08:00:00.000Z",
    url: expect.stringContaining("/Panopto/Pages/Viewer.aspx?id="),
  });
  expect((await read(course)).items).toEqual([]);
});

test("one call imports all, and a repetition imports nothing twice", async () => {
  const course = await createCourse(db);
  const { folder_id } = createFolder(4);
  const first = await request(course, { url: folderUrl(folder_id) });
  expect(first.status).toBe(202);
  expect(await read(course, first.body.source_id)).toMatchObject({
    state: "waiting",
    counts: { found: 0 },
  });
  await sync();
  const again = await request(course, { url: folderUrl(folder_id).replace("embedded=0", "x=1") });
  expect(again).toMatchObject({ status: 200, body: { source_id: first.body.source_id } });
  await sync();
  await request(course, { url: feedUrl(folder_id) });
  await sync();

  expect(await lecturesOf(course)).toHaveLength(4);
  const { items } = await read(course);
  expect(items.map(({ counts }: { counts: object }) => counts)).toEqual(
    Array(2).fill({ found: 4, imported: 4, completed: 0, failed: 0, deleted: 0 }),
  );
  const source = await read(course, first.body.source_id);
  expect(source).toMatchObject({ state: "ready", error_code: null, next_sync_at: null });
  expect(source.recordings[0]).toMatchObject({ title: "Week 1 & more", status: "pending" });
});

test("lectures of a source with a release date are hidden from the first moment", async () => {
  const course = await createCourse(db);
  const visible_from = new Date(Date.now() + 86_400_000).toISOString();
  const body = { url: folderUrl(createFolder(2).folder_id), visible_from };
  const { source_id } = (await request(course, body)).body;
  await sync();

  expect(await read(course, source_id)).toMatchObject({ visible_from, counts: { imported: 2 } });
  const student = await guarded.createKey({ scopes: ["read"] });
  const seenBy = async (key: string) =>
    (await (await call("GET", `/api/lectures?course_id=${course}`, key)).json()).items.length;
  expect([await seenBy(BOOTSTRAP), await seenBy(student)]).toEqual([2, 0]);
});

test("a synchronisation finds new recordings, and leaves deleted lectures deleted", async () => {
  const course = await createCourse(db);
  const { folder_id, add } = createFolder(2);
  const { body } = await request(course, { url: folderUrl(folder_id), sync_every_hours: 24 });
  await sync();
  const planned = await read(course, body.source_id);
  expect(Date.parse(planned.next_sync_at) - Date.now()).toBeGreaterThan(23 * 3_600_000);
  await deleteAsset(db, "lecture", planned.recordings[0].lecture_id);
  add("Week 3");
  const path = `/api/courses/${course}/sources/${body.source_id}`;
  expect((await postJson(`${path}/sync`, {}, BOOTSTRAP)).status).toBe(202);
  await sync();

  expect((await lecturesOf(course)).map(({ title }) => title)).toEqual(["Week 2 & more", "Week 3"]);
  expect(await read(course, body.source_id)).toMatchObject({
    counts: { found: 3, imported: 3, deleted: 1 },
  });
  const manual = await call("PATCH", path, BOOTSTRAP, {
    body: JSON.stringify({ sync_every_hours: null }),
    headers: { "content-type": "application/json" },
  });
  expect(await manual.json()).toMatchObject({ sync_every_hours: null, next_sync_at: null });
  expect((await call("DELETE", path, BOOTSTRAP)).status).toBe(204);
  expect(await lecturesOf(course)).toHaveLength(2);
});

test("bad addresses of a list are named, and the others are imported", async () => {
  const course = await createCourse(db);
  const good = site.addSession({ title: "One" });
  const urls = [good, "no address", `${good}&start=60`, site.addSession({ title: "Two" })];
  const preview = await request(course, { urls }, "?dry_run=true");
  expect(preview.body).toMatchObject({
    kind: "list",
    recordings: [{ title: "One" }, { title: "Two" }],
    rejected: [{ url: "no address", code: "panopto_url_invalid" }],
  });
  const { status, body } = await request(course, { urls });
  expect([status, body.rejected.length]).toEqual([202, 1]);
  await sync();
  expect(await lecturesOf(course)).toHaveLength(2);
  expect((await request(course, { urls: [...urls].reverse() })).body.source_id).toBe(
    body.source_id,
  );
});

test("a folder with several pages is read to its end", async () => {
  const course = await createCourse(db);
  const { folder_id } = createFolder(260);
  const { body } = await request(course, { url: folderUrl(folder_id) }, "?dry_run=true");
  expect(new Set(body.recordings.map(({ session_id }: never) => session_id)).size).toBe(260);
});

test.each([
  ["returns fewer entries than requested", { TotalNumber: 5 }, 3],
  ["does not state how many entries there are", {}, 4],
])("a folder of a site that %s is read to its end", async (_, more, requests) => {
  const course = await createCourse(db);
  const { folder_id } = createFolder(0);
  const ids = Array.from({ length: 5 }, () => crypto.randomUUID());
  let page = 0;
  const small: Fault = (exchange) => {
    const Results = ids.slice(2 * page, 2 * ++page).map((DeliveryID) => ({ DeliveryID }));
    return answer(200, JSON.stringify({ d: { Results, ...more } }))(exchange);
  };
  site.fault("GetSessions", small, requests);
  const { body } = await request(course, { url: folderUrl(folder_id) }, "?dry_run=true");
  expect(
    body.recordings.map(({ session_id }: { session_id: string }) => session_id).sort(),
  ).toEqual(ids.toSorted());
});

test("a folder behind a login is an error of the source, and is imported after the next request", async () => {
  const course = await createCourse(db);
  const { folder_id } = createFolder(1);
  site.fault("GetSessions", loginPage, 1);
  const { body } = await request(course, { url: folderUrl(folder_id) });
  await sync();
  const failed = await read(course, body.source_id);
  expect(failed).toMatchObject({ state: "failed", error_code: "panopto_login_required" });
  expect(failed.next_sync_at).toBeNull();
  await request(course, { url: folderUrl(folder_id) });
  await sync();
  expect(await read(course, body.source_id)).toMatchObject({
    state: "ready",
    error_code: null,
    counts: { imported: 1 },
  });
});

test.each([
  "https://127.0.0.1",
  "https://0177.0.0.1",
  "https://2130706433",
  "https://[::ffff:127.0.0.1]",
  "https://169.254.169.254",
  "https://localhost",
])("a source at %s is refused", async (origin) => {
  const course = await createCourse(db);
  const folder_id = crypto.randomUUID();
  for (const path of [`List.aspx#folderID=%22${folder_id}%22`, `Viewer.aspx?id=${folder_id}`]) {
    const url = `${origin}/Panopto/Pages/Sessions/${path}`;
    expect((await request(course, { url })).status).toBe(422);
  }
  const feed = `${origin}/Panopto/Podcast/Podcast.ashx?courseid=${folder_id}&type=mp3`;
  expect((await request(course, { url: feed })).body.code).toBe("address_blocked");
});

test.each([
  ["folder", "GetSessions", folderUrl],
  ["feed", "Podcast.ashx", feedUrl],
])("a %s that redirects to a private server sends no request there", async (_, page, toUrl) => {
  const canary = openCanary();
  const course = await createCourse(db);
  site.fault(page, redirectTo(canary.origin), 1);
  const { body } = await request(course, { url: toUrl(createFolder(1).folder_id) });

  await sync();

  expect(canary.hits).toBe(0);
  expect(await read(course, body.source_id)).toMatchObject({ state: "failed" });
  canary.close();
});

test("an unreachable site opens its circuit breaker, and no folder is listed until it answers", async () => {
  let isDown = true;
  let requests = 0;
  const fault: Fault = (exchange) => {
    requests += 1;
    return isDown ? answer(503)(exchange) : relay(exchange);
  };
  site.fault("GetSessions", fault);
  const { maxFailures } = services.callPolicy;
  const course = await createCourse(db);
  const url = folderUrl(createFolder(2).folder_id);
  const preview = () => request(course, { url }, "?dry_run=true");
  const failed = await Promise.all(Array.from({ length: maxFailures }, preview));
  for (const { status } of failed) expect(status).toBeGreaterThanOrEqual(502);
  const before = requests;
  const waiting = await preview();
  const { body } = await request(course, { url });
  await sync();

  expect(waiting).toMatchObject({ status: 503, body: { code: "provider_waiting" } });
  expect(requests).toBe(before);
  const source = await read(course, body.source_id);
  expect(source).toMatchObject({ state: "failed", error_code: "provider_waiting" });
  expect(Date.parse(source.next_sync_at)).toBeGreaterThan(Date.now() + 200_000);

  isDown = false;
  await db`update provider_states set open_until = now()`;
  expect(await preview()).toMatchObject({ status: 200, body: { recordings: [{}, {}] } });
  expect(await db`select from provider_states where open_until is not null`).toHaveLength(0);
});

test("an import that is stopped continues where it was", async () => {
  const course = await createCourse(db);
  const { folder_id } = createFolder(5);
  const { body } = await request(course, { url: folderUrl(folder_id) });
  const stop = new AbortController();
  const audioSource = {
    ...services.audioSource,
    identify: (url: string) => {
      if (stop.signal.aborted) throw new Error("used after the stop");
      if (imported++ === 2) stop.abort(new Error("stopped"));
      return services.audioSource.identify(url);
    },
  };
  let imported = 0;
  const stopped = syncDueSources({ ...services, audioSource, log: silentLog }, stop.signal);
  expect(await stopped.catch((error: Error) => error.message)).toBe("stopped");
  expect(await read(course, body.source_id)).toMatchObject({
    state: "waiting",
    counts: { imported: 3 },
  });
  await sync();
  expect(await lecturesOf(course)).toHaveLength(5);
});

test.each([
  [{}, "request_invalid"],
  [{ url: "x", urls: ["y"] }, "request_invalid"],
  [{ urls: [] }, "request_invalid"],
  [
    {
      url: "https://evil.example/Panopto/Pages/Sessions/List.aspx#folderID=%223f2504e0-4f89-41d3-9a0c-0305e82c3301%22",
    },
    "address_blocked",
  ],
  [
    {
      url: "https://a.panopto.com/Panopto/Pages/Viewer.aspx?id=3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    },
    "panopto_collection_invalid",
  ],
  [{ urls: ["nothing", "here"] }, "panopto_url_invalid"],
  [{ url: folderUrl("none") }, "panopto_collection_invalid"],
  [{ urls: ["x"], sync_every_hours: 24 }, "request_invalid"],
  [{ url: folderUrl(crypto.randomUUID()), sync_every_hours: 0 }, "request_invalid"],
])("the source %j is refused with %s", async (body, code) => {
  const course = await createCourse(db);
  expect((await request(course, body)).body.code).toBe(code);
});

test("a source of another course does not exist", async () => {
  const course = await createCourse(db);
  const { body } = await request(course, { url: folderUrl(createFolder(1).folder_id) });
  const other = await createCourse(db);
  expect((await read(other, body.source_id)).code).toBe("source_not_found");
});
