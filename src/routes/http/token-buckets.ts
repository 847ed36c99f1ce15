/** Maximum number of buckets before the full ones are removed. */
const SWEEP_SIZE = 10_000;

export type TokenResult = {
  isAllowed: boolean;
  /** The capacity of the bucket. */
  limit: number;
  remaining: number;
  /** Seconds until one token is there, or until the bucket is full; whole, rounded up. */
  retry_after_s: number;
  reset_s: number;
};

type TokenBucket = { tokens: number; at: number; capacity: number };

/**
 * Token buckets in memory, one for each name: `capacity` requests at once, refilled evenly within a
 * minute. A full bucket is not stored, so memory is used only for names of the last minute.
 */
export class TokenBuckets {
  readonly #capacity: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, TokenBucket>();

  /**
   * @param capacity of names without a capacity of their own
   * @param now milliseconds of a monotonic clock
   */
  constructor(capacity: number, now = () => performance.now()) {
    this.#capacity = capacity;
    this.#now = now;
  }

  /** The number of names in memory. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one token if there is one. */
  take(name: string, capacity = this.#capacity): TokenResult {
    const { tokens, at } = this.#filled(name, capacity);
    const isAllowed = tokens >= 1;
    const left = isAllowed ? tokens - 1 : tokens;
    if (this.#buckets.size >= SWEEP_SIZE && !this.#buckets.has(name)) this.#sweep();
    this.#buckets.set(name, { tokens: left, at, capacity });
    return describe(isAllowed, left, capacity);
  }

  /** The result of `take`, without taking a token. */
  look(name: string): TokenResult {
    const { tokens } = this.#filled(name, this.#capacity);
    return describe(tokens >= 1, tokens, this.#capacity);
  }

  #filled(name: string, capacity: number): { tokens: number; at: number } {
    const at = this.#now();
    const bucket = this.#buckets.get(name);
    if (!bucket) return { tokens: capacity, at };
    const refilled = ((at - bucket.at) * capacity) / 60_000;
    return { tokens: Math.min(capacity, bucket.tokens + refilled), at };
  }

  /** Removes full buckets; if an attack left none full, the oldest half. */
  #sweep(): void {
    for (const [name, { capacity }] of [...this.#buckets]) {
      if (this.#filled(name, capacity).tokens >= capacity) this.#buckets.delete(name);
    }
    if (this.#buckets.size < SWEEP_SIZE) return;
    for (const name of [...this.#buckets.keys()].slice(0, SWEEP_SIZE / 2))
      this.#buckets.delete(name);
  }
}

function describe(isAllowed: boolean, tokens: number, limit: number): TokenResult {
  const seconds = (missing: number) => Math.ceil((missing * 60) / limit);
  return {
    isAllowed,
    limit,
    remaining: Math.floor(tokens),
    retry_after_s: Math.max(1, seconds(1 - tokens)),
    reset_s: seconds(limit - tokens),
  };
}
