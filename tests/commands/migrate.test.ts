import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/db/client";
import { listMigrations } from "../../src/db/migrate";
import { databaseUrl, engine } from "../support/database";
import { CLEAN_ENVIRONMENT } from "../support/environment";

const database = await databaseUrl();
afterAll(() => database.close());

async function migrate(args: string[] = [], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, "src/commands/migrate.ts", ...args], {
    env: { ...CLEAN_ENVIRONMENT, DATABASE_URL: database.url, ...env },
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

test("a dry run names all migrations for an embedded database that does not exist, and makes none", async () => {
  const DATA_ROOT = join(tmpdir(), `lectern-none-${crypto.randomUUID()}`);
  const { code, out } = await migrate(["--dry-run"], { DATABASE_URL: "", DATA_ROOT });

  expect(code).toBe(0);
  expect(out.trim().split("\n")).toEqual(
    (await listMigrations()).map(({ name }) => `would apply  ${name}`),
  );
  expect(existsSync(DATA_ROOT)).toBe(false);
});

test.if(engine === "native")("migrations use the address without a pooler", async () => {
  const direct = await databaseUrl();
  const db = connect(direct.url, { max: 1 });
  await db`insert into schema_migrations (name, sha256) values ('9998_direct.sql', 'x')`;
  await db.end();
  const { err } = await migrate(["--dry-run"], { DATABASE_DIRECT_URL: direct.url });
  await direct.close();

  expect(err).toContain("9998_direct.sql");
});

test("a release machine of Fly.io has no volume, so it refuses the embedded database", async () => {
  const { code, err } = await migrate([], { FLY_APP_NAME: "uni-lectern", DATABASE_URL: "" });

  expect(code).toBe(1);
  expect(err).toContain("remove release_command from fly.toml");
});
