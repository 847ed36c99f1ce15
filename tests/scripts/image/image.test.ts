import { expect, test } from "bun:test";
import { whyImpossible } from "../../../scripts/image/build";

/** It installs a Debian at the first run, so `./lectern test` leaves it to a job of its own. */
const impossible = process.env.TEST_IMAGE ? whyImpossible() : "TEST_IMAGE is not set";
if (impossible) console.log(`The container image is not tried: ${impossible}.`);

test.skipIf(impossible !== null)(
  "the container image keeps its promises",
  async () => {
    const check = Bun.spawn([process.execPath, "scripts/image.ts", "check"], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const printed = await new Response(check.stdout).text();

    expect(await check.exited, printed).toBe(0);
    expect(printed).toContain("stopped with exit code 0 after SIGTERM");
    expect(printed).toContain("restored the backup into an empty folder");
  },
  900_000,
);
