// One engine: the statements are the same on both.
import { afterAll, describe, expect, test } from "bun:test";
import { connect, openDatabase } from "../../src/db/client";
import { onReplica, openReplica } from "../../src/db/replica";
import { SEES_ALL } from "../../src/principal";
import { searchCourse } from "../../src/retrieval/search";
import { addDocument } from "../support/corpus";
import { databaseUrl, engine, type TestDatabase } from "../support/database";
import { createCourse, silentLog } from "../support/factories";

const NO_EMBEDDER = {
  model: "unused",
  maxTokens: 0,
  countTokens: () => 0,
  embed: () => Promise.reject(new Error("a search by words embeds nothing")),
};

describe("with a replica", async () => {
  if (engine !== "native") {
    test.skip("needs PostgreSQL", () => {});
    return;
  }
  const primary = await databaseUrl();
  const replica = await databaseUrl();
  const { sql, close } = openDatabase(primary.url, { max: 2 }, silentLog);
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_: unknown, text?: string) => text && warnings.push(text) };
  const options = { max: 2, name: "replica", isPooled: false };
  const copy = openReplica(sql, replica.url, options, log as unknown as typeof silentLog);
  let hasReplica = true;
  const dropReplica = async (database: TestDatabase) => {
    hasReplica = false;
    await database.close();
  };
  afterAll(async () => {
    await close();
    await copy.close();
    await primary.close();
    if (hasReplica) await replica.close();
  });

  const search = (course_id: string) =>
    searchCourse(
      { db: sql, embedder: NO_EMBEDDER },
      {
        course_id,
        query: "entropy",
        top_k: 3,
        viewer: SEES_ALL,
        sources: ["slides"],
        mode: "text",
      },
      AbortSignal.timeout(60_000),
    );

  test("searches read it, and the primary while it is away", async () => {
    // Only the replica has a passage, so a search that finds it has read it there.
    const course_id = await createCourse(copy.sql);
    await addDocument(copy.sql, course_id, [{ content: "Entropy is the mean surprise." }]);
    expect(await search(course_id)).toMatchObject([{ content: "Entropy is the mean surprise." }]);

    await dropReplica(replica);
    expect(await search(course_id)).toEqual([]);
    expect(warnings).toEqual(["searches use the primary database, because the replica failed"]);
    expect(await search(course_id)).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  test("searches read the primary while the replica is more than a minute behind", async () => {
    const standby = await databaseUrl();
    // PostgreSQL's functions as a standby has them that lost its primary five minutes ago.
    const admin = connect(standby.url, { max: 1 });
    await admin.unsafe(`
      create schema standby;
      create function standby.pg_is_in_recovery() returns boolean language sql as 'select true';
      create function standby.pg_last_xact_replay_timestamp() returns timestamptz language sql as
        $$select now() - interval '5 minutes'$$;
      do $$ begin execute format('alter database %I set search_path = standby, pg_catalog, public',
        current_database()); end $$`);
    await admin.end();
    const main = openDatabase(primary.url, { max: 2 }, silentLog);
    const late = openReplica(main.sql, standby.url, options, log as unknown as typeof silentLog);
    const readName = () =>
      onReplica(main.sql, async (reader) => {
        const [row] = await reader<{ name: string }[]>`select current_database() as name`;
        return row!.name;
      });
    const names = await Promise.all([readName(), readName()]);
    await late.close();
    await main.close();
    await standby.close();

    const name = new URL(primary.url).pathname.slice(1);
    expect(names).toEqual([name, name]);
  });

  test("a statement that is wrong fails once, and keeps its reason", async () => {
    const wrong = onReplica(sql, (reader) => reader`select 1 / 0`);
    await expect(wrong).rejects.toMatchObject({ code: "22012" });
  });
});
