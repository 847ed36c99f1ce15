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

/**
 * Replaces PostgreSQL's functions in a copy of the primary by those of a standby that lost its primary then. A real
 * standby is a copy of the whole server.
 */
async function makeStandby(url: string, secondsAgo: number): Promise<void> {
  const admin = connect(url, { max: 1 });
  await admin.unsafe(`
    create schema standby;
    create function standby.pg_is_in_recovery() returns boolean language sql as 'select true';
    create function standby.pg_last_xact_replay_timestamp() returns timestamptz language sql as
      $$select now() - interval '${secondsAgo} s'$$;
    do $$ begin execute format('alter database %I set search_path = standby, pg_catalog, public',
      current_database()); end $$`);
  await admin.end();
}

describe("with a replica", async () => {
  if (engine !== "native") {
    test.skip("needs PostgreSQL", () => {});
    return;
  }
  const primary = await databaseUrl();
  const replica = await databaseUrl();
  const { sql, close } = openDatabase(primary.url, { max: 2 }, silentLog);
  const warnings: string[] = [];
  const log = {
    ...silentLog,
    warn: (_: unknown, text = "") => text.startsWith("searches") && warnings.push(text),
  };
  const options = { max: 2, name: "replica", isPooled: false };
  await makeStandby(replica.url, 0);
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
    await makeStandby(standby.url, 300);
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

  test("searches read the primary when the replica is no standby, or one of another database", async () => {
    const promoted = await databaseUrl();
    const other = await databaseUrl();
    await makeStandby(other.url, 0);
    const admin = connect(other.url, { max: 1 });
    await admin`update schema_migrations set applied_at = applied_at - interval '1 second'`;
    await admin.end();
    const names: string[] = [];
    for (const { url, close } of [promoted, other]) {
      const main = openDatabase(primary.url, { max: 2 }, silentLog);
      const copy = openReplica(main.sql, url, options, log as unknown as typeof silentLog);
      names.push(
        await onReplica(main.sql, async (reader) => {
          const [row] = await reader<{ name: string }[]>`select current_database() as name`;
          return row!.name;
        }),
      );
      await copy.close();
      await main.close();
      await close();
    }

    const name = new URL(primary.url).pathname.slice(1);
    expect(names).toEqual([name, name]);
  });

  test("a statement that is wrong fails once, and keeps its reason", async () => {
    const wrong = onReplica(sql, (reader) => reader`select 1 / 0`);
    await expect(wrong).rejects.toMatchObject({ code: "22012" });
  });
});
