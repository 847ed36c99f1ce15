import { describe, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TOML, YAML } from "bun";
import { execForm, keyValues, parseDockerfile } from "../../scripts/image/dockerfile";
import { environmentWithoutSettings } from "../../src/config";
import { FLY_CHECK, FLY_KEYS, findUnknownKeys } from "./fly-keys";

type Check = { path: string; port?: number; processes?: string[] };
type Fly = {
  kill_signal: string;
  kill_timeout: number;
  deploy: { release_command?: string };
  env?: Record<string, string>;
  processes?: Record<string, string>;
  mounts?: { destination: string; initial_size: string; auto_extend_size_threshold: number }[];
  http_service: {
    internal_port: number;
    processes?: string[];
    auto_stop_machines: string;
    checks: Check[];
  };
  checks?: Record<string, Check>;
  vm: { memory: string; processes?: string[] }[];
};

const image = parseDockerfile(await Bun.file("Dockerfile").text()).at(-1)!.instructions;
const textOf = (keyword: string) => image.find((one) => one.keyword === keyword)!.text;
const imageEnv = keyValues(textOf("ENV"));
const routes = Object.keys((await Bun.file("docs/openapi.json").json()).paths);
const help = Bun.spawnSync(["./lectern", "help"]).stdout.toString();
const settings = [...(await Bun.file(".env.example").text()).matchAll(/^([A-Z][A-Z0-9_]+)=/gm)].map(
  ([, name]) => name!,
);
const stopMs = Number(
  /const STOP_MS = ([\d_]+)/.exec(await Bun.file("src/main.ts").text())![1]!.replace("_", ""),
);
const read = async (path: string) => TOML.parse(await Bun.file(path).text()) as Fly;
const files = await Promise.all(
  ["fly.toml", "deploy/fly.fleet.toml"].map(async (path) => ({ path, fly: await read(path) })),
);

describe.each(files)("$path", ({ fly }) => {
  test("has only keys that flyctl reads", () => {
    expect(findUnknownKeys(fly, FLY_KEYS)).toEqual([]);
    for (const check of Object.values(fly.checks ?? {})) {
      expect(findUnknownKeys(check, FLY_CHECK)).toEqual([]);
    }
  });

  test("agrees with the image and the program", () => {
    expect(fly.http_service.internal_port).toBe(Number(imageEnv.PORT));
    expect(fly.kill_signal).toBe("SIGTERM");
    expect(fly.kill_timeout * 1000).toBeGreaterThan(stopMs);
    expect(fly.http_service.auto_stop_machines).toBe("off");
    const checks = [...fly.http_service.checks, ...Object.values(fly.checks ?? {})];
    expect(checks.map(({ path }) => path).filter((path) => !routes.includes(path))).toEqual([]);
    const [program, command] = fly.deploy.release_command!.split(" ");
    expect(program).toBe("lectern");
    expect(help).toMatch(new RegExp(`^ {2}${command} `, "m"));
    for (const { destination } of fly.mounts ?? []) expect(destination).toBe(imageEnv.DATA_ROOT!);
  });

  test("sets only our settings, and gives each machine the memory of docs/deploy.md", () => {
    const inCommands = Object.values(fly.processes ?? {}).flatMap((command) =>
      [...command.matchAll(/\b([A-Z][A-Z_]+)=/g)].map(([, name]) => name!),
    );
    const names = [...Object.keys(fly.env ?? {}), ...inCommands];

    expect(names.filter((name) => !settings.includes(name))).toEqual([]);
    for (const { memory } of fly.vm) {
      expect(Number.parseInt(memory, 10) * 1024).toBeGreaterThanOrEqual(768);
    }
  });
});

test("the fleet has API and worker machines without a volume, which run the command of the image", async () => {
  const { fly } = files[1]!;
  const command = execForm(textOf("CMD")).join(" ");

  expect(fly.mounts).toBeUndefined();
  expect(fly.env).toEqual({ STORAGE: "s3" });
  expect(fly.http_service.processes).toEqual(["api"]);
  expect(fly.processes!.api).toBe(`env ROLE=api ${command}`);
  expect(fly.processes!.worker).toBe(`env ROLE=worker WORKER_MODE=process ${command}`);
  expect(fly.checks!.worker).toMatchObject({ port: 8081, processes: ["worker"] });
});

test("a misspelt key of fly.toml is found", () => {
  const fly = { mounts: [{ source: "data", auto_extend_size: 1 }], http_servise: {} };

  expect(findUnknownKeys(fly, FLY_KEYS)).toEqual(["mounts.auto_extend_size", "http_servise"]);
});

describe("deploy/lectern.service", async () => {
  const unit = await Bun.file("deploy/lectern.service").text();
  const directive = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1] ?? "";

  test("runs a command of the program, with our settings, and waits for its stop", () => {
    const [program, command] = directive("ExecStart").split(" ");
    const names = [...directive("Environment").matchAll(/([A-Z_]+)=/g)].map(([, name]) => name!);
    const known = [...settings, ...Object.keys(imageEnv)];

    expect(program).toBe(`${directive("WorkingDirectory")}/lectern`);
    expect(help).toMatch(new RegExp(`^ {2}${command} `, "m"));
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
    expect(Number(directive("TimeoutStopSec")) * 1000).toBeGreaterThan(stopMs);
  });

  test.skipIf(!Bun.which("systemd-analyze"))("is accepted by systemd", async () => {
    await using place = await temporaryProject();
    const path = join(place.folder, "lectern.service");
    await Bun.write(
      path,
      unit.replaceAll("/opt/lectern", process.cwd()).replace(/^User=.*$/m, "User=root"),
    );

    const { exitCode, stderr } = Bun.spawnSync(["systemd-analyze", "verify", path]);

    expect({ exitCode, problems: stderr.toString() }).toEqual({ exitCode: 0, problems: "" });
  });
});

type Service = {
  restart: string;
  read_only?: boolean;
  tmpfs?: string[];
  cap_drop: string[];
  security_opt: string[];
  mem_limit: string;
  environment: Record<string, string | number>;
  secrets: string[];
  logging: { options: Record<string, string> };
};
type Compose = {
  services: { app: Service; db: Service };
  secrets: Record<string, { file: string }>;
};

async function temporaryProject() {
  const folder = await mkdtemp(join(tmpdir(), "lectern-compose-"));
  await mkdir(join(folder, "scripts"));
  await cp("scripts/compose-secrets", join(folder, "scripts/compose-secrets"));
  const remove = () => rm(folder, { recursive: true });
  return { folder, [Symbol.asyncDispose]: remove };
}

describe("compose.yaml", async () => {
  const compose = YAML.parse(await Bun.file("compose.yaml").text()) as Compose;

  test("restarts, limits and confines both services", () => {
    for (const service of Object.values(compose.services)) {
      expect(service).toMatchObject({
        restart: "unless-stopped",
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        mem_limit: "2g",
      });
      expect(service.logging.options["max-size"]).toBeString();
    }
    expect(compose.services.app).toMatchObject({ read_only: true, tmpfs: ["/tmp"] });
  });

  test("has no secret in an environment, and only our settings", () => {
    const { environment, secrets } = compose.services.app;
    const names = Object.keys(environment).map((name) => name.replace(/_FILE$/, ""));

    expect(names.filter((name) => !settings.includes(name))).toEqual([]);
    for (const name of secrets) {
      expect(environment[`${name.toUpperCase()}_FILE`]).toBe(`/run/secrets/${name}`);
      expect(environment[name.toUpperCase()]).toBe("");
    }
    expect(compose.services.db.environment).not.toHaveProperty("POSTGRES_PASSWORD");
  });

  test("scripts/compose-secrets makes its files once, for their owner only", async () => {
    await using place = await temporaryProject();
    const run = () =>
      Bun.spawnSync([`${place.folder}/scripts/compose-secrets`], {
        env: environmentWithoutSettings(),
      });
    expect(run().exitCode).toBe(0);
    const first = await Promise.all(
      Object.values(compose.secrets).map(({ file }) => Bun.file(`${place.folder}/${file}`).text()),
    );
    run();
    const again = await Promise.all(
      Object.values(compose.secrets).map(({ file }) => Bun.file(`${place.folder}/${file}`).text()),
    );
    const [key, password, url] = first.map((text) => text.trim());

    expect(again).toEqual(first);
    expect(key).toMatch(/^[0-9a-f]{48}$/);
    expect(url).toBe(`postgres://lectern:${password}@db:5432/lectern`);
    expect((await Bun.file(`${place.folder}/secrets`).stat()).mode & 0o777).toBe(0o700);
  });
});
