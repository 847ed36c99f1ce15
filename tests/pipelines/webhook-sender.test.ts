import { afterEach, expect, test } from "bun:test";
import { deleteAsset } from "../../src/db/assets";
import { requestLecture } from "../../src/db/lectures";
import {
  getWebhookEndpoint,
  insertWebhookEndpoint,
  type NewWebhookEndpoint,
  rotateWebhookSecret,
  updateWebhookEndpoint,
} from "../../src/db/webhooks/endpoints";
import { claimWebhook, replayWebhook } from "../../src/db/webhooks/messages";
import { openGuardedFetch } from "../../src/media/fetch/guarded-fetch";
import { sendDueWebhooks, startWebhookSender } from "../../src/pipelines/webhook-sender";
import { createWebhookSecret } from "../../src/providers/webhooks/signature";
import { withDatabase } from "../support/database";
import { createCourse, createDocument, silentLog } from "../support/factories";
import { eventually } from "../support/waiting";
import { isSignedBy, startWebhookConsumer } from "../support/webhook-consumer";

const db = await withDatabase();
const MINUTE_MS = 60_000;
const noSignal = new AbortController().signal;

/** A clock that only the test moves. It begins now, because messages are due from their creation on. */
function openClock() {
  let time = Date.now() + MINUTE_MS;
  return {
    now: () => new Date(time),
    advance: (ms: number) => {
      time += ms;
    },
  };
}

/** A course with a webhook to a consumer. */
async function openHook(fields: Partial<NewWebhookEndpoint> = {}) {
  const consumer = startWebhookConsumer();
  const course_id = await createCourse(db);
  const secret = createWebhookSecret();
  const { id } = await insertWebhookEndpoint(db, {
    course_id,
    url: consumer.url,
    description: null,
    event_types: null,
    secret,
    ...fields,
  });
  const clock = openClock();
  const deps = {
    db,
    log: silentLog,
    fetch: openGuardedFetch({ allowedHosts: [consumer.host] }),
    showsQuestions: false,
    now: clock.now,
  };
  return {
    consumer,
    course_id,
    secret,
    id,
    clock,
    deps,
    send: () => sendDueWebhooks(deps, noSignal),
    endpoint: () => getWebhookEndpoint(db, id),
    async [Symbol.asyncDispose]() {
      await consumer[Symbol.asyncDispose]();
    },
  };
}

/** Later tests must not send the messages of earlier ones. */
afterEach(async () => {
  await db`delete from webhook_endpoints`;
});

const addLecture = (course_id: string) =>
  requestLecture(db, {
    course_id,
    session_id: crypto.randomUUID(),
    panopto_url: "https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=1",
    title: "Secret title",
    owner_id: null,
    transcription: true,
    priority: "normal",
  });
const sequences = (received: { sequence: number | null }[]) =>
  received.map(({ sequence }) => sequence);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test("a consumer that is down for an hour misses nothing and sees nothing twice", async () => {
  await using hook = await openHook();
  const { consumer, clock } = hook;
  await addLecture(hook.course_id);
  await hook.send();
  expect(sequences(consumer.received)).toEqual([1]);

  consumer.respond = () => new Response("down", { status: 503 });
  for (let minute = 0; minute < 60; minute++) {
    if (minute % 6 === 0) await createDocument(db, hook.course_id);
    await hook.send();
    clock.advance(MINUTE_MS);
  }
  const attempts = consumer.received.length - 1;
  // Only the oldest message is tried, with growing pauses.
  expect(attempts).toBeGreaterThan(5);
  expect(attempts).toBeLessThan(15);
  expect(new Set(sequences(consumer.received.slice(1)))).toEqual(new Set([2]));
  expect(await hook.endpoint()).toMatchObject({
    enabled: true,
    waiting: 10,
    last_error: "HTTP 503",
  });

  consumer.respond = () => new Response(null, { status: 200 });
  clock.advance(15 * MINUTE_MS);
  await hook.send();
  const seen = consumer.acknowledged();
  expect(sequences(seen)).toEqual(upTo(11));
  expect(new Set(seen.map(({ id }) => id)).size).toBe(11);
  expect(await hook.endpoint()).toMatchObject({ waiting: 0, failures: 0, last_error: null });

  await hook.send();
  expect(consumer.acknowledged()).toHaveLength(11);
});

test("every attempt is signed with the secret, and has the same id and body", async () => {
  await using hook = await openHook();
  const { consumer, clock } = hook;
  await addLecture(hook.course_id);
  consumer.respond = () => new Response(null, { status: 500 });
  await hook.send();
  clock.advance(MINUTE_MS);
  consumer.respond = () => new Response(null, { status: 200 });
  await hook.send();

  const [first, second] = consumer.received;
  expect(isSignedBy(hook.secret, first!)).toBe(true);
  expect(isSignedBy(createWebhookSecret(), first!)).toBe(false);
  expect(isSignedBy(hook.secret, { ...first!, body: `${first!.body} ` })).toBe(false);
  expect(second!.id).toBe(first!.id);
  expect(second!.body).toBe(first!.body);
  expect(second!.headers.get("webhook-timestamp")).not.toBe(
    first!.headers.get("webhook-timestamp"),
  );
  expect(JSON.parse(first!.body).id).toBe(first!.id);
});

test("after a rotation both secrets sign until the overlap ends", async () => {
  await using hook = await openHook();
  const secret = createWebhookSecret();
  await rotateWebhookSecret(db, hook.id, { secret, overlapSeconds: 3_600 });
  await addLecture(hook.course_id);
  await hook.send();
  hook.clock.advance(2 * 60 * MINUTE_MS);
  await addLecture(hook.course_id);
  await hook.send();

  const [during, after] = hook.consumer.received;
  expect([isSignedBy(secret, during!), isSignedBy(hook.secret, during!)]).toEqual([true, true]);
  expect([isSignedBy(secret, after!), isSignedBy(hook.secret, after!)]).toEqual([true, false]);
});

test("messages have ids and states, and no titles", async () => {
  await using hook = await openHook();
  const { lecture_id, job_id } = await addLecture(hook.course_id);
  await deleteAsset(db, "lecture", lecture_id);
  await hook.send();

  expect(hook.consumer.received.map(({ type }) => type)).toEqual([
    "lecture.queued",
    "lecture.failed",
    "lecture.deleted",
  ]);
  const [queued, failed] = hook.consumer.received;
  const common = { asset_type: "lecture", asset_id: lecture_id };
  expect(queued).toMatchObject({ course_id: hook.course_id, data: { ...common, job_id } });
  expect(failed!.data).toMatchObject({ ...common, code: "asset_deleted" });
  expect(hook.consumer.received.map(({ body }) => body).join()).not.toContain("Secret title");
});

test("an endpoint gets only the types and the course that it names", async () => {
  await using hook = await openHook({ event_types: ["document.queued"] });
  await using everywhere = await openHook({ course_id: null });
  const fetch = openGuardedFetch({ allowedHosts: [hook.consumer.host, everywhere.consumer.host] });
  await addLecture(hook.course_id);
  await createDocument(db, hook.course_id);
  await createDocument(db, await createCourse(db));
  await sendDueWebhooks({ ...hook.deps, fetch }, noSignal);

  expect(hook.consumer.received.map(({ type }) => type)).toEqual(["document.queued"]);
  expect(sequences(hook.consumer.received)).toEqual([1]);
  expect(sequences(everywhere.consumer.received)).toEqual([1, 2, 3]);
  const shared = everywhere.consumer.received[1]!;
  expect(hook.consumer.received[0]!.id).toBe(shared.id);
});

test("personal material sends nothing, and unreleased material states its release", async () => {
  await using hook = await openHook();
  const [owner] = await db<{ id: string }[]>`
    insert into users (issuer, subject) values ('test', ${crypto.randomUUID()}) returning id`;
  const before = await addLecture(hook.course_id);
  await db`update lectures set owner_id = ${owner!.id} where id = ${before.lecture_id}`;
  await deleteAsset(db, "lecture", before.lecture_id);
  const hidden = await addLecture(hook.course_id);
  await db`update lectures set visible_from = '2099-01-01' where id = ${hidden.lecture_id}`;
  await deleteAsset(db, "lecture", hidden.lecture_id);
  await hook.send();

  const { received } = hook.consumer;
  expect(received.map(({ data }) => data.asset_id)).not.toContain(before.lecture_id);
  expect(received.at(-1)!.data.visible_from).toStartWith("2099-01-01");
  expect(sequences(received)).toEqual(upTo(3));
});

test("a replay sends the messages again in their order, with their ids, before newer ones", async () => {
  await using hook = await openHook();
  for (let n = 0; n < 4; n++) await createDocument(db, hook.course_id);
  await hook.send();
  expect(await replayWebhook(db, hook.id, 3)).toBe(2);
  await createDocument(db, hook.course_id);
  await hook.send();

  const { received } = hook.consumer;
  expect(sequences(received)).toEqual([1, 2, 3, 4, 3, 4, 5]);
  expect(received[4]!.id).toBe(received[2]!.id);
});

test("several senders at once send each message once and in order", async () => {
  await using hook = await openHook();
  for (let n = 0; n < 12; n++) await createDocument(db, hook.course_id);
  await Promise.all([hook.send(), hook.send(), hook.send()]);

  expect(sequences(hook.consumer.received)).toEqual(upTo(12));
});

test("a message whose result was not recorded is sent again with its id, after the lease", async () => {
  await using hook = await openHook();
  await createDocument(db, hook.course_id);
  await createDocument(db, hook.course_id);
  // A sender that is killed between the response and the record of it.
  const killed = await claimWebhook(db, { now: hook.clock.now(), leaseSeconds: 30 });
  await hook.send();
  expect(hook.consumer.received).toEqual([]);

  hook.clock.advance(31_000);
  await hook.send();
  expect(sequences(hook.consumer.received)).toEqual([1, 2]);
  expect(hook.consumer.received[0]!.id).toBe(killed!.message_id);
});

test("an endpoint that fails for five days is disabled with an event, and gets all when it is enabled", async () => {
  await using watcher = await openHook({ course_id: null, event_types: ["webhook.disabled"] });
  await using hook = await openHook();
  const fetch = openGuardedFetch({ allowedHosts: [hook.consumer.host, watcher.consumer.host] });
  const send = () => sendDueWebhooks({ ...hook.deps, fetch }, noSignal);
  hook.consumer.respond = () => new Response(null, { status: 500 });
  await createDocument(db, hook.course_id);
  for (let hour = 0; hour <= 121; hour++) {
    await send();
    hook.clock.advance(60 * MINUTE_MS);
  }
  expect(await hook.endpoint()).toMatchObject({ enabled: false, disabled_reason: "HTTP 500" });
  const attempts = hook.consumer.received.length;
  await createDocument(db, hook.course_id);
  await send();
  expect(hook.consumer.received).toHaveLength(attempts);
  expect(watcher.consumer.received).toMatchObject([
    { type: "webhook.disabled", data: { webhook_id: hook.id, reason: "HTTP 500" } },
  ]);
  const events =
    await db`select payload from processing_events where event_type = 'webhook_disabled'`;
  expect(events).toMatchObject([{ payload: { webhook_id: hook.id } }]);

  hook.consumer.respond = () => new Response(null, { status: 200 });
  await updateWebhookEndpoint(db, hook.id, { enabled: true });
  await send();
  const seen = hook.consumer.acknowledged();
  expect(seen.map(({ type }) => type)).toEqual([
    "document.queued",
    "webhook.disabled",
    "document.queued",
  ]);
});

test("410 disables an endpoint at once, and Retry-After delays the next attempt", async () => {
  await using hook = await openHook();
  await createDocument(db, hook.course_id);
  hook.consumer.respond = () =>
    new Response(null, { status: 429, headers: { "retry-after": "1800" } });
  await hook.send();
  hook.clock.advance(29 * MINUTE_MS);
  await hook.send();
  expect(hook.consumer.received).toHaveLength(1);
  hook.clock.advance(2 * MINUTE_MS);
  hook.consumer.respond = () => new Response(null, { status: 410 });
  await hook.send();

  expect(hook.consumer.received).toHaveLength(2);
  expect(await hook.endpoint()).toMatchObject({ enabled: false, disabled_reason: "HTTP 410" });
});

test("a new address gets what waits at once, and no failure of the former address counts for it", async () => {
  await using hook = await openHook();
  await using other = await openHook({ course_id: await createCourse(db) });
  await createDocument(db, hook.course_id);
  const answer = Promise.withResolvers<Response>();
  hook.consumer.respond = () => answer.promise;
  const fetch = openGuardedFetch({ allowedHosts: [hook.consumer.host, other.consumer.host] });
  const sending = sendDueWebhooks({ ...hook.deps, fetch }, noSignal);
  await eventually(
    async () => hook.consumer.received.length,
    (count) => count === 1,
  );
  await updateWebhookEndpoint(db, hook.id, { url: other.consumer.url });
  answer.resolve(new Response(null, { status: 410 }));
  await sending;

  expect(await hook.endpoint()).toMatchObject({ enabled: true, failures: 0, waiting: 0 });
  expect(sequences(other.consumer.acknowledged())).toEqual([1]);
});

test("redirects are refused, and the body of a response is not read", async () => {
  await using hook = await openHook();
  await using other = startWebhookConsumer();
  await createDocument(db, hook.course_id);
  hook.consumer.respond = () => Response.redirect(other.url, 307);
  await hook.send();
  expect(other.received).toEqual([]);
  expect((await hook.endpoint()).last_error).toBe("HTTP 307: redirects are not followed");

  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
  });
  hook.consumer.respond = () => new Response(endless);
  hook.clock.advance(MINUTE_MS);
  await hook.send();
  expect(await hook.endpoint()).toMatchObject({ waiting: 0, last_error: null });
});

test.each(["http://169.254.169.254/latest", "https://127.0.0.1/", "http://example.com/"])(
  "%s gets no request",
  async (url) => {
    await using hook = await openHook({ url });
    await createDocument(db, hook.course_id);
    await hook.send();

    expect((await hook.endpoint()).last_error).toStartWith("the address is not allowed");
  },
);

test.each([
  { addresses: ["10.0.0.1"] },
  { addresses: ["fd00::1"] },
  { addresses: ["::ffff:127.0.0.1"] },
  { addresses: ["93.184.216.34", "127.0.0.1"] },
])(
  "a name with the addresses %j gets no request, and the error names no address",
  async ({ addresses }) => {
    await using hook = await openHook({ url: "https://hooks.example/" });
    await createDocument(db, hook.course_id);
    const fetch = openGuardedFetch({ allowedHosts: [], resolve: async () => [...addresses] });

    await sendDueWebhooks({ ...hook.deps, fetch }, noSignal);

    const { last_error, failures } = await hook.endpoint();
    expect(last_error).toBe(
      "the address is not allowed: the host has an address that is not public",
    );
    expect(failures).toBeGreaterThan(0);
  },
);

test("one endpoint that fails does not delay another", async () => {
  await using hook = await openHook();
  await using broken = await openHook({ course_id: hook.course_id });
  broken.consumer.respond = () => new Response(null, { status: 500 });
  const fetch = openGuardedFetch({ allowedHosts: [hook.consumer.host, broken.consumer.host] });
  for (let n = 0; n < 3; n++) await createDocument(db, hook.course_id);
  await sendDueWebhooks({ ...hook.deps, fetch }, noSignal);

  expect(sequences(hook.consumer.received)).toEqual([1, 2, 3]);
  expect(sequences(broken.consumer.received)).toEqual([1]);
});

test("a stopped sender gives its message back at once and counts no failure", async () => {
  await using hook = await openHook();
  await createDocument(db, hook.course_id);
  const answer = Promise.withResolvers<Response>();
  hook.consumer.respond = () => answer.promise;
  const stop = startWebhookSender(hook.deps);
  await eventually(
    async () => hook.consumer.received.length,
    (count) => count === 1,
  );
  await stop();
  answer.resolve(new Response(null, { status: 204 }));
  expect(await hook.endpoint()).toMatchObject({ waiting: 1, failures: 0 });

  hook.consumer.respond = () => new Response(null, { status: 204 });
  await hook.send();
  expect(new Set(hook.consumer.received.map(({ id }) => id)).size).toBe(1);
  expect((await hook.endpoint()).waiting).toBe(0);
});
