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
  stream: pino.DestinationStream = pino.destination(1),
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
