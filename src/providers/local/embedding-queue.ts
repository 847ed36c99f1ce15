/** At most this many questions are embedded together: four take 55 ms, and one takes 25 ms. */
const MOST_TOGETHER = 4;
/** A longer question is embedded alone, because it takes longer than the others. */
const LONGEST_TOGETHER = 2_000;

type EmbeddingCall = PromiseWithResolvers<number[][]> & { texts: string[]; signal: AbortSignal };

/**
 * Queues calls for a model that takes one at a time. Single texts are first: they are questions of
 * waiting users, while the many texts of a document are embedded in the background. Questions that wait
 * are embedded together, which halves their CPU time and returns the same vectors.
 */
export class EmbeddingQueue {
  readonly #questions: EmbeddingCall[] = [];
  readonly #documents: EmbeddingCall[] = [];
  #isRunning = false;

  constructor(readonly embed: (texts: string[]) => Promise<number[][]>) {}

  /** Rejects with the reason of `signal` if it aborts before the turn of the texts. */
  run(texts: string[], signal: AbortSignal): Promise<number[][]> {
    const call = { texts, signal, ...Promise.withResolvers<number[][]>() };
    (texts.length === 1 ? this.#questions : this.#documents).push(call);
    if (!this.#isRunning) void this.#runAll();
    return call.promise;
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true;
    for (let calls = this.#takeNext(); calls.length > 0; calls = this.#takeNext()) {
      await this.#embedTogether(calls);
    }
    this.#isRunning = false;
  }

  /** The next questions, or the next texts of a document; empty when no call waits. */
  #takeNext(): EmbeddingCall[] {
    const calls: EmbeddingCall[] = [];
    let length = 0;
    for (let call = this.#questions[0]; call; call = this.#questions[0]) {
      length += call.texts[0]!.length;
      if (calls.length === MOST_TOGETHER || (calls.length > 0 && length > LONGEST_TOGETHER)) break;
      this.#questions.shift();
      if (!rejectAborted(call)) calls.push(call);
    }
    while (calls.length === 0) {
      const call = this.#documents.shift();
      if (!call) break;
      if (!rejectAborted(call)) calls.push(call);
    }
    return calls;
  }

  /** After a failure each call is made alone, so that one question cannot fail the others. */
  async #embedTogether(calls: EmbeddingCall[]): Promise<void> {
    try {
      const embeddings = await this.embed(calls.flatMap(({ texts }) => texts));
      for (const { texts, resolve } of calls) resolve(embeddings.splice(0, texts.length));
    } catch (error) {
      if (calls.length === 1) return calls[0]!.reject(error);
      for (const call of calls) if (!rejectAborted(call)) await this.#embedTogether([call]);
    }
  }
}

function rejectAborted({ signal, reject }: EmbeddingCall): boolean {
  if (signal.aborted) reject(signal.reason);
  return signal.aborted;
}
