import { afterAll, expect, test } from "bun:test";
import { CLEAN_ENVIRONMENT } from "../support/environment";

/** A server that is live, and not ready or hung. */
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: ({ url }) => {
    const path = new URL(url).pathname;
    if (path.endsWith("/live")) return Response.json({ status: "live" });
    return isHung
      ? new Promise<Response>(() => {})
      : Response.json({ status: "unready" }, { status: 503 });
  },
});
afterAll(() => server.stop(true));
let isHung = false;

async function health(args: string[], env: Record<string, string>) {
  const child = Bun.spawn([process.execPath, "src/commands/health.ts", ...args], {
    env: { ...CLEAN_ENVIRONMENT, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

const PORT = String(server.port);

test("a live server that is not ready passes --live only", async () => {
  const ready = await health([], { PORT });
  const live = await health(["--live"], { PORT });

  expect(ready).toMatchObject({ code: 1, out: expect.stringContaining("unready (http://") });
  expect(live).toMatchObject({ code: 0, out: expect.stringContaining("live (http://") });
});

test("a worker is asked on its own port, also on a machine where another port answers", async () => {
  const worker = await health(["--live"], { ROLE: "worker", WORKER_PORT: PORT, PORT: "1" });
  const api = await health(["--live"], { ROLE: "api", WORKER_PORT: PORT, PORT: "1" });

  expect(worker.code).toBe(0);
  expect(api).toMatchObject({ code: 1, out: expect.stringContaining("no answer") });
});

test("a hung server fails before HEALTHCHECK ends the command", async () => {
  isHung = true;
  const { code, out } = await health([], { PORT });

  expect(code).toBe(1);
  expect(out).toContain("no answer");
});

test("names the setting whose port the system chooses", async () => {
  const api = await health([], { PORT: "0" });
  const worker = await health([], { ROLE: "worker", PORT: "1", WORKER_PORT: "0" });

  expect(api).toMatchObject({ code: 1, out: "", err: expect.stringContaining("PORT: 0 lets") });
  expect(worker.err).toContain("WORKER_PORT: 0 lets");
});

test("wrong settings exit with 1, because Docker reserves 2, and a wrong option with 2", async () => {
  const setting = await health([], { PORT: "abc" });
  const option = await health(["--alive"], {});

  expect(setting).toMatchObject({ code: 1, err: expect.stringContaining("PORT") });
  expect(option).toMatchObject({
    code: 2,
    err: expect.stringContaining("Usage: ./lectern health"),
  });
});
