/**
 * Makes callers share one run of a check: those that come while it runs, and for `ms` after its start once it
 * has ended. So frequent probes cost no more than one check in that time, and a check that hangs is not
 * started again beside itself.
 */
export function sharedFor<T>(ms: number, check: () => Promise<T>): () => Promise<T> {
  let last: { result: Promise<T>; startedAt: number; isRunning: boolean } | undefined;
  return () => {
    if (last && (last.isRunning || performance.now() - last.startedAt < ms)) return last.result;
    const run = { result: check(), startedAt: performance.now(), isRunning: true };
    last = run;
    const end = () => {
      run.isRunning = false;
    };
    run.result.then(end, end);
    return run.result;
  };
}

/** The result of a check; null if it fails or has no result in time. */
export async function orNullAfter<T>(ms: number, check: () => PromiseLike<T>): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), ms);
  try {
    return await Promise.race([check(), late.promise]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
