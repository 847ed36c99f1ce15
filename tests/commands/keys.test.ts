import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { connect } from "../../src/db/client";
import { databaseUrl, engine } from "../support/database";
import { CLEAN_ENVIRONMENT } from "../support/environment";
import { openServerHost } from "../support/server";

const ROOT = join(import.meta.dir, "../..");
const database = await databaseUrl();
afterAll(() => database.close());

async function keys(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, "src/commands/keys.ts", ...args], {
    cwd: ROOT,
    env: { ...CLEAN_ENVIRONMENT, DATABASE_URL: database.url, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out: out.trim(), err, code };
}

test("a key is created, listed, rotated and revoked, and printed only once", async () => {
  const rate = ["--rate-per-minute", "90"];
  const created = await keys(["create", "--name", "site", "--scopes", "read,chat", ...rate]);
  const key_id = created.out.split("_")[1]!;
  const rotated = await keys(["rotate", key_id, "--overlap-hours", "1"]);
  const revoked = await keys(["revoke", rotated.out.split("_")[1]!]);
  const again = await keys(["rotate", rotated.out.split("_")[1]!]);
  const listed = await keys(["list", "--json"]);

  expect(created.out).toMatch(/^lk_\w{8}_\w{43}_\w{6}$/);
  expect(rotated.out).toStartWith("lk_");
  expect([created.code, rotated.code, revoked.code, again.code]).toEqual([0, 0, 0, 1]);
  expect(again.err).toContain("No API key has this id");
  const [newest, oldest] = JSON.parse(listed.out);
  expect(newest).toMatchObject({ name: "site", scopes: ["read", "chat"], expires_at: null });
  expect([newest.rate_per_minute, oldest.rate_per_minute]).toEqual([90, 90]);
  expect(newest.revoked_at).not.toBeNull();
  expect(Date.parse(oldest.expires_at)).toBeLessThan(Date.now() + 3_600_000);
  expect(listed.out).not.toContain(created.out);

  const db = connect(database.url, { max: 1 });
  const events = await db`
    select event_type, target, route from audit_events order by created_at`;
  await db.end();
  expect(events.map(({ event_type, target }) => [event_type, target])).toEqual([
    ["key.created", key_id],
    ["key.rotated", key_id],
    ["key.revoked", newest.key_id],
  ]);
  expect(events[0]!.route).toBe("lectern keys");
});

test.each([
  [["create", "--name", "x", "--scopes", "write"], "scopes.0"],
  [["create", "--name", "x", "--scopes", "admin", "--courses", crypto.randomUUID()], "course_ids"],
  [["create", "--scopes", "read"], "name"],
  [["create", "--name", "x", "--scopes", "read", "--rate-per-minute", "fast"], "rate_per_minute"],
  [["rotate", "short"], "8 letters and digits"],
  [["remove", "x"], "no such command"],
  [["list", "--colour"], "--colour"],
])("%j is refused with the usage", async (args, problem) => {
  const { code, out, err } = await keys(args);

  expect(code).toBe(2);
  expect(out).toBe("");
  expect(err).toContain(problem);
  expect(err).toContain("Usage: ./lectern keys");
});

test("a key for a course that does not exist is refused", async () => {
  const args = ["create", "--name", "x", "--scopes", "read", "--courses", crypto.randomUUID()];
  const { code, err } = await keys(args);

  expect(code).toBe(1);
  expect(err).toContain("No course has this id");
});

test.if(engine === "embedded")(
  "a server that holds the embedded database is asked, and then asks for a key itself",
  async () => {
    await using host = await openServerHost();
    const server = await host.start();
    const env = { DATABASE_URL: "", DATA_ROOT: server.dataRoot, PORT: new URL(server.url).port };
    const limited = await keys(["create", "--name", "a", "--scopes", "read"], env);
    const first = await keys(["create", "--name", "a", "--scopes", "admin"], env);
    const refused = await keys(["list"], env);
    const listed = await keys(["list"], { ...env, BOOTSTRAP_API_KEY: first.out });

    expect(limited.err).toContain("the first key must have the scope admin");
    expect(first.out).toStartWith("lk_");
    expect(refused.err).toContain("BOOTSTRAP_API_KEY");
    expect(listed.out).toContain("active");
    expect((await server.send("/api/courses")).status).toBe(401);
  },
);
