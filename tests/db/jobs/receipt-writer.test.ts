import { expect, test } from "bun:test";
import { type EndedCall, ReceiptWriter } from "../../../src/db/jobs/receipt-writer";
import { getUsage } from "../../../src/db/jobs/usage";
import { withDatabase } from "../../support/database";
import { createCourse, silentLog } from "../../support/factories";

const db = await withDatabase();

const callOf = (course_id: string, changes: Partial<EndedCall> = {}): EndedCall => ({
  call_key: `course:${course_id}:rerank`,
  purpose: "rerank",
  provider: "reranker",
  model: "rerank-v3.5",
  course_id,
  state: "ok",
  usage: { search_units: 1 },
  isFree: false,
  error_code: null,
  seconds: 0.2,
  ...changes,
});
const rows = (course_id: string) =>
  db`select * from provider_calls where course_id = ${course_id} order by created_at`;

test("calls are written together, with their price and time, and are in the usage", async () => {
  const course_id = await createCourse(db);
  const writer = new ReceiptWriter(db, silentLog, { everyMs: 50 });
  for (let i = 0; i < 500; i++) writer.record(callOf(course_id));
  writer.record(
    callOf(course_id, { state: "error", error_code: "provider_unavailable", usage: {} }),
  );
  writer.record(callOf(course_id, { isFree: true }));
  expect((await rows(course_id)).count).toBe(0); // nothing waits for the database

  while ((await rows(course_id)).count === 0) await Bun.sleep(10);

  expect((await rows(course_id)).count).toBe(502);
  expect(await getUsage(db, { course_id })).toMatchObject({ calls: 502, usd: 1, wasted_calls: 0 });
});

test("receipts that the database refuses wait for it, in order, and flush waits for them", async () => {
  const course_id = await createCourse(db);
  let isAway = true;
  const away = () => Promise.reject(new Error("the database is away"));
  const sql = new Proxy(db, {
    apply: (target, self, args) => (isAway ? away() : Reflect.apply(target, self, args)),
  });
  const writer = new ReceiptWriter(sql, silentLog, { everyMs: 60_000 });
  writer.record(callOf(course_id, { call_key: "first" }));
  await writer.flush();
  writer.record(callOf(course_id, { call_key: "second" }));
  expect((await rows(course_id)).count).toBe(0);

  isAway = false;
  await Promise.all([writer.flush(), writer.flush()]);

  const keys = (await rows(course_id)).map(({ call_key }) => call_key);
  expect(keys.toSorted()).toEqual(["first", "second"]);
});

test("a call of a course that was deleted before the write does not lose the others", async () => {
  const course_id = await createCourse(db);
  const writer = new ReceiptWriter(db, silentLog, { everyMs: 60_000 });
  writer.record(callOf(crypto.randomUUID()));
  writer.record(callOf(course_id));

  await writer.flush();

  expect((await rows(course_id)).count).toBe(1);
});
