/**
 * Keeps one worker thread for a model that is large and seldom needed: started by the first call,
 * stopped after `idleMs` without one, started again by the call that follows its death.
 */
export class EmbeddingThread {
  #worker: Worker | undefined;
  #idle: Timer | undefined;

  constructor(
    readonly script: URL,
    readonly idleMs: number,
  ) {}

  /** One call at a time: the thread has no queue of its own. */
  async embed(texts: string[]): Promise<number[][]> {
    clearTimeout(this.#idle);
    const worker = (this.#worker ??= this.#start());

    const { promise, resolve, reject } = Promise.withResolvers<number[][]>();
    const died = () => reject(new Error("The embedding thread died"));
    worker.onmessage = ({ data: embeddings }: MessageEvent<number[][]>) => resolve(embeddings);
    worker.addEventListener("close", died, { once: true });
    worker.postMessage(texts);
    try {
      return await promise;
    } finally {
      worker.removeEventListener("close", died);
      if (this.#worker) this.#idle = setTimeout(() => this.stop(), this.idleMs);
    }
  }

  /** A call in progress fails. */
  stop(): void {
    clearTimeout(this.#idle);
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): Worker {
    const worker = new Worker(this.script);
    const forget = () => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    worker.addEventListener("close", forget);
    // The error ends the thread, and its end is what we act on.
    worker.addEventListener("error", (event) => event.preventDefault());
    return worker;
  }
}
