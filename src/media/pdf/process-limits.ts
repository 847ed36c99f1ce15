/** Limits, use and end of processes that read untrusted files. */
import { readFileSync } from "node:fs";

/** `/proc` counts CPU time in hundredths of a second. */
const TICK_MS = 10;

/**
 * A command prefix that sets the kernel's limits. They work also when the parent has ended or is too
 * busy to check its own. Empty without `prlimit`.
 */
export function kernelLimits(limits: { addressSpaceMb: number; cpuSeconds: number }): string[] {
  if (!Bun.which("prlimit")) return [];
  const addressSpace = `--as=${limits.addressSpaceMb * 1024 * 1024}`;
  return ["prlimit", "--core=0", `--cpu=${limits.cpuSeconds}`, addressSpace];
}

/** CPU time of a process; infinite where there is no /proc, so that its wall time alone counts. */
export function cpuMs(pid: number): number {
  try {
    // The name in brackets can contain blanks; user and system time are fields 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Physical memory of a process; 0 where there is no /proc, or the process is gone. */
export function residentMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Sent by people, service managers and the kernel's out-of-memory killer; a crash has another signal. */
const OUTSIDE_SIGNALS: unknown[] = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"];

/** Whether a process that we did not kill was killed by another process, so that a retry can succeed. */
export const isFromOutside = (signal: unknown): boolean => OUTSIDE_SIGNALS.includes(signal);
