import { expect, test } from "bun:test";
import { joinWrites, openLog } from "../src/log";

function openOutput() {
  const written: string[] = [];
  let flushed = 0;
  const joined = joinWrites({
    write: (text) => void written.push(text),
    flushSync: () => {
      flushed += 1;
    },
  });
  return { joined, written, flushes: () => flushed };
}

test("a line is written at once, and the lines that follow it together and in order", async () => {
  const { joined, written } = openOutput();
  const log = openLog("info", {}, joined);

  for (const text of ["one", "two", "three"]) log.info(text);
  expect(written.length).toBe(1);
  while (written.length < 2) await Bun.sleep(1);

  expect(written.length).toBe(2);
  const texts = written.join("").trim().split("\n");
  expect(texts.map((line) => JSON.parse(line).msg)).toEqual(["one", "two", "three"]);
});

test("many long lines are not kept in memory until the time is over", () => {
  const { joined, written } = openOutput();

  for (let n = 0; n < 100; n += 1) joined.write(`${"x".repeat(1_000)}\n`);

  expect(written.join("").length).toBeGreaterThan(80_000);
});

test("a fatal line is written before the process ends, after the lines that wait", () => {
  const { joined, written, flushes } = openOutput();
  const log = openLog("info", {}, joined);

  for (const text of ["one", "two"]) log.info(text);
  log.fatal("three");

  expect(flushes()).toBe(1);
  expect(written.join("").trim().split("\n").length).toBe(3);
});

test("the lines of a process that exits at once are complete", async () => {
  const script = `
    const { openLog } = await import(${JSON.stringify(`${import.meta.dir}/../src/log.ts`)});
    const log = openLog("info");
    for (let n = 0; n < 50; n += 1) log.info({ n }, "line");
    process.exit(0);
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });

  const lines = (await new Response(child.stdout).text()).trim().split("\n");

  expect(lines.map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 50 }, (_, n) => n));
});
