import { afterAll, expect, test } from "bun:test";
import { insertAuditEvents } from "../../src/db/access/audit";
import { upsertUser } from "../../src/db/access/users";
import { BOOTSTRAP, openGuardedApp } from "../support/access";
import { createCourse, createDocument } from "../support/factories";

const guarded = await openGuardedApp();
const { db, call, postJson, createKey, services } = guarded;
afterAll(() => guarded[Symbol.asyncDispose]());

type Item = Record<string, unknown> & { event_type: string };

async function listed(query: Record<string, string> = {}) {
  await services.audit.flush();
  const response = await call("GET", `/api/audit?${new URLSearchParams(query)}`, BOOTSTRAP);
  expect(response.status).toBe(200);
  return (await response.json()) as { items: Item[]; next_cursor: string | null };
}

const types = ({ items }: { items: Item[] }) => items.map(({ event_type }) => event_type);

test("keys that are created, rotated and revoked are events without the secret", async () => {
  const created = await (
    await postJson("/api/keys", { name: "site", scopes: ["read"] }, BOOTSTRAP, {
      "x-request-id": "create-1",
    })
  ).json();
  const rotated = await (
    await postJson(`/api/keys/${created.key_id}/rotate`, {}, BOOTSTRAP)
  ).json();
  await call("DELETE", `/api/keys/${created.key_id}`, BOOTSTRAP);

  const found = await listed({ key_id: created.key_id });
  expect(types(found)).toEqual(["key.revoked", "key.rotated", "key.created"]);
  expect(found.items[1]!.details).toEqual({ new_key_id: rotated.key_id });
  expect(found.items[2]).toMatchObject({
    key_id: "bootstrap",
    target: created.key_id,
    route: "POST /api/keys",
    request_id: "create-1",
  });
  const all = JSON.stringify((await listed()).items);
  expect(all).not.toContain(created.key.split("_")[2]);
  expect(all).not.toContain(BOOTSTRAP);
});

test("deletions, exports, share links, signed addresses and overrides name sender and course", async () => {
  const course_id = await createCourse(db);
  const { document_id } = await createDocument(db, course_id);
  const [session] = await db<{ id: string }[]>`
    insert into chat_sessions (course_id) values (${course_id}) returning id`;
  const sessionPath = `/api/chat/sessions/${session!.id}`;
  const key = await createKey({ name: "teacher", scopes: ["read", "ingest", "chat"] });

  const link = await (await postJson("/api/share-links", { course_id }, key)).json();
  await call("DELETE", `/api/share-links/${link.key_id}`, key);
  const file = `/api/documents/${document_id}/file`;
  await postJson("/api/signed-urls", { urls: [file, `${file}?x=1`] }, key);
  await call("GET", `${sessionPath}/export`, key);
  await call("DELETE", sessionPath, key);
  await call("PATCH", `/api/courses/${course_id}`, BOOTSTRAP, {
    body: JSON.stringify({ budget: { course: { usd: 3 } } }),
    headers: { "content-type": "application/json" },
  });
  await call("DELETE", `/api/documents/${document_id}`, key);
  await call("DELETE", `/api/courses/${course_id}`, key);

  const found = await listed({ course_id });
  expect(types(found).sort()).toEqual([
    "asset.deleted",
    "budget.changed",
    "course.deleted",
    "file.signed",
    "session.deleted",
    "session.exported",
    "share_link.created",
    "share_link.revoked",
  ]);
  for (const event of found.items.filter(({ event_type }) => event_type !== "budget.changed"))
    expect(event).toMatchObject({ key_id: key.split("_")[1], key_name: "teacher" });
  expect(types(await listed({ course_id, event_type: "asset.deleted" }))).toEqual([
    "asset.deleted",
  ]);
});

test("a job that exceeds its budget on request is an event", async () => {
  const { document_id } = await createDocument(db, await createCourse(db));
  await db`update jobs set paused_at = now(), next_attempt_at = now() where asset_id = ${document_id}`;
  const path = `/api/documents/${document_id}/resume`;
  const accepted = await call("POST", `${path}?override=true`, BOOTSTRAP);

  expect(accepted.status).toBe(202);
  const { items } = await listed({ event_type: "budget.overridden" });
  expect(items).toMatchObject([{ target: document_id, route: "POST /api/documents/:id/resume" }]);
  expect(items[0]!.course_id).not.toBeNull();
});

test("a failed deletion is no event", async () => {
  const id = crypto.randomUUID();
  expect((await call("DELETE", `/api/documents/${id}`, BOOTSTRAP)).status).toBe(404);
  expect(JSON.stringify(await listed())).not.toContain(id);
});

test("refused requests are counted in one row for each sender, reason and minute", async () => {
  const key = await createKey({ scopes: ["read"] });
  for (let i = 0; i < 30; i += 1) {
    expect((await call("GET", "/api/keys", key)).status).toBe(403);
    expect((await call("GET", "/api/courses", "lk_stolen_secret")).status).toBe(401);
  }
  await services.audit.flush();
  for (let i = 0; i < 5; i += 1) await call("GET", "/api/keys", key);

  const { items } = await listed({ event_type: "auth.denied" });
  const total = (code: string) =>
    items
      .filter(({ details }) => (details as { code: string }).code === code)
      .reduce((sum, { count }) => sum + Number(count), 0);
  expect([total("forbidden"), total("unauthenticated")]).toEqual([35, 30]);
  // Two reasons, and the minute can change once during the test.
  expect(items.length).toBeLessThanOrEqual(4);
  const ofKey = items.find(({ key_id }) => key_id !== null);
  expect(ofKey).toMatchObject({ key_id: key.split("_")[1], route: "GET /api/keys" });
  expect(JSON.stringify(items)).not.toContain("stolen");
});

test("a flood from many senders ends in one row", async () => {
  const sender = { key_id: null, user_id: null, route: null, request_id: null };
  const denial = { ...sender, course_id: null, target: null, details: { code: "flood" } };
  for (let i = 0; i < 3_000; i += 1) {
    services.audit.countDenial({ ...denial, address: `10.0.${i >> 8}.${i & 255}` });
  }
  await services.audit.flush();
  const [found] = await db`
    select count(*)::int as rows, sum(count)::int as requests,
           (sum(count) filter (where address = 'other addresses'))::int as others
    from audit_events where details ->> 'code' = 'flood'`;
  expect(found!.requests).toBe(3_000);
  expect(found!.rows).toBeLessThanOrEqual(1_002);
  expect(found!.others).toBeGreaterThan(1_900);
});

test("an erased person has another id in all events, and the erasure is an event", async () => {
  const user_id = await upsertUser(db, {
    issuer: "i",
    subject: "ann",
    email: null,
    display_name: null,
  });
  await call("GET", `/api/users/${user_id}/export`, BOOTSTRAP);
  await services.audit.flush();
  const sender = { key_id: null, user_id, address: null, route: null, request_id: null };
  const about = { course_id: null, target: null, details: {}, count: 1, created_at: null };
  await insertAuditEvents(db, [{ ...sender, ...about, event_type: "session.deleted" }]);
  expect(types(await listed({ user_id }))).toEqual(["session.deleted", "user.exported"]);

  expect((await call("DELETE", `/api/users/${user_id}`, BOOTSTRAP)).status).toBe(204);
  expect(types(await listed({ user_id }))).toEqual(["user.deleted"]);
  const [exported] = (await listed({ event_type: "user.exported" })).items;
  const pseudonym = String(exported!.target);
  expect(pseudonym).not.toBe(user_id);
  expect(types(await listed({ user_id: pseudonym }))).toEqual(["session.deleted", "user.exported"]);
});

test("pages and times of the list select each event once", async () => {
  const all = (await listed({ limit: "200", until: new Date().toISOString() })).items;
  const paged: Item[] = [];
  let cursor: string | null = null;
  do {
    const page = await listed({ limit: "200", ...(cursor && { cursor }) });
    paged.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  expect(new Set(paged.map(({ id }) => id)).size).toBe(paged.length);
  expect(paged.length).toBeGreaterThan(all.length);
  const future = new Date(Date.now() + 3_600_000).toISOString();
  expect((await listed({ since: future })).items).toEqual([]);
});

test("only admins read the audit, and a wrong filter is 422", async () => {
  const key = await createKey({ scopes: ["read", "ingest", "chat"] });
  expect((await call("GET", "/api/audit", key)).status).toBe(403);
  for (const query of ["event_type=key", "since=yesterday", "user_id=ann", "cursor=x"])
    expect((await call("GET", `/api/audit?${query}`, BOOTSTRAP)).status).toBe(422);
});

test("the feed of a course has no audit events", async () => {
  await listed();
  const [row] = await db`select count(*)::int as count from processing_events
    where event_type = any(${["key.created", "auth.denied", "share_link.created"]}::text[])`;
  expect(row!.count).toBe(0);
});

test("no key or link changes without its event", async () => {
  const course_id = await createCourse(db);
  const key = await createKey();
  const key_id = key.split("_")[1]!;
  const link = await (await postJson("/api/share-links", { course_id }, BOOTSTRAP)).json();
  const stored = () =>
    db`select key_id, expires_at, revoked_at from api_keys order by key_id`.then((rows) => [
      ...rows,
    ]);
  const before = await stored();
  await db`alter table audit_events rename to audit_events_away`;
  try {
    const changes = [
      postJson("/api/keys", { name: "site", scopes: ["read"] }, BOOTSTRAP),
      postJson(`/api/keys/${key_id}/rotate`, {}, BOOTSTRAP),
      call("DELETE", `/api/keys/${key_id}`, BOOTSTRAP),
      postJson("/api/share-links", { course_id }, BOOTSTRAP),
      call("DELETE", `/api/share-links/${link.key_id}`, BOOTSTRAP),
    ];
    for (const change of await Promise.all(changes)) expect(change.status).toBe(500);
  } finally {
    await db`alter table audit_events_away rename to audit_events`;
  }

  expect(await stored()).toEqual(before);
});

test("nothing is deleted without its event", async () => {
  const course_id = await createCourse(db);
  const { document_id } = await createDocument(db, course_id);
  const [user] = await db<{ id: string }[]>`
    insert into users (issuer, subject) values ('https://login.example', 'deleted later') returning id`;
  const [session] = await db<{ id: string }[]>`
    insert into chat_sessions (course_id) values (${course_id}) returning id`;
  const [lecture] = await db<{ lecture_id: string }[]>`
    select lecture_id from request_lecture(${course_id}, 's', 'u', null, true, 'normal', null)`;
  const paths = [
    `/api/documents/${document_id}`,
    `/api/lectures/${lecture!.lecture_id}`,
    `/api/chat/sessions/${session!.id}`,
    `/api/users/${user!.id}`,
    `/api/courses/${course_id}`,
  ];
  await db`alter table audit_events rename to audit_events_away`;
  try {
    for (const path of paths) expect((await call("DELETE", path, BOOTSTRAP)).status).toBe(500);
  } finally {
    await db`alter table audit_events_away rename to audit_events`;
  }
  for (const path of paths.filter((path) => !path.includes("/users/"))) {
    expect((await call("GET", path, BOOTSTRAP)).status).toBe(200);
  }

  for (const path of paths) expect((await call("DELETE", path, BOOTSTRAP)).status).toBe(204);
  // Without a flush: the events are stored with the deletions.
  const events = await db<{ target: string; course_id: string | null; route: string }[]>`
    select target, course_id, route from audit_events
    where event_type like '%.deleted' and target = any(${paths.map((path) => path.split("/").at(-1)!)})`;
  expect(events).toHaveLength(paths.length);
  for (const { course_id: course, route } of events) {
    expect(course).toBe(route === "DELETE /api/users/:id" ? null : course_id);
  }
});

test("another request succeeds while its event cannot be stored", async () => {
  const course_id = await createCourse(db);
  const path = `/api/courses/${course_id}`;
  const body = JSON.stringify({ budget: { course: { usd: 3 } } });
  const headers = { "content-type": "application/json" };
  await db`alter table audit_events rename to audit_events_away`;
  try {
    expect((await call("PATCH", path, BOOTSTRAP, { body, headers })).status).toBe(200);
    await services.audit.flush();
  } finally {
    await db`alter table audit_events_away rename to audit_events`;
  }
});
