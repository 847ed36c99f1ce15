import { AppError, explain } from "../errors";

/** The exit code of a command that Ctrl-C or SIGTERM ended, as shells have it. */
const CANCELLED = 130;

/**
 * Runs a command with the arguments of the process. A failure is explained on stderr, and the exit code is 1; that of a
 * cancelled command is 130.
 */
export async function runMain(main: (args: string[]) => Promise<void>): Promise<void> {
  try {
    await main(Bun.argv.slice(2));
  } catch (error) {
    console.error(explain(error));
    process.exit(error instanceof AppError && error.errorCode === "cancelled" ? CANCELLED : 1);
  }
}

/** Ends a command whose arguments are wrong: shows the problem and the usage, and the exit code is 2. */
export function exitWithUsage(error: unknown, usage: string): never {
  console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
  process.exit(2);
}
