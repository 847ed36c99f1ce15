import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engine } from "../support/database";
import { CLEAN_ENVIRONMENT } from "../support/environment";
import { postJson } from "../support/http";
import { backUp, fillInstallation, openInstallation } from "../support/installation";
import { openServerHost } from "../support/server";
import { eventually } from "../support/waiting";

const ROOT = join(import.meta.dir, "../..");

function start(command: string, args: string[], settings: Record<string, string>) {
  return Bun.spawn([process.execPath, `src/commands/${command}.ts`, ...args], {
    cwd: ROOT,
    env: { ...CLEAN_ENVIRONMENT, LOG_LEVEL: "silent", ...settings },
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function run(command: string, args: string[], settings: Record<string, string>) {
  const child = start(command, args, settings);
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

test("a running installation is backed up, checked, and restored into a new folder", async () => {
  await using host = await openServerHost();
  const folder = await mkdtemp(join(tmpdir(), "lectern-restored-"));
  const BACKUP_TO = join(folder, "backups");
  const server = await host.start({ BACKUP_TO });
  const course = await server.json(postJson("/api/courses", { name: "Information theory" }));
  const settings = {
    DATA_ROOT: host.dataRoot,
    BACKUP_TO,
    PORT: new URL(server.url).port,
    ...(engine === "native" && { DATABASE_URL: server.databaseUrl }),
  };
  const made = await run("backup", ["--json"], settings);
  const backup = JSON.parse(made.out);
  const known = await server.json("/api/backups");
  await server.stop();
  const verified = await run("verify", ["latest"], settings);
  const target = { DATA_ROOT: folder, BACKUP_TO };
  const restored = await run("restore", ["latest"], target);
  const inBackups = { ...target, LECTERN_CALLER_DIR: BACKUP_TO };
  const again = await run("restore", [backup.archive], inBackups);
  const resumed = await run("jobs", ["resume"], target);
  const listed = await run("backup", ["--list", "--to", "."], { ...inBackups, BACKUP_TO: "" });
  await rm(folder, { recursive: true });

  expect(backup).toMatchObject({ place: BACKUP_TO, files: 0, missing: 0, error_code: null });
  expect(known.items).toEqual([backup]);
  expect(verified).toMatchObject({ code: 0, err: "" });
  expect(verified.out).toContain(`${backup.archive} is intact: ${backup.rows} rows, 0 files`);
  expect(restored).toMatchObject({ code: 0, err: "" });
  expect(restored.out).toContain("./lectern jobs resume");
  expect(again).toMatchObject({ code: 1, out: "" });
  expect(again.err).toContain("empty installation only");
  expect(resumed.out).toBe("The queue continues.\n");
  expect(listed.out).toStartWith(backup.archive);
  expect(course.name).toBe("Information theory");
});

test.if(engine === "native")("a kill leaves neither half a backup nor half a restore", async () => {
  await using source = await openInstallation();
  const { document_id } = await fillInstallation(source);
  // Its bytes are not those of the upload, so the backup reports it as changed.
  const large = crypto.getRandomValues(Buffer.alloc(65_536));
  const file = Bun.file(join(source.dataRoot, "documents", `${document_id}.pdf`)).writer();
  for (let i = 0; i < 1_600; i += 1) file.write(large.with(0, i % 256));
  await file.end();
  await using target = await openInstallation();
  const killIn = async (folder: string, child: ReturnType<typeof start>) => {
    const parts = () => readdir(folder).catch(() => []);
    await eventually(parts, (names) => names.some((name) => name.endsWith(".part")));
    child.kill("SIGKILL");
    await child.exited;
  };
  const settings = { DATABASE_URL: source.url, DATA_ROOT: source.dataRoot };
  const folder = join(source.dataRoot, "backups");
  await killIn(join(folder, ".tmp"), start("backup", [], settings));
  const afterKill = (await readdir(folder)).filter((name) => name !== ".tmp");
  const { path, changed } = await backUp(source);
  const into = { DATABASE_URL: target.url, DATA_ROOT: target.dataRoot };
  await killIn(join(target.dataRoot, "documents/.tmp"), start("restore", [path], into));
  const courses = await target.db`select id from courses`;
  const restored = await run("restore", [path], into);

  expect(afterKill).toEqual([]);
  expect(changed).toBe(1);
  expect(courses).toHaveLength(0);
  expect(restored).toMatchObject({ code: 0, err: "" });
  expect(await target.db`select id from courses`).toHaveLength(1);
});

test.if(engine === "native")(
  "an incomplete backup exits with 1, and the complete one stays",
  async () => {
    await using source = await openInstallation();
    await fillInstallation(source);
    const to = join(source.dataRoot, "archives");
    const settings = { DATABASE_URL: source.url, BACKUP_TO: to, BACKUP_KEEP: "1" };
    const none = await run("backup", ["--list"], { ...settings, DATA_ROOT: source.dataRoot });
    const complete = await run("backup", ["--json"], { ...settings, DATA_ROOT: source.dataRoot });
    const wrong = { ...settings, DATA_ROOT: join(source.dataRoot, "wrong") };
    const incomplete = await run("backup", [], wrong);
    await run("backup", [], wrong);
    const listed = await run("backup", ["--list"], settings);

    expect(none).toMatchObject({ code: 0, out: "", err: expect.stringContaining("no archive in") });
    expect(complete).toMatchObject({ code: 0, err: "" });
    expect(incomplete.code).toBe(1);
    expect(incomplete.out).toContain(to);
    expect(incomplete.err).toContain("1 files are missing in the storage: check DATA_ROOT");
    expect(listed.out.trim().split("\n")).toEqual([
      expect.stringContaining(JSON.parse(complete.out).archive),
      expect.stringContaining("lectern-"),
    ]);
  },
);

test.each([
  ["backup", ["--keep", "0"], 2, "--keep must be"],
  ["backup", ["--to", "s3://bucket/prefix"], 1, "S3_ACCESS_KEY_ID"],
  ["restore", [], 2, "Usage: ./lectern restore"],
  ["restore", ["/no/such.tar.zst"], 1, "No backup has this name"],
  ["restore", ["latest"], 1, "No backup has this name"],
  ["verify", ["README.md"], 1, "damaged or incomplete"],
  ["backup", [], 1, "has no database"],
  ["verify", [], 1, "has no database"],
  ["retention", [], 1, "has no database"],
  ["jobs", ["list"], 1, "has no database"],
] as const)("%s %j is refused", async (command, args, code, problem) => {
  const DATA_ROOT = join(tmpdir(), `lectern-none-${crypto.randomUUID()}`);
  const refused = await run(command, [...args], { DATA_ROOT });
  const made = existsSync(DATA_ROOT);

  expect(refused).toMatchObject({ code, out: "" });
  expect(refused.err).toContain(problem);
  expect(made).toBe(false);
});
