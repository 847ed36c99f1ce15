import { parseArgs } from "node:util";
import { loadConfig } from "../config";
import { exitWithUsage, runMain } from "./run-main";
import { addressOf } from "./running-server";

const USAGE = "Usage: ./lectern health [--live]";
const TIMEOUT_MS = 2_500;

/**
 * `./lectern health`: asks the server that these settings start, on the port of its role, whether it can do its
 * work. `--live` asks only whether it answers. The exit code is 1 if not, or if the settings are wrong, as HEALTHCHECK
 * of an image needs it: Docker reserves 2.
 */
async function main(args: string[]): Promise<void> {
  const isLive = readOptions(args);
  const url = `${addressOf(loadConfig())}/api/health/${isLive ? "live" : "ready"}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { status } = (await response.json()) as { status?: string };
    console.log(`${status ?? `status ${response.status}`} (${url})`);
    process.exitCode = response.ok ? 0 : 1;
  } catch {
    console.log(`no answer (${url})`);
    process.exitCode = 1;
  }
}

function readOptions(args: string[]): boolean {
  try {
    return parseArgs({ args, options: { live: { type: "boolean", default: false } } }).values.live;
  } catch (error) {
    exitWithUsage(error, USAGE);
  }
}

await runMain(main);
