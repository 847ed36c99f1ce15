import { afterAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/db/client";
import { databaseUrl, engine } from "../support/database";
import { CLEAN_ENVIRONMENT } from "../support/environment";

const database = await databaseUrl();
const sql = connect(database.url, { max: 1 });
const DATA_ROOT = await mkdtemp(join(tmpdir(), "doctor-"));
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await database.close();
  await rm(DATA_ROOT, { recursive: true });
});

async function doctor(env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, "src/commands/doctor.ts"], {
    env: { ...CLEAN_ENVIRONMENT, DATABASE_URL: database.url, DATA_ROOT, PORT: "0", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

/** The line of a finding. */
const lineOf = (mark: string, about: string) => new RegExp(`^${mark} +${about} .*$`, "m");

test("a usable database has the schema of this version", async () => {
  const { code, out } = await doctor();

  expect(out).toMatch(lineOf("ok", "schema"));
  expect(code).toBe(0);
});

test.if(engine === "native")("a read-only server and a newer schema stop a start", async () => {
  const [row] = await sql<{ name: string }[]>`select current_database() as name`;
  await sql`insert into schema_migrations (name, sha256) values ('9999_later.sql', 'x')`;
  const newer = await doctor();
  await sql`delete from schema_migrations where name = '9999_later.sql'`;
  await sql`alter database ${sql(row!.name)} set default_transaction_read_only = on`;
  const readOnly = await doctor();
  const writer = connect(database.url, { max: 1 });
  await writer.begin("read write", (tx) => tx`alter database ${tx(row!.name)} reset all`);
  await writer.end();

  expect(newer.code).toBe(1);
  expect(newer.out.match(lineOf("!!", "schema"))?.[0]).toContain("9999_later.sql");
  expect(readOnly.code).toBe(1);
  expect(readOnly.out.match(lineOf("!!", "schema"))?.[0]).toContain("name the primary");
});

test("a port of another program stops a start, and that of a Lectern does not", async () => {
  let status: string | undefined;
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => Response.json({ status }),
  });
  const PORT = String(server.port);
  const other = await doctor({ PORT });
  status = "live";
  const ours = await doctor({ PORT });

  expect(other.code).toBe(1);
  expect(other.out.match(lineOf("!!", "port"))?.[0]).toContain("in use by another program");
  expect(ours.out).toMatch(lineOf("ok", "port"));
});

test("a public address without any key stops a start", async () => {
  const { code, out } = await doctor({ HOST: "0.0.0.0" });

  expect(code).toBe(1);
  expect(out.match(lineOf("!!", "access"))?.[0]).toContain("BOOTSTRAP_API_KEY");
});

test("a part of a fleet without a shared database stops a start", async () => {
  const { code, out } = await doctor({ DATABASE_URL: "", ROLE: "worker" });

  expect(code).toBe(1);
  expect(out.match(lineOf("!!", "database"))?.[0]).toContain("set DATABASE_URL");
});

// One engine: the database of the file is not used.
test.if(engine === "embedded")(
  "an embedded database that does not open stops a start",
  async () => {
    const root = join(DATA_ROOT, "broken");
    await mkdir(join(root, "db"), { recursive: true });
    await Bun.write(join(root, "db/PG_VERSION"), "17\n");
    const { code, out, err } = await doctor({ DATABASE_URL: "", DATA_ROOT: root });

    expect(err).toBe("");
    expect(code).toBe(1);
    expect(out).toMatch(lineOf("!!", "database"));
  },
);
