export type BatchOptions<Item> = {
  /** Two items with the same key are never in one batch, for statements that can change a row once only. */
  keyOf: (item: Item) => string;
  /** An item that is too long to be joined with others. */
  isLong?: (item: Item) => boolean;
};

/** Items in one statement at most. */
const MAX_ITEMS = 32;
/** Batches that run at the same time at most. A batch can wait for a lock, and the others must not wait for it. */
const MAX_RUNNING = 4;

type WaitingItem<Item, Result> = {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
};

/**
 * Joins the calls of many requests into few statements. A call is sent at once while fewer than MAX_RUNNING batches
 * run; otherwise it waits for the end of one, together with the calls that follow it. So a batch grows only in a crowd.
 *
 * A batch that fails is repeated item by item, so that a faulty item fails alone.
 *
 * @param run resolves to one result for each item, in their order. It must change nothing if it fails
 */
export function inBatches<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  { keyOf, isLong = () => false }: BatchOptions<Item>,
): (item: Item) => Promise<Result> {
  let waiting: WaitingItem<Item, Result>[] = [];
  let running = 0;

  /** The first waiting item, and those behind it that can be in its batch. Items with the same key keep their order. */
  const takeBatch = () => {
    const batch: WaitingItem<Item, Result>[] = [];
    const rest: WaitingItem<Item, Result>[] = [];
    const keys = new Set<string>();
    let isFull = false;
    for (const one of waiting) {
      const key = keyOf(one.item);
      const isAlone = isLong(one.item);
      if (isFull || keys.has(key) || (isAlone && batch.length > 0)) {
        rest.push(one);
      } else {
        batch.push(one);
        isFull = isAlone || batch.length === MAX_ITEMS;
      }
      keys.add(key);
    }
    waiting = rest;
    return batch;
  };

  const send = async () => {
    running += 1;
    await runBatch(takeBatch());
    running -= 1;
    if (waiting.length > 0) void send();
  };

  const runBatch = async (batch: WaitingItem<Item, Result>[]): Promise<void> => {
    try {
      const results = await run(batch.map(({ item }) => item));
      for (const [n, { resolve }] of batch.entries()) resolve(results[n]!);
    } catch (error) {
      if (batch.length === 1) return batch[0]!.reject(error);
      await Promise.all(batch.map((one) => runBatch([one])));
    }
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (running < MAX_RUNNING) void send();
    });
}
