/** A semaphore: at most `limit` holders at a time, first come, first served. */
export function turns(limit: number): () => Promise<Disposable> {
  let free = limit;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return async () => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return { [Symbol.dispose]: release };
  };
}
