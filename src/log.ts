import { isMainThread } from "node:worker_threads";
import pino from "pino";
import { workContext } from "./work-context";

export type Log = pino.Logger;

/** A new object, because pino writes into it. */
function contextFields() {
  const { span, ...ids } = workContext();
  return span ? { ...ids, trace_id: span.spanContext().traceId } : ids;
}

/** JSON lines on standard output, without secrets. Each line has the ids of the current request or job. */
export function openLog(
  level: string,
  base: Record<string, unknown> = {},
  stream: pino.DestinationStream = standardOutput(),
): Log {
  const options: pino.LoggerOptions = {
    level,
    base,
    mixin: contextFields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ["*.cookie", "*.authorization", "*.apiKey", "*.password"], remove: true },
  };
  return pino(options, stream);
}

let mainOutput: pino.DestinationStream | undefined;

/**
 * All logs of the main thread share one output, which joins lines to 4 KB or for 20 ms: for many answers at once, a write for
 * each line took a twentieth of the main thread. The end of a worker thread runs no handler of `exit`, so its lines are not joined.
 */
function standardOutput(): pino.DestinationStream {
  if (!isMainThread) return pino.destination(1);
  if (mainOutput) return mainOutput;
  const output = pino.destination({ dest: 1, minLength: 4_096, periodicFlush: 20 });
  process.on("exit", () => output.flushSync());
  mainOutput = output;
  return output;
}
