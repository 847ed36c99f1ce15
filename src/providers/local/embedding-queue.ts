/**
 * Queues calls for a model that takes one at a time. Single texts are first: they are questions of
 * waiting users, while the many texts of a document are embedded in the background.
 */
export class EmbeddingQueue {
  readonly #single: (() => void)[] = [];
  readonly #many: (() => void)[] = [];
  #busy = false;

  constructor(readonly embed: (texts: string[]) => Promise<number[][]>) {}

  /** Rejects with the reason of `signal` if it aborts before the turn of the texts. */
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
      // Stays busy while calls wait, so that a new call cannot overtake the next one.
      this.#busy = startNext !== undefined;
      startNext?.();
    }
  }
}
