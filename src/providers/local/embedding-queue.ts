/**
 * Lines up calls for a model that takes one at a time. Single texts go first: a question is one
 * text with somebody waiting for it, a document is many with nobody watching.
 */
export class EmbeddingQueue {
  readonly #single: (() => void)[] = [];
  readonly #many: (() => void)[] = [];
  #busy = false;

  constructor(readonly embed: (texts: string[]) => Promise<number[][]>) {}

  /** Rejects with the reason of `signal` when that has fired before the texts get their turn. */
  async run(texts: string[], signal: AbortSignal): Promise<number[][]> {
    if (this.#busy) {
      const turn = Promise.withResolvers<void>();
      (texts.length === 1 ? this.#single : this.#many).push(turn.resolve);
      await turn.promise;
    }
    this.#busy = true;
    try {
      signal.throwIfAborted();
      return await this.embed(texts);
    } finally {
      const startNext = this.#single.shift() ?? this.#many.shift();
      // Stays busy when somebody is next, so that nobody else can slip in before them.
      this.#busy = startNext !== undefined;
      startNext?.();
    }
  }
}
