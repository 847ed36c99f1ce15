/**
 * Milliseconds of processor time that this process spends on `run`. On a busy machine a clock also counts
 * the turns of other processes.
 */
export function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  return process.cpuUsage(before).user / 1_000;
}
