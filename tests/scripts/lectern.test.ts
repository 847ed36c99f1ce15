import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const PROJECT = join(import.meta.dir, "../..");

/** Runs `command` in `cwd` with this Bun on PATH, beside the programs of the system. */
function run(command: string[], cwd: string, env: Record<string, string> = {}) {
  const PATH = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
    cwd,
    env: { ...process.env, PATH, ...env },
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe("./lectern", () => {
  test("prints its commands on stdout when asked for help", () => {
    const { exitCode, stdout } = run(["./lectern", "help"], PROJECT);

    expect(exitCode).toBe(0);
    expect(stdout).toContain("./lectern COMMAND");
  });

  test.each([["nonsense"], [""]])(
    "refuses the command '%s' with its usage and exit code 2",
    (command) => {
      const { exitCode, stdout, stderr } = run(["./lectern", command], PROJECT);

      expect(exitCode).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toContain("Usage: ./lectern COMMAND");
    },
  );
});

test.each([
  ["up", "--port"],
  ["doctor", "--json"],
])("'./lectern %s %s' is refused, because %s takes its settings from variables", (command, arg) => {
  const { exitCode, stdout, stderr } = run(["./lectern", command, arg, "8090"], PROJECT);

  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain(`PORT=8090 ./lectern ${command}`);
});

describe("a fresh clone", () => {
  let clone: string;
  beforeAll(async () => {
    clone = await mkdtemp(join(tmpdir(), "lectern-clone-"));
    for (const name of ["lectern", "package.json", "bun.lock", "bunfig.toml"]) {
      await copyFile(join(PROJECT, name), join(clone, name));
    }
    await cp(join(PROJECT, "patches"), join(clone, "patches"), { recursive: true });
    await chmod(join(clone, "lectern"), 0o755);
    await Bun.write(
      join(clone, "src/commands/doctor.ts"),
      `console.log("well in", process.cwd());`,
    );
    await Bun.write(
      join(clone, "src/commands/verify.ts"),
      `console.log("called in", process.env.LECTERN_CALLER_DIR);`,
    );
    await symlink(join(clone, "lectern"), join(clone, "shortcut"));
    run(["git", "init", "--quiet"], clone);
  });
  afterAll(() => rm(clone, { recursive: true }));

  test("without Bun and npm says what to install", () => {
    const { exitCode, stderr } = run(["./lectern", "doctor"], clone, { PATH: "/nowhere" });

    expect(exitCode).toBe(1);
    expect(stderr).toContain("install Bun");
  });

  test("brings its dependencies and its git hooks at the first start", () => {
    const { stdout, stderr } = run(["./lectern", "doctor"], clone);

    expect(stdout).toContain("well");
    expect(stderr).toContain("installing the dependencies");
    expect(run(["git", "config", "core.hooksPath"], clone).stdout).toBe("scripts/hooks\n");
  }, 120_000);

  test("starts again in silence, without a registry, from any folder and through a link", () => {
    const noRegistry = { BUN_CONFIG_REGISTRY: "http://127.0.0.1:1", npm_config_offline: "true" };
    const { exitCode, stdout, stderr } = run([join(clone, "shortcut"), "doctor"], "/", noRegistry);

    expect(exitCode).toBe(0);
    expect(stdout.trim()).toBe(`well in ${clone}`);
    expect(stderr).toBe("");
  });

  test("passes the folder of the caller, where paths in the arguments begin", () => {
    const command = [join(clone, "shortcut"), "verify", "archive"];

    expect(run(command, "/usr").stdout).toBe("called in /usr\n");
    expect(run(command, clone, { LECTERN_CALLER_DIR: "/" }).stdout).toBe("called in undefined\n");
  });
});
