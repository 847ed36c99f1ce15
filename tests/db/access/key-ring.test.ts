import { expect, test } from "bun:test";
import { KeyRing } from "../../../src/db/access/key-ring";
import { insertKey, revokeKey } from "../../../src/db/access/keys";
import { openDatabase } from "../../../src/db/client";
import { createApiKey } from "../../../src/text/api-key";
import { OPERATOR } from "../../support/access";
import { databaseUrl, withDatabase } from "../../support/database";
import { silentLog } from "../../support/factories";

const db = await withDatabase();
const FIELDS = {
  name: "test",
  scopes: ["read" as const],
  course_ids: null,
  rate_per_minute: null,
  expires_at: null,
};

/** A ring that counts its statements. */
function openRing() {
  let statements = 0;
  const counting = new Proxy(db, {
    apply: (target, self, args) => {
      statements += 1;
      return Reflect.apply(target, self, args);
    },
  });
  return { ring: new KeyRing(counting), statements: () => statements };
}

test("a known key needs no query", async () => {
  const { key } = await insertKey(db, FIELDS, OPERATOR);
  const { ring, statements } = openRing();
  await ring.find(key);
  const before = statements();
  for (let i = 0; i < 100; i += 1) expect(await ring.find(key)).not.toBeNull();
  ring.close();

  expect(statements()).toBe(before);
});

test("many requests with unknown keys cause few queries, and a mistyped key none", async () => {
  const { key } = await insertKey(db, FIELDS, OPERATOR);
  const { ring, statements } = openRing();
  await ring.refresh();
  const before = statements();
  await ring.find(`${key.slice(0, -1)}!`);
  const afterMistyped = statements();
  const unknown = createApiKey().key;
  const found = await Promise.all(Array.from({ length: 200 }, () => ring.find(unknown)));
  ring.close();

  expect(before).toBeGreaterThan(0);
  expect(afterMistyped).toBe(before);
  expect(found.every((one) => one === null)).toBeTrue();
  expect(statements() - before).toBeLessThan(10);
});

test("a key that another process created is found, and its end aborts its signal", async () => {
  const { ring } = openRing();
  await ring.refresh();
  const { key, key_id } = await insertKey(db, FIELDS, OPERATOR);
  const found = await ring.find(key);
  await revokeKey(db, key_id, OPERATOR);
  const isEndedBefore = found!.ended.aborted;
  await ring.reload();
  ring.close();

  expect(isEndedBefore).toBeFalse();
  expect(found!.ended.reason).toMatchObject({ errorCode: "unauthenticated" });
  expect(await ring.find(key)).toBeNull();
  expect(await ring.everCreated()).toBeTrue();
});

test("without its database a ring with old keys fails instead of accepting them", async () => {
  const { url, close } = await databaseUrl();
  const database = openDatabase(url, { max: 1, queryTimeoutMs: 1_000 }, silentLog);
  const { key } = await insertKey(database.sql, FIELDS, OPERATOR);
  await close();
  const ring = new KeyRing(database.sql);

  await expect(ring.find(key)).rejects.toThrow();
  ring.close();
  await database.close();
});
