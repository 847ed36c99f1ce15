import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { getBackup, listBackups } from "../../../src/db/backup/backups";
import { connect } from "../../../src/db/client";
import { startEmbeddedDatabase } from "../../../src/db/embedded/start";
import { endQueueHold, findQueueHold } from "../../../src/db/jobs/queue-hold";
import { listAppliedMigrations, listMigrations, migrate } from "../../../src/db/migrate";
import { AppError } from "../../../src/errors";
import { assertSchema, restoreBackup } from "../../../src/pipelines/backup/restore";
import { runDueBackup, startBackup } from "../../../src/pipelines/backup/run";
import { claimJob } from "../../../src/queue/queue";
import { AnswerSpool } from "../../../src/storage/answer-spool";
import { readArchive } from "../../../src/storage/backup-archive";
import { openBackupPlace } from "../../../src/storage/backup-place";
import { embeddedSnapshot, engine } from "../../support/database";
import { createCourse, silentLog } from "../../support/factories";
import {
  ask,
  backUp,
  fillInstallation,
  type Installation,
  openInstallation,
} from "../../support/installation";
import { cloneNative } from "../../support/native-database";
import { eventually } from "../../support/waiting";

const { signal } = new AbortController();
const restore = (path: string, to: Installation) =>
  restoreBackup(
    { ...to, databaseUrl: to.url, log: silentLog },
    async () => Bun.file(path).stream(),
    signal,
  );
const read = (path: string) => readArchive(Bun.file(path).stream(), {}, signal);
const startEmbedded = async () =>
  startEmbeddedDatabase({ dataDir: null, from: Bun.file(await embeddedSnapshot()) });

describe("a backup restored into an empty installation", () => {
  test("has the same rows, files, answers and conversations, and its queue waits", async () => {
    await using source = await openInstallation();
    const filled = await fillInstallation(source);
    await using target = await openInstallation();
    // Tables of an extension, and of another program in the same database.
    await source.db`create table spatial_ref_sys (srid int)`;
    await target.db`create table other_program as select 1 as id`;
    const backup = await backUp(source);
    await restore(backup.path, target);

    expect(await target.db`select id from other_program`).toEqual([{ id: 1 }] as never);
    expect(backup).toMatchObject({ files: 1, missing: 0, changed: 0 });
    const { answer, course_id } = filled;
    const again = await ask(target.db, course_id);
    expect({ ...again, session_id: "" }).toEqual({ ...answer, session_id: "" });
    expect(answer.citations).toMatchObject([{ number: 1, page_number: 7 }]);
    const history = (db: Installation["db"]) => db`
      select id, position, role, content, metadata from chat_messages
      where session_id = ${answer.session_id} order by position`;
    expect(await history(target.db)).toEqual(await history(source.db));
    const stored = (await target.storage.open(filled.document_id)).stream();
    expect(Buffer.from(await new Response(stored).arrayBuffer())).toEqual(filled.bytes);

    expect(await findQueueHold(target.db)).toMatchObject({ reason: "restored from a backup" });
    const claim = () => claimJob(target.db, ["ingest"], 30);
    expect(await claim()).toBeNull();
    expect(await endQueueHold(target.db)).toBe(true);
    expect(await claim()).toMatchObject({ asset_id: filled.document_id });
    expect(await endQueueHold(target.db)).toBe(false);
  });

  test("is the same on the other engine and back", async () => {
    await using source = await openInstallation(await cloneNative());
    await fillInstallation(source);
    const { close, ...started } = await startEmbedded();
    await using embedded = await openInstallation({ ...started, close });
    // The copy of a running server, while it goes on writing.
    embedded.backupDeps.database = { engine: "embedded", openCopy: started.openCopy };
    await using back = await openInstallation(await cloneNative());
    const first = await backUp(source);
    await restore(first.path, embedded);
    const second = await backUp(embedded);
    await restore(second.path, back);
    const third = await backUp(back);

    const [one, two, three] = await Promise.all(
      [first, second, third].map(({ path }) => read(path)),
    );
    for (const { manifest } of [two!, three!]) {
      expect(manifest.tables).toEqual(one!.manifest.tables);
      expect(manifest.files).toEqual(one!.manifest.files);
    }
    expect(three!.header.sequences).toEqual(one!.header.sequences);
    const insert = (to: Installation) =>
      to.db`insert into processing_events (asset_type, event_type) values ('system', 'x') returning id`;
    expect(await insert(back)).toEqual(await insert(source));
    const broken = back.db`update jobs set course_id = gen_random_uuid()`;
    expect(broken).rejects.toThrow("foreign key");
  });
});

test.if(engine === "native")(
  "an archive of an earlier version gets the later migrations",
  async () => {
    const unmigrated = async () => {
      const database = await cloneNative();
      const sql = connect(database.url, { max: 1 });
      await sql.unsafe(
        `drop extension if exists pgmq cascade; drop schema if exists pgmq cascade;
       drop schema public cascade; create schema public`,
      );
      await sql.end();
      return database;
    };
    const migrations = await listMigrations();
    const earlier = await unmigrated();
    await migrate(earlier.url, { last: migrations.at(-2)!.name });
    await using source = await openInstallation(earlier);
    await using target = await openInstallation(await unmigrated());
    await using later = await openInstallation();
    const course_id = await createCourse(source.db);
    const { path } = await backUp(source);
    await restore(path, target);

    expect(await target.db`select id from courses`).toEqual([{ id: course_id }] as never);
    expect(await listAppliedMigrations(target.db)).toEqual(migrations);
    expect(restore(path, later)).rejects.toMatchObject({
      errorCode: "backup_incompatible",
      details: { reason: expect.stringContaining("new database") },
    });
  },
);

test("an archive of a newer or another schema is refused", async () => {
  const ours = await listMigrations();
  const [first, ...others] = ours;
  const newer = [...ours, { name: "9999_later.sql", sha256: "0" }];
  const other = [{ ...first!, sha256: "0" }, ...others];

  await assertSchema({ lectern: "0.0.1", schema: ours.slice(0, 3) });
  for (const [schema, reason] of [
    [newer, "Lectern 9.9.0, a newer version"],
    [other, `differs in ${first!.name}`],
  ] as const) {
    expect(assertSchema({ lectern: "9.9.0", schema })).rejects.toMatchObject({
      errorCode: "backup_incompatible",
      details: { reason: expect.stringContaining(reason) },
    });
  }
});

test("a backup on a timer starts once per interval in the whole installation, and not on hold", async () => {
  await using installation = await openInstallation();
  const { db, dataRoot, backupDeps } = installation;
  const place = openBackupPlace(join(dataRoot, "backups"));
  const deps = { ...backupDeps, db, backups: { place, keep: 1 }, log: silentLog };
  await db`insert into queue_hold (reason) values ('test')`;
  await runDueBackup(deps, 24, signal);
  expect(await listBackups(db, 9)).toHaveLength(0);
  await endQueueHold(db);
  await Promise.all([runDueBackup(deps, 24, signal), runDueBackup(deps, 24, signal)]);
  await runDueBackup(deps, 24, signal);
  expect(await listBackups(db, 9)).toHaveLength(1);

  // A day later.
  await db`update backups set started_at = started_at - interval '1 day', seen_at = seen_at - interval '1 day'`;
  await runDueBackup(deps, 24, signal);
  const [newest, oldest] = await listBackups(db, 9);
  expect(newest!.archive).not.toBe(oldest!.archive);
  expect((await place.list()).map(({ name }) => name)).toEqual([newest!.archive!]);

  // A process that ended in the middle.
  await db`update backups set finished_at = null, seen_at = now() - interval '2 minutes'`;
  expect(await getBackup(db, newest!.id)).toMatchObject({
    finished_at: expect.any(String),
    error_code: "cancelled",
  });
  const stop = new AbortController();
  stop.abort(new AppError("cancelled"));
  const { id } = await startBackup(deps, stop.signal);
  const failed = await eventually(
    () => getBackup(db, id),
    ({ finished_at }) => finished_at !== null,
  );
  expect(failed).toMatchObject({ archive: null, error_code: "cancelled" });
  expect(await listBackups(db, 9)).toHaveLength(3);
});

test("uploaded audio and paid answers of unfinished jobs are restored", async () => {
  await using source = await openInstallation();
  await using target = await openInstallation();
  const course_id = await createCourse(source.db);
  const audio = crypto.randomUUID();
  await source.db`
    insert into lectures (course_id, source, audio_file_id) values (${course_id}, 'upload', ${audio})`;
  await Bun.write(join(source.uploadedAudio.stagingDir, "a.part"), "sound");
  await source.uploadedAudio.store(audio, join(source.uploadedAudio.stagingDir, "a.part"));
  const key = { job_id: crypto.randomUUID(), content: ["transcribe", 1] };
  await new AnswerSpool(source.dataRoot, silentLog).keep(key, { text: "paid" });
  const backup = await backUp(source);
  await restore(backup.path, target);

  expect(backup).toMatchObject({ files: 2, missing: 0 });
  const restored = (await target.uploadedAudio.open(audio)).stream();
  expect(await new Response(restored).text()).toBe("sound");
  expect(await new AnswerSpool(target.dataRoot, silentLog).find(key)).toEqual({ text: "paid" });
});

test("a place that refuses deletions has a stored backup", async () => {
  await using installation = await openInstallation();
  const { db, dataRoot, backupDeps } = installation;
  const folder = openBackupPlace(join(dataRoot, "backups"));
  const place = { ...folder, remove: () => Promise.reject(new Error("AccessDenied")) };
  const deps = { ...backupDeps, db, backups: { place, keep: 1 }, log: silentLog };
  await runDueBackup(deps, 24, signal);
  await db`update backups set started_at = started_at - interval '1 day'`;
  await runDueBackup(deps, 24, signal);

  const backups = await listBackups(db, 9);
  expect(backups.map(({ error_code }) => error_code)).toEqual([null, null]);
  expect((await folder.list()).map(({ name }) => name)).toEqual(
    backups.map(({ archive }) => archive!).reverse(),
  );
});

test("a file that cannot be read to its end is a failure of the storage", async () => {
  await using source = await openInstallation();
  await fillInstallation(source);
  const reset = Object.assign(new Error("reset"), { code: "ECONNRESET" });
  const stream = () => new ReadableStream({ start: (controller) => controller.error(reset) });
  source.backupDeps.storage = {
    ...source.storage,
    open: async () => ({ size_bytes: 9, stream }),
  };

  await expect(backUp(source)).rejects.toMatchObject({
    errorCode: "storage_unavailable",
    details: { reason: "ECONNRESET" },
  });
});

describe("nothing is restored", () => {
  test("into an installation with a course", async () => {
    await using source = await openInstallation();
    await fillInstallation(source);
    const { path } = await backUp(source);

    expect(restore(path, source)).rejects.toMatchObject({
      errorCode: "restore_not_empty",
      details: { found: "courses" },
    });
  });

  // The embedded database has one session, so a second restore waits.
  test.if(engine === "native")("by the second of two restores at once", async () => {
    await using source = await openInstallation();
    const course_id = await createCourse(source.db);
    const { path } = await backUp(source);
    await using target = await openInstallation();
    const results = await Promise.allSettled([restore(path, target), restore(path, target)]);

    const failed = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason.errorCode] : [],
    );
    expect(failed).toEqual([expect.stringMatching(/^restore_(busy|not_empty)$/)]);
    expect(await target.db`select id from courses`).toEqual([{ id: course_id }] as never);
  });

  test("of a damaged archive, and the installation stays empty", async () => {
    await using source = await openInstallation();
    await fillInstallation(source);
    const { path } = await backUp(source);
    const bytes = await Bun.file(path).bytes();
    await using target = await openInstallation();
    const damages: [string, Uint8Array][] = [
      ["empty", bytes.subarray(0, 0)],
      ["cut off in the middle", bytes.subarray(0, bytes.length / 2)],
      ["without its end", bytes.subarray(0, -64)],
      ["with one other byte", bytes.with(bytes.length / 2, bytes[bytes.length / 2]! ^ 1)],
      ["another file", Buffer.from("%PDF-1.7")],
    ];

    for (const [name, damaged] of damages) {
      const file = join(target.dataRoot, "damaged.tar.zst");
      await Bun.write(file, damaged);
      const failure = await restore(file, target).catch((error) => error);
      expect(failure, name).toMatchObject({ errorCode: "backup_damaged" });
    }
    expect(await target.db`select id from courses`).toHaveLength(0);
    expect(await readdir(join(target.dataRoot, "documents"))).toEqual([".tmp"]);
    await restore(path, target);
    expect(await target.db`select id from courses`).toHaveLength(1);
  });
});
