/** A seeded source of random values, so that a failing property test fails again. */
export function seededRandom(seed: number) {
  let state = seed >>> 0;

  /** Mulberry32: at least 0, below 1. */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** A whole number, both ends included. */
  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));

  return {
    integer,
    chance: (probability: number) => next() < probability,
    pick: <T>(choices: readonly T[]): T => choices[integer(0, choices.length - 1)]!,
    list: <T>(length: number, make: (index: number) => T): T[] =>
      Array.from({ length }, (_, i) => make(i)),
  };
}

export type Random = ReturnType<typeof seededRandom>;
