import { expect, test } from "bun:test";

const LOG = JSON.stringify(`${import.meta.dir}/../src/log.ts`);

/** The output of a process with a log, in the pieces in which it arrives. */
function runScript(script: string) {
  const text = `const { openLog } = await import(${LOG}); const log = openLog("info"); ${script}`;
  return Bun.spawn([process.execPath, "-e", text], { stdin: "pipe", stdout: "pipe" });
}

test("the lines of a process that exits at once are complete and in order", async () => {
  const child = runScript(
    "for (let n = 0; n < 500; n += 1) log.info({ n }, 'line'); process.exit(0);",
  );

  const lines = (await new Response(child.stdout).text()).trim().split("\n");

  expect(lines.map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 500 }, (_, n) => n));
});

test("a line is written while the process goes on, and a fatal one before it is killed", async () => {
  const child = runScript(`
    log.info("one");
    for await (const _ of process.stdin) break;
    log.info("two");
    log.fatal("three");
    process.kill(process.pid, "SIGKILL");`);

  const messages: string[] = [];
  for await (const chunk of child.stdout) {
    const lines = new TextDecoder().decode(chunk).trim().split("\n");
    messages.push(...lines.map((line) => JSON.parse(line).msg));
    if (messages.length === 1) child.stdin.write("go\n");
    if (messages.length === 1) child.stdin.flush();
  }

  expect(messages).toEqual(["one", "two", "three"]);
});
