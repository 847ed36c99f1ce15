import { AppError } from "../errors";

/**
 * A signal that aborts with `cancelled` at Ctrl-C or SIGTERM, so that the command can remove what it made. A second one
 * ends the process at once.
 *
 * @param details  of the error
 */
export function openStopSignal(details: Record<string, unknown> = {}): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => stop.abort(new AppError("cancelled", details)));
  }
  return stop.signal;
}
