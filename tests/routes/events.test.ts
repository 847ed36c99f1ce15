import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { withDatabase } from "../support/database";
import { createCourse, createDocument } from "../support/factories";
import { get } from "../support/http";
import { openLectureWork } from "../support/lecture-work";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
const { app, course_id, request, site } = lab;
afterAll(() => lab.close());

type Sent = { id: number; asset_id: string; event_type: string; payload: Record<string, unknown> };

/** A feed, of which nothing that happens from now on is missed. */
async function open(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const response = await app.handle(get(path, headers));
  expect(response.headers.get("content-type")).toStartWith("text/event-stream");
  return response;
}

/** Reads a feed until it has sent as many events as wanted, then leaves. */
async function take(response: Response, wanted: number) {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while ((text.match(/^data: \{"/gm) ?? []).length < wanted) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return [...text.matchAll(/^id: (\d+)\ndata: (.*)$/gm)].map(([, id, data]) => {
    const event = JSON.parse(data!) as Sent;
    expect(event.id).toBe(Number(id));
    return event;
  });
}

describe("the trail of an asset", () => {
  test("lists the events of a lecture in order, in pages", async () => {
    const id = await request(site.addSession({ streams: [{ tag: "DV", file: "ts/master.m3u8" }] }));
    await lab.workOnce();
    const path = `/api/lectures/${id}/events`;

    const all = await (await app.handle(get(path))).json();
    const first = await (await app.handle(get(`${path}?limit=2`))).json();
    const rest = await (await app.handle(get(`${path}?cursor=${first.next_cursor}`))).json();

    expect(all.items.map(({ payload }: Sent) => payload.to)).toEqual([
      ...["pending", "downloading", "transcribing", "embedding", "completed"],
    ]);
    expect([...first.items, ...rest.items]).toEqual(all.items);
    expect(rest.next_cursor).toBeNull();
  });

  test("is there for documents too, and for nothing else", async () => {
    const { document_id } = await createDocument(db, course_id);

    const { items } = await (await app.handle(get(`/api/documents/${document_id}/events`))).json();

    expect(items).toMatchObject([{ asset_type: "document", payload: { to: "uploaded" } }]);
    const unknown = await app.handle(get(`/api/documents/${crypto.randomUUID()}/events`));
    expect(unknown.status).toBe(404);
  });
});

describe("GET /api/events", () => {
  test("sends new events to all readers", async () => {
    const course = await createCourse(db);
    const feeds = [1, 2].map(() => open(`/api/events?course_id=${course}`));
    const listening = await Promise.all(feeds);

    const { document_id } = await createDocument(db, course);

    for (const feed of listening) {
      const events = await take(feed, 1);
      expect(events).toMatchObject([{ asset_id: document_id, event_type: "status" }]);
    }
  });

  test("resumes after the last event seen, without a gap and without a repetition", async () => {
    const course = await createCourse(db);
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await createDocument(db, course)).document_id);
    const path = `/api/events?course_id=${course}`;

    const all = await take(await open(`${path}&after=0`), 5);
    expect(all.map(({ asset_id }) => asset_id)).toEqual(ids);

    const rest = await take(await open(path, { "last-event-id": String(all[1]!.id) }), 3);
    expect(rest).toEqual(all.slice(2));
  });

  test("names where it begins, for a connection that breaks before the first event", async () => {
    const broken = await open("/api/events");
    const frame = await broken.body!.pipeThrough(new TextDecoderStream()).getReader().read();
    const after = broken.headers.get("last-event-id")!;
    const id = await request(site.addSession({ streams: [{ tag: "DV", file: "ts/master.m3u8" }] }));
    const [event] = await take(await open("/api/events", { "last-event-id": after }), 1);

    expect(frame.value).toContain(`id: ${after}\n`);
    expect(event!.id).toBeGreaterThan(Number(after));
    expect(event!.asset_id).toBe(id);
  });

  test("keeps to one asset when asked", async () => {
    const course = await createCourse(db);
    await createDocument(db, course);
    const { document_id } = await createDocument(db, course);
    await createDocument(db, course);

    const events = await take(await open(`/api/events?asset_id=${document_id}&after=0`), 1);

    expect(events.map(({ asset_id }) => asset_id)).toEqual([document_id]);
  });

  test.each(["course_id=x", "after=-1", "after=soon"])("refuses %s", async (query) => {
    expect((await app.handle(get(`/api/events?${query}`))).status).toBe(422);
  });

  // Last: afterwards this application serves no feed any more.
  test("ends with a last word when the server stops", async () => {
    const response = await open(`/api/events?course_id=${await createCourse(db)}`);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    await reader.read(); // the feed has begun

    lab.shutdown.abort();

    let text = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    expect(text).toEndWith("event: end\ndata: {}\n\n");
  });
});
