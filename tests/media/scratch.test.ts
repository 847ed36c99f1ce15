import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openScratch, removeScratchOfThread, sweepScratch } from "../../src/media/scratch";

const parent = await mkdtemp(join(tmpdir(), "scratch-"));
afterAll(() => rm(parent, { recursive: true }));

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(parent, "root-"));
});

const folders = () => readdir(join(root, "scratch"));

/** How this machine signs its folders: the third part of their names. */
const hostOf = (path: string) => path.split("/").at(-1)!.split("-")[2]!;
const host = await (async () => {
  await using scratch = await openScratch(parent);
  return hostOf(scratch.path);
})();

/** Leaves a folder as a process that was killed would. */
async function leaveBehind(name: string): Promise<void> {
  await mkdir(join(root, "scratch", name), { recursive: true });
  await writeFile(join(root, "scratch", name, "audio.mp3"), "sound");
}

async function pidOfFinishedProcess(): Promise<number> {
  const child = Bun.spawn(["true"]);
  await child.exited;
  return child.pid;
}

describe("openScratch", () => {
  test("gives each job a folder that other users cannot enter, and removes it with its files", async () => {
    {
      await using scratch = await openScratch(root);
      await using other = await openScratch(root);
      await writeFile(join(scratch.path, "audio.mp3"), "sound");

      expect(scratch.path).not.toBe(other.path);
      expect((await stat(scratch.path)).mode & 0o077).toBe(0);
    }

    expect(await folders()).toEqual([]);
  });

  test("goes when the job fails", async () => {
    const job = async () => {
      await using _scratch = await openScratch(root);
      throw new Error("the recording is gone");
    };

    await expect(job()).rejects.toThrow("the recording is gone");
    await job().catch(() => {});
    expect(await folders()).toEqual([]);
  });

  test("does not fail a job whose folder is gone already", async () => {
    await using scratch = await openScratch(root);

    await rm(scratch.path, { recursive: true });
  });
});

describe("sweepScratch", () => {
  test("removes what dead processes left and spares the living", async () => {
    await leaveBehind(`${await pidOfFinishedProcess()}-0-${host}-abc`);
    await leaveBehind(`${process.ppid}-0-${host}-neighbour`);
    await using mine = await openScratch(root);

    await sweepScratch(root);

    expect((await folders()).sort()).toEqual(
      [`${process.ppid}-0-${host}-neighbour`, mine.path.split("/").at(-1)!].sort(),
    );
  });

  test("removes what an earlier process with our own pid left: containers count from 1 again", async () => {
    await leaveBehind(`${process.pid}-0-${host}-abc`);
    const yesterday = Date.now() / 1_000 - 86_400;
    await utimes(join(root, "scratch", `${process.pid}-0-${host}-abc`), yesterday, yesterday);

    await sweepScratch(root);

    expect(await folders()).toEqual([]);
  });

  test("keeps other machines' folders until they are untouched for minutes", async () => {
    const dead = await pidOfFinishedProcess();
    const silent = `${dead}-0-elsewhere-silent`;
    await leaveBehind(`${dead}-0-elsewhere-busy`);
    await leaveBehind(silent);
    const before = new Date(Date.now() - 10 * 60_000);
    await utimes(join(root, "scratch", silent), before, before);

    await sweepScratch(root);

    expect(await folders()).toEqual([`${dead}-0-elsewhere-busy`]);
  });

  test("touches the folders of the living, for other machines to see", async () => {
    const neighbour = join(root, "scratch", `${process.ppid}-0-${host}-neighbour`);
    await leaveBehind(`${process.ppid}-0-${host}-neighbour`);
    await utimes(neighbour, new Date(0), new Date(0));

    await sweepScratch(root);

    expect(Date.now() - (await stat(neighbour)).mtimeMs).toBeLessThan(60_000);
  });

  test("is content when there is no scratch folder yet", async () => {
    await sweepScratch(root);

    expect(await readdir(root)).toEqual([]);
  });
});

describe("removeScratchOfThread", () => {
  test("removes only the folders of that thread", async () => {
    await leaveBehind(`${process.pid}-7-${host}-abc`);
    await leaveBehind(`${process.pid}-8-${host}-abc`);

    await removeScratchOfThread(root, 7);

    expect(await folders()).toEqual([`${process.pid}-8-${host}-abc`]);
  });
});
