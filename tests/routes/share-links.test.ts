import { afterAll, expect, test } from "bun:test";
import { BOOTSTRAP, openGuardedApp } from "../support/access";
import { createCourse } from "../support/factories";

const guarded = await openGuardedApp({ RATE_LIMITS: "share_link=30" });
const { db, call, postJson, createKey } = guarded;
afterAll(() => guarded[Symbol.asyncDispose]());

const course_id = await createCourse(db);
const otherCourse = await createCourse(db);
const teacher = await createKey({ scopes: ["ingest"], course_ids: [course_id] });
const foreign = await createKey({ scopes: ["ingest"], course_ids: [otherCourse] });

async function share(by = teacher, fields = {}) {
  const response = await postJson("/api/share-links", { course_id, ...fields }, by);
  const link = await response.json();
  return { status: response.status, link, key: String(link.url).split("#key=")[1] ?? "" };
}
const statusOf = async (method: string, path: string, key: string) =>
  (await call(method, path, key)).status;
const ask = (key: string, course: string) =>
  postJson("/api/chat", { course_id: course, message: "What is entropy?" }, key);

test("a link opens one course to read and ask, and nothing else", async () => {
  const { status, link, key } = await share();
  expect(status).toBe(201);
  expect(link.url).toStartWith("http://localhost/ag-ui#key=lk_");
  expect(Date.parse(link.expires_at) - Date.now()).toBeLessThan(24 * 3_600_000 + 5_000);

  const courses = await (await call("GET", "/api/courses", key)).json();
  expect(courses.items.map(({ id }: { id: string }) => id)).toEqual([course_id]);
  expect((await ask(key, otherCourse)).status).toBe(404);
  expect([403, 404]).not.toContain((await ask(key, course_id)).status);
  const refused: [string, string][] = [
    ["GET", `/api/chat/sessions?course_id=${course_id}`],
    ["GET", `/api/chat/sessions/${crypto.randomUUID()}`],
    ["POST", "/v1/embeddings"],
    ["DELETE", `/api/courses/${course_id}`],
    ["GET", "/api/keys"],
    ["GET", `/api/share-links?course_id=${course_id}`],
  ];
  for (const [method, path] of refused) expect(await statusOf(method, path, key)).toBe(403);
  expect(await statusOf("GET", `/api/courses/${otherCourse}`, key)).toBe(404);
});

test("its visitors cannot continue the conversations of others", async () => {
  const { key } = await share();
  const [session] = await db<{ id: string }[]>`
    insert into chat_sessions (course_id) values (${course_id}) returning id`;
  const body = { course_id, session_id: session!.id, message: "And then?" };

  expect((await postJson("/api/chat", body, key)).status).toBe(404);
});

test("a link is listed without its secret, and revoked by teachers of its course only", async () => {
  const { link, key } = await share(teacher, { name: "Open day" });
  const listed = await (
    await call("GET", `/api/share-links?course_id=${course_id}`, teacher)
  ).text();
  expect(listed).toContain("Open day");
  expect(listed).not.toContain(key);
  const keys = await (await call("GET", "/api/keys", BOOTSTRAP)).text();
  expect(keys).not.toContain(link.key_id);

  const path = `/api/share-links/${link.key_id}`;
  expect(await statusOf("DELETE", path, foreign)).toBe(404);
  expect(await statusOf("GET", `/api/courses/${course_id}`, key)).toBe(200);
  expect(await statusOf("DELETE", path, teacher)).toBe(204);
  expect(await statusOf("GET", `/api/courses/${course_id}`, key)).toBe(401);
  const normal = (await createKey()).split("_")[1];
  expect(await statusOf("DELETE", `/api/share-links/${normal}`, BOOTSTRAP)).toBe(404);
});

test("a link for another course, an unknown one, or too long is refused", async () => {
  expect((await share(foreign)).status).toBe(404);
  expect((await share(BOOTSTRAP, { course_id: crypto.randomUUID() })).status).toBe(404);
  expect((await share(teacher, { expires_in_hours: 25 })).status).toBe(422);
  expect((await share(teacher, { expires_in_hours: 0 })).status).toBe(422);
  const { key } = await share(teacher, { expires_in_hours: 0.0001 });
  await Bun.sleep(400);
  await guarded.services.keys.reload();
  expect(await statusOf("GET", "/api/courses", key)).toBe(401);
});

test("all visitors of a link share one rate limit", async () => {
  const { key } = await share();
  const statuses = [];
  for (let i = 0; i < 31; i += 1) statuses.push(await statusOf("GET", "/api/courses", key));

  expect(statuses.slice(0, 30)).not.toContain(429);
  expect(statuses[30]).toBe(429);
  expect(await statusOf("GET", "/api/courses", (await share()).key)).toBe(200);
});
