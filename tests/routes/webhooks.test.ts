import { afterAll, expect, test } from "bun:test";
import { sendDueWebhooks } from "../../src/pipelines/webhook-sender";
import { BOOTSTRAP, openGuardedApp } from "../support/access";
import { createCourse, createDocument, silentLog } from "../support/factories";
import { isSignedBy, startWebhookConsumer } from "../support/webhook-consumer";

const consumer = startWebhookConsumer();
const guarded = await openGuardedApp({ WEBHOOK_ALLOWED_HOSTS: consumer.host });
const { db, services, call, postJson } = guarded;
afterAll(async () => {
  await guarded[Symbol.asyncDispose]();
  await consumer[Symbol.asyncDispose]();
});

const course_id = await createCourse(db);
const deps = {
  db,
  log: silentLog,
  fetch: services.webhookFetch,
  showsQuestions: true,
  now: () => new Date(Date.now() + 60_000),
};
const send = (more = {}) => sendDueWebhooks({ ...deps, ...more }, new AbortController().signal);

async function create(fields: Record<string, unknown> = {}) {
  const response = await postJson("/api/webhooks", { url: consumer.url, ...fields }, BOOTSTRAP);
  return { status: response.status, body: await response.json() };
}
const patch = (id: string, body: unknown) =>
  call("PATCH", `/api/webhooks/${id}`, BOOTSTRAP, {
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
const read = async (path: string) => (await call("GET", path, BOOTSTRAP)).json();

test("the secret is shown when a webhook is created and rotated, and never again", async () => {
  const { status, body } = await create({ course_id, description: "LMS" });
  expect(status).toBe(201);
  expect(body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const rotated = await (
    await postJson(`/api/webhooks/${body.id}/rotate`, { overlap_hours: 1 }, BOOTSTRAP)
  ).json();
  expect(rotated.secret).not.toBe(body.secret);

  const listed = await (
    await call("GET", `/api/webhooks?course_id=${course_id}`, BOOTSTRAP)
  ).text();
  expect(listed).toContain("LMS");
  expect(listed + JSON.stringify(await read(`/api/webhooks/${body.id}`))).not.toContain("whsec_");
});

test("a test is sent at once, signed, and returns the status of the consumer", async () => {
  const { body } = await create({ course_id });
  const first = consumer.received.length;
  const run = async () => (await postJson(`/api/webhooks/${body.id}/test`, {}, BOOTSTRAP)).json();
  expect(await run()).toEqual({ delivered: true, status: 204, error: null });
  const message = consumer.received[first]!;
  expect(message).toMatchObject({ type: "webhook.test", sequence: null });
  expect(isSignedBy(body.secret, message)).toBe(true);

  consumer.respond = () => new Response("a long page", { status: 500 });
  expect(await run()).toEqual({ delivered: false, status: 500, error: "HTTP 500" });
  consumer.respond = () => new Response(null, { status: 204 });
});

test("messages are listed, and replayed from a sequence", async () => {
  const course = await createCourse(db);
  const { body } = await create({ course_id: course });
  for (let n = 0; n < 3; n++) await createDocument(db, course);
  const waiting = await read(`/api/webhooks/${body.id}/messages`);
  expect(waiting.items.map(({ sequence }: { sequence: null }) => sequence)).toEqual([
    null,
    null,
    null,
  ]);
  await send();

  const { items } = await read(`/api/webhooks/${body.id}/messages?after=1`);
  expect(items).toMatchObject([
    { sequence: 2, event_type: "document.queued", attempts: 1, course_id: course },
    { sequence: 3, event_type: "document.queued" },
  ]);
  expect(items[0].acknowledged_at).not.toBeNull();
  const replay = await postJson(`/api/webhooks/${body.id}/replay`, { from_sequence: 2 }, BOOTSTRAP);
  expect([replay.status, await replay.json()]).toEqual([202, { replayed: 2 }]);
  await send();
  const seen = consumer.received.filter((one) => one.course_id === course);
  expect(seen.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 2, 3]);
  expect(seen[3]!.id).toBe(items[0].message_id);
});

test("a disabled webhook sends what it collected when it is enabled", async () => {
  const course = await createCourse(db);
  const { body } = await create({ course_id: course });
  expect(await (await patch(body.id, { enabled: false })).json()).toMatchObject({ enabled: false });
  await createDocument(db, course);
  await send();
  expect(await read(`/api/webhooks/${body.id}`)).toMatchObject({ waiting: 1, last_sequence: 0 });

  await patch(body.id, { enabled: true, event_types: ["document.queued"] });
  await send();
  expect(await read(`/api/webhooks/${body.id}`)).toMatchObject({
    waiting: 0,
    last_sequence: 1,
    event_types: ["document.queued"],
  });
  expect((await call("DELETE", `/api/webhooks/${body.id}`, BOOTSTRAP)).status).toBe(204);
  expect((await call("GET", `/api/webhooks/${body.id}`, BOOTSTRAP)).status).toBe(404);
});

test("an unanswered question sends its ids, and its text only if the settings show questions", async () => {
  const course = await createCourse(db);
  await create({ course_id: course, event_types: ["question.unanswered"] });
  const ask = { course_id: course, message: "Who won the football cup?" };
  const reply = await (await postJson("/api/chat", ask, BOOTSTRAP)).json();
  await send({ showsQuestions: false });
  const [message] = consumer.received.filter((one) => one.course_id === course);
  expect(message!.data).toEqual({ session_id: reply.session_id, message_id: expect.any(String) });

  await postJson("/api/chat", { ...ask, session_id: reply.session_id }, BOOTSTRAP);
  await send();
  const shown = consumer.received.filter((one) => one.course_id === course)[1];
  expect(shown!.data).toMatchObject({ session_id: reply.session_id, question: ask.message });
});

test.each([
  { url: "http://example.com/hook" },
  { url: "https://user:secret@example.com/hook" },
  { url: "https://example.com:8443/hook" },
  { url: "https://127.0.0.1/hook" },
  { url: "https://[::ffff:10.0.0.1]/hook" },
  { url: "https://0177.0.0.1/hook" },
  { url: "https://2130706433/hook" },
  { url: "https://0x7f000001/hook" },
  { url: "https://①②⑦.⓪.⓪.①/hook" },
  { url: "https://169.254.169.254/latest" },
  { url: "https://[::1]/hook" },
  { url: "https://[64:ff9b::7f00:1]/hook" },
  { url: "https://[fd00:ec2::254]/hook" },
  { url: "https://localhost/hook" },
  { url: "https://a.localhost./hook" },
  { url: "https://[::127.0.0.1]/hook" },
  // The guarded fetch would refuse each message to these.
  { url: "https://example.com./hook" },
  { url: "https://example.com\\hook" },
  { url: "https://example.com/a hook" },
  { url: "ftp://example.com/" },
  { url: "not an address" },
  { event_types: [] },
  { event_types: ["lecture.exploded"] },
  { secret: "whsec_mine" },
])("a webhook with %j is refused, with the name of the field", async (fields) => {
  const { status, body } = await create(fields);
  expect([status, body.code]).toEqual([422, "request_invalid"]);
  expect(body.details.fields[0].path).toStartWith(Object.keys(fields)[0]!);
});

test("a webhook of a course that does not exist is refused", async () => {
  expect((await create({ course_id: crypto.randomUUID() })).body.code).toBe("course_not_found");
});

test("deleting a course deletes its webhooks", async () => {
  const course = await createCourse(db);
  const { body } = await create({ course_id: course });
  await createDocument(db, course);
  expect((await call("DELETE", `/api/courses/${course}`, BOOTSTRAP)).status).toBe(204);
  expect((await call("GET", `/api/webhooks/${body.id}`, BOOTSTRAP)).status).toBe(404);
});
