import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { addUnclaimedFile } from "../../src/db/document-files";
import { auditFiles } from "../../src/pipelines/file-audit";
import { openDiskStorage } from "../../src/storage/disk";
import { AUDIO_FILES } from "../../src/storage/files";
import { withDatabase } from "../support/database";
import { openDocumentWork } from "../support/document-work";
import { deckPdf } from "../support/pdfs";

setDefaultTimeout(60_000);

const db = await withDatabase();
const lab = await openDocumentWork(db);
afterAll(() => lab[Symbol.asyncDispose]());

const { storage, dataRoot } = lab.tools;
const audit = () => auditFiles({ db, storage }, "document", AbortSignal.timeout(30_000));
const deck = (title: string) => deckPdf([{ title, body: ["text"] }], title);
const store = async (id: string) => {
  await Bun.write(`${storage.stagingDir}/${id}`, "%PDF-");
  await storage.store(id, `${storage.stagingDir}/${id}`);
};

test("files without a row and rows without a file are recorded once, and nothing is removed", async () => {
  await lab.upload(deck("whole"));
  const lost = await lab.upload(deck("lost"));
  await storage.remove(lost);
  const [orphan, arriving] = [crypto.randomUUID(), crypto.randomUUID()];
  await store(orphan);
  await addUnclaimedFile(db, arriving); // an upload that is not finished
  await store(arriving);
  await Bun.write(`${dataRoot}/documents/notes.txt`, "of other software");

  expect(await audit()).toEqual({ orphans: 1, missing: 1 });
  expect(await audit()).toEqual({ orphans: 0, missing: 0 });

  const events = await db`
    select event_type, asset_id, payload from processing_events
    where event_type in ('file_without_row', 'file_missing') order by event_type`;
  expect([...events]).toEqual([
    { event_type: "file_missing", asset_id: lost, payload: { file_id: lost } },
    {
      event_type: "file_without_row",
      asset_id: null,
      payload: { kind: "document", file_id: orphan },
    },
  ]);
  expect((await storage.open(orphan)).size_bytes).toBe(5);
});

test("the same for uploaded audio", async () => {
  const audio = await openDiskStorage(dataRoot, AUDIO_FILES);
  const orphan = crypto.randomUUID();
  await Bun.write(`${audio.stagingDir}/a`, "ID3");
  await audio.store(orphan, `${audio.stagingDir}/a`);
  const lost = crypto.randomUUID();
  const [lecture] = await db`
    insert into lectures (course_id, source, title, audio_file_id)
    values (${lab.course_id}, 'upload', 'Lost', ${lost}) returning id`;
  const auditAudio = () =>
    auditFiles({ db, storage: audio }, "lecture", AbortSignal.timeout(30_000));

  expect(await auditAudio()).toEqual({ orphans: 1, missing: 1 });
  expect(await auditAudio()).toEqual({ orphans: 0, missing: 0 });

  const events = await db`
    select event_type from processing_events where asset_id = ${lecture!.id}`;
  expect(events.map(({ event_type }) => event_type)).toContain("file_missing");
});

test("an aborted audit stops", async () => {
  const aborted = AbortSignal.abort(new Error("stopped"));
  await expect(auditFiles({ db, storage }, "document", aborted)).rejects.toThrow("stopped");
});
