import { afterAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AnswerSpool, SPOOL_FOLDER } from "../../src/storage/answer-spool";
import { silentLog } from "../support/factories";

const dataRoot = await mkdtemp(join(tmpdir(), "answer-spool-"));
afterAll(() => rm(dataRoot, { recursive: true }));
const folder = join(dataRoot, SPOOL_FOLDER);
const spool = new AnswerSpool(dataRoot, silentLog);
const keyOf = (job_id: string, ...content: string[]) => ({ job_id, content });

const DAY_MS = 24 * 3_600_000;
const makeOld = async (days: number) => {
  for (const name of await readdir(folder)) {
    const time = new Date(Date.now() - days * DAY_MS);
    await utimes(join(folder, name), time, time);
  }
};

test("a folder that does not exist yet has no answers", async () => {
  const key = keyOf(crypto.randomUUID(), "page 1");

  expect(await spool.find(key)).toBeNull();
  expect(await spool.listJobs()).toEqual([]);
  expect(await spool.sweep(new Set(), DAY_MS)).toBe(0);
  await spool.remove(key);
});

test("an answer is read as it was written, only by its owner, and removed", async () => {
  const key = keyOf(crypto.randomUUID(), "page 1");
  const answer = { call_id: crypto.randomUUID(), usage: { pages: 1 }, result: "Zählt: 熵 \u0000" };

  await spool.keep(key, answer);

  expect(await spool.find(key)).toEqual(answer);
  expect(await spool.find(keyOf(key.job_id, "page 2"))).toBeNull();
  const [name] = await readdir(folder);
  expect((await stat(join(folder, name!))).mode & 0o777).toBe(0o600);
  await spool.remove(key);
  expect(await readdir(folder)).toEqual([]);
});

test("a sweep keeps the answers of incomplete jobs for some days, and removes all others", async () => {
  const [incomplete, completed] = [crypto.randomUUID(), crypto.randomUUID()];
  await spool.keep(keyOf(incomplete, "page 1"), { result: 1 });
  await spool.keep(keyOf(incomplete, "page 2"), { result: 2 });
  await spool.keep(keyOf(completed, "page 1"), { result: 3 });
  await Bun.write(join(folder, `${incomplete}.part-of-a-dead-process.part`), "{");
  expect((await spool.listJobs()).toSorted()).toEqual([incomplete, completed].toSorted());

  const jobs = new Set([incomplete]);
  expect(await spool.sweep(jobs, 7 * DAY_MS)).toBe(0); // a process can be writing them
  await makeOld(1);
  expect(await spool.sweep(jobs, 7 * DAY_MS)).toBe(2);
  expect(await spool.listJobs()).toEqual([incomplete]);
  await makeOld(8);
  expect(await spool.sweep(jobs, 7 * DAY_MS)).toBe(2);
  expect(await readdir(folder)).toEqual([]);
});
