import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { openServerHost } from "./support/server";

setDefaultTimeout(60_000);
const host = await openServerHost();
afterEach(() => host[Symbol.asyncDispose]());

test("a start on a taken port ends with the setting to change, even beside a server that would share it", async () => {
  using other = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    reusePort: true,
    fetch: () => new Response("somebody else's"),
  });

  const start = host.start({ PORT: String(other.port) });

  await expect(start).rejects.toThrow(`PORT: ${other.port} is taken by another program`);
});
