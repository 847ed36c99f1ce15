/**
 * Runs `work` on each item, on at most `limit` of them at once, asking for an item only when there is
 * room for it. After a failure no more are begun; those under way come to their end, because what they
 * do may be paid for already.
 *
 * @throws what failed first
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
