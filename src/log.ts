import pino from "pino";

export type Log = pino.Logger;

/** JSON lines on standard output, without secrets. */
export function openLog(level: string, base: Record<string, unknown> = {}): Log {
  return pino({
    level,
    base,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ["*.cookie", "*.authorization", "*.apiKey", "*.password"], remove: true },
  });
}
