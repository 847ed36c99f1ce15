import { afterAll, expect, test } from "bun:test";
import { connect } from "../../src/db/client";
import { databaseUrl } from "../support/database";

const database = await databaseUrl();
afterAll(() => database.close());

async function migrate(args: string[] = [], env: Record<string, string> = {}) {
  const { HOME = "/", PATH = "" } = process.env;
  const child = Bun.spawn([process.execPath, "src/commands/migrate.ts", ...args], {
    env: { HOME, PATH, DATABASE_URL: database.url, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { out, err, code: await child.exited };
}

test("a database of this version, of a newer one, and a wrong option", async () => {
  const current = await migrate(["--dry-run"]);
  const db = connect(database.url, { max: 1 });
  await db`insert into schema_migrations (name, sha256) values ('9999_later.sql', 'x')`;
  const newer = await migrate();
  await db.end();
  const wrong = await migrate(["--dryrun"]);

  expect(current).toMatchObject({
    code: 0,
    out: expect.stringContaining("schema of this version"),
  });
  expect(newer.code).toBe(1);
  expect(newer.err).toContain("A newer version of Lectern has migrated this database");
  expect(newer.err).toContain("9999_later.sql");
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining("[--dry-run]") });
});

test("a release machine of Fly.io has no volume, so it refuses the embedded database", async () => {
  const { code, err } = await migrate([], { FLY_APP_NAME: "uni-lectern", DATABASE_URL: "" });

  expect(code).toBe(1);
  expect(err).toContain("remove release_command from fly.toml");
});
