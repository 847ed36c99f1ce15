import { expect, test } from "bun:test";
import { warnAboutMemory } from "../../../src/db/embedded/memory";
import { openLog } from "../../../src/log";

function warnings(limit: number) {
  const lines: Record<string, unknown>[] = [];
  const log = openLog("info", {}, { write: (line) => void lines.push(JSON.parse(line)) });
  warnAboutMemory(log, limit);
  return lines;
}

test("a machine with too little memory is named in the log, with the exit code and the next step", () => {
  expect(warnings(512 * 1024 ** 2)).toMatchObject([
    {
      level: "warn",
      memory_mb: 512,
      needed_mb: 768,
      msg: expect.stringMatching(/137.*DATABASE_URL/),
    },
  ]);
});

test.each([768, 2 ** 20, 0])("a limit of %p MB is not named", (megabytes) => {
  expect(warnings(megabytes * 1024 ** 2)).toEqual([]);
});
