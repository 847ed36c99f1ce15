import { afterAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLEAN_ENVIRONMENT } from "./support/environment";

const CONFIG = join(import.meta.dir, "../src/config.ts");
const folder = await mkdtemp(join(tmpdir(), "lectern-env-file-"));
afterAll(() => rm(folder, { recursive: true }));

/** Starts Bun in a folder with this `.env`, and returns the settings or their problems. */
async function load(env: string | Uint8Array, flags: string[] = []) {
  await Bun.write(join(folder, ".env"), env);
  return loadIn(folder, flags);
}

async function loadIn(cwd: string, flags: string[] = []) {
  const print = `import { loadConfig } from ${JSON.stringify(CONFIG)};
    try { console.log(JSON.stringify(loadConfig())); }
    catch (error) { console.log(JSON.stringify(error.details.problems)); }`;
  const command = [process.execPath, ...flags, "-e", print];
  const { stdout } = Bun.spawnSync(command, { cwd, env: { ...CLEAN_ENVIRONMENT, HOST: "::1" } });
  return JSON.parse(stdout.toString());
}

describe("a line of .env that Bun reads otherwise than it looks is a problem", () => {
  test.each([
    ["PANOPTO_PASSWORD=pass$word", "write \\$ for $"],
    ["PANOPTO_PASSWORD='pass$word'", "write \\$ for $"],
    ['PANOPTO_PASSWORD="pass$\x7bword}"', "write \\$ for $"],
    ["DATABASE_URL=postgres://lectern:$5ecret@localhost/lectern", "write \\$ for $"],
    ["PANOPTO_PASSWORD=pass#word", "write the value in quotes"],
    ["PANOPTO_PASSWORD=a$HOST/$word#word", "write the value in quotes"],
    ["OPENAI_API_KEY_FILE /run/secrets/openai", "must be NAME=value"],
  ])("%s", async (line, advice) => {
    const [name] = /^\w+/.exec(line)!;
    const problems = await load(`# settings\n\n${line}\n`);

    expect(problems[name]).toEqual([expect.stringContaining(`line 3 of .env: `)]);
    expect(problems[name][0]).toContain(advice);
    expect(problems[name][0]).not.toContain("word");
  });
});

test.each([
  ["PANOPTO_COOKIE=pass\\$word", "pass$word"],
  ["PANOPTO_COOKIE='pass#word'", "pass#word"],
  ['PANOPTO_COOKIE="pass#word" # a comment', "pass#word"],
  ["PANOPTO_COOKIE=password # a $comment", "password"],
  ["export PANOPTO_COOKIE = a b\r\n", "a b"],
  ["PANOPTO_COOKIE=p$", "p$"],
  ["PANOPTO_COOKIE=$HOST/x", "::1/x"],
  ["PANOPTO_COOKIE=x\nOTHER_PROGRAM=pass$word#\nnonsense", "x"],
  ['PANOPTO_COOKIE="a=1#2\nb=2#3"', "a=1#2\nb=2#3"],
  ["PANOPTO_COOKIE=lost#end\nPANOPTO_COOKIE=x", "x"],
])("%j is accepted", async (text, cookie) => {
  expect(await load(text)).toMatchObject({ PANOPTO_COOKIE: cookie });
});

test.each(["HOST=lost#end", "HOST='lost$end'", "HOST lost", "export HOST"])(
  "%s is accepted where the environment of the caller replaces it",
  async (line) => {
    expect(await load(`${line}\n`)).toMatchObject({ HOST: "::1" });
  },
);

test("a file in UTF-16, as PowerShell writes it, is a problem instead of no settings", async () => {
  const file = Buffer.from("\ufeffPORT=9000\r\n", "utf16le");

  expect(await load(file)).toEqual({ ".env": [expect.stringContaining("UTF-8")] });
  expect(await load("\ufeffPORT=9000\r\n")).toMatchObject({ PORT: 9000 });
});

test("a folder in its place, as Docker makes it, is a problem", async () => {
  await mkdir(join(folder, "mounted/.env"), { recursive: true });

  expect(await loadIn(join(folder, "mounted"))).toEqual({
    ".env": [expect.stringContaining("EISDIR")],
  });
});

test("a process that ignores .env does not check it", async () => {
  expect(await load("PORT=$nothing", ["--no-env-file"])).toMatchObject({ PORT: 8080 });
});
