import { parseArgs } from "node:util";
import { loadConfig } from "../config";
import { AppError, explain } from "../errors";
import { addressOf } from "./running-server";

const TIMEOUT_MS = 2_500;

/**
 * `./lectern health`: asks the server that these settings start, on the port of its role, whether it can do its
 * work. `--live` asks only whether it answers. The exit code is 1 if not, as HEALTHCHECK of an image needs it.
 */
async function main(): Promise<number> {
  const { values } = readOptions();
  const url = `${addressOf(loadConfig())}/api/health/${values.live ? "live" : "ready"}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { status } = (await response.json()) as { status?: string };
    console.log(`${status ?? `status ${response.status}`} (${url})`);
    return response.ok ? 0 : 1;
  } catch {
    console.log(`no answer (${url})`);
    return 1;
  }
}

function readOptions() {
  try {
    return parseArgs({ args: Bun.argv.slice(2), options: { live: { type: "boolean" } } });
  } catch (cause) {
    const message = "Usage: ./lectern health [--live]";
    throw new AppError("config_invalid", { message }, { cause });
  }
}

try {
  process.exit(await main());
} catch (error) {
  console.error(explain(error));
  process.exit(2);
}
