import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Glob } from "bun";

const FOLDER = join(import.meta.dir, "../../examples/nextjs");
const NPM = Bun.which("npm");
const wanted = process.env.EXAMPLES === "long";

/** For `test.skipIf`: installing 1 GB and building the app takes minutes. */
export const noNextApp = !wanted || NPM === null;
if (noNextApp) {
  const reason = wanted ? "there is no npm on PATH" : "EXAMPLES=long is not set";
  console.error(`The test of examples/nextjs in a browser is skipped: ${reason}.`);
}

const { HOME = "/", PATH = "" } = process.env;
const ENV = { HOME, PATH, NEXT_TELEMETRY_DISABLED: "1", COPILOTKIT_TELEMETRY_DISABLED: "true" };
const START_MS = 60_000;

/** Installs the app from its lockfile and builds it, unless the last build is newer than its files. */
export async function buildNextApp(): Promise<void> {
  if (!existsSync(join(FOLDER, "node_modules/.package-lock.json"))) await run("npm", "ci");
  const built = await timeOf(".next/BUILD_ID");
  const files = await Array.fromAsync(
    new Glob("{*.ts,*.json,app/**,components/**,lib/**}").scan({ cwd: FOLDER }),
  );
  const times = await Promise.all(files.filter((file) => file !== "next-env.d.ts").map(timeOf));
  if (built === 0 || times.some((time) => time > built)) await run("npm", "run", "build");
}

const timeOf = (file: string) =>
  stat(join(FOLDER, file)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

async function run(...command: string[]): Promise<void> {
  const child = Bun.spawn(command, { cwd: FOLDER, env: ENV, stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}:\n${output}${errors}`);
}

/** Starts the built app in a process of its own. */
export async function startNextApp(env: Record<string, string>) {
  const child = Bun.spawn(
    [join(FOLDER, "node_modules/.bin/next"), "start", "-H", "127.0.0.1", "-p", "0"],
    { cwd: FOLDER, env: { ...ENV, ...env }, stdout: "pipe", stderr: "inherit" },
  );
  const ready = Promise.withResolvers<string>();
  void (async () => {
    let written = "";
    const decoder = new TextDecoder();
    for await (const bytes of child.stdout) {
      written += decoder.decode(bytes, { stream: true });
      const [, url] = /(http:\/\/127\.0\.0\.1:\d+)[\s\S]*Ready/.exec(written) ?? [];
      if (url) ready.resolve(url);
    }
    ready.reject(new Error(`The app ended:\n${written}`));
  })();
  const timer = setTimeout(() => ready.reject(new Error("The app is not ready")), START_MS);
  const stop = async () => {
    child.kill();
    await child.exited;
  };
  try {
    return { url: await ready.promise, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
