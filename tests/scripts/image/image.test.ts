import { expect, test } from "bun:test";
import { CACHE, whyImpossible } from "../../../scripts/image/build";

const impossible = await whyImpossible();
if (impossible) console.error(`*** NOT TESTED: the container image, because ${impossible} ***`);

test.skipIf(impossible !== null)(
  "the container image keeps its promises",
  async () => {
    // Two clones on one machine share the cache of layers, so the second one waits.
    const command = ["flock", `${CACHE}.lock`, process.execPath, "scripts/image.ts", "check"];
    const check = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
    const printed = await new Response(check.stdout).text();

    expect(await check.exited, printed).toBe(0);
    expect(printed).toContain("stopped with exit code 0 after SIGTERM");
    expect(printed).toContain("restored the backup into an empty folder");
  },
  900_000,
);
