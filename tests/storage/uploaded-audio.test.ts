import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openUploadedAudio } from "../../src/storage/uploaded-audio";
import { failureOf } from "../support/failures";

const root = mkdtempSync(join(tmpdir(), "sounds-"));
afterAll(() => rmSync(root, { recursive: true }));
const inbox = await openUploadedAudio(root);

async function stage(content: string): Promise<string> {
  const path = join(inbox.stagingDir, crypto.randomUUID());
  await Bun.write(path, content);
  return path;
}

test("sound is found under its lecture until it is removed, also by who opens the inbox later", async () => {
  const id = crypto.randomUUID();
  await inbox.keep(id, await stage("first"));
  await inbox.keep(id, await stage("second"));

  const later = await openUploadedAudio(root);
  const path = await later.find(id);
  expect(await Bun.file(path!).text()).toBe("second");

  await later.remove(id);
  await later.remove(id);
  expect(await inbox.find(id)).toBeNull();
});

test("only sound that has lain a while is listed", async () => {
  const id = crypto.randomUUID();
  await inbox.keep(id, await stage("sound"));

  expect(await inbox.list(60_000)).toEqual([]);
  await Bun.sleep(20);
  expect(await inbox.list(10)).toEqual([id]);
});

test("what the disk refuses is said as such", async () => {
  const kept = inbox.keep(crypto.randomUUID(), join(inbox.stagingDir, "nothing"));
  expect(await failureOf(kept)).toMatchObject({ code: "storage_unavailable" });
});
