/**
 * Runs `work` on each item, on at most `limit` of them at the same time. It takes an item only when a slot
 * is free. After a failure it starts no further work and waits for the work in progress, because that can
 * be paid for already.
 *
 * @throws the first failure
 */
export async function eachAtMost<T>(
  limit: number,
  items: AsyncGenerator<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const lane = async () => {
    try {
      while (failures.length === 0) {
        const { done, value } = await items.next();
        if (done) return;
        await work(value);
      }
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  await items.return(undefined);
  if (failures.length > 0) throw failures[0];
}
