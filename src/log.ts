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

/** The lines of this time after a write are written together. */
const WRITE_EVERY_MS = 20;
/** More characters are written at once. */
const MAX_PENDING = 16_384;

type LogOutput = pino.DestinationStream & { flushSync(): void };

let mainOutput: LogOutput | undefined;

/** All logs of the main thread share one output. The end of a worker thread runs no handler of `exit`, so its lines are not joined. */
function standardOutput(): pino.DestinationStream {
  if (!isMainThread) return pino.destination(1);
  if (mainOutput) return mainOutput;
  const output = joinWrites(pino.destination(1));
  process.on("exit", () => output.flushSync());
  mainOutput = output;
  return output;
}

/**
 * Writes a line at once, and the lines that follow it within WRITE_EVERY_MS together. Each write of its own cost more than
 * the line: for many answers at once, a twentieth of the main thread.
 */
export function joinWrites(output: LogOutput): LogOutput {
  let pending = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    if (pending === "") return;
    output.write(pending);
    pending = "";
  };
  const wait = () => {
    timer = setTimeout(() => {
      timer = undefined;
      if (pending === "") return;
      flush();
      wait();
    }, WRITE_EVERY_MS).unref();
  };
  return {
    write(line) {
      pending += line;
      if (timer && pending.length < MAX_PENDING) return;
      flush();
      if (!timer) wait();
    },
    flushSync() {
      flush();
      output.flushSync();
    },
  };
}
