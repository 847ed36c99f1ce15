/**
 * Keeps one child process for a model that is large and seldom needed: started by the first call,
 * stopped after `idleMs` without one, started again by the call that follows its death.
 *
 * A process, not a thread: what the model takes, and whatever it does, stays out of the service's own.
 */
export class EmbeddingProcess {
  #child: Bun.Subprocess | undefined;
  /** The call in progress, and who owes its answer. */
  #call: (PromiseWithResolvers<number[][]> & { child: Bun.Subprocess }) | undefined;
  #idle: Timer | undefined;

  constructor(
    readonly script: string,
    readonly idleMs: number,
  ) {}

  /** One call at a time: the process has no queue of its own. */
  async embed(texts: string[]): Promise<number[][]> {
    clearTimeout(this.#idle);
    const child = (this.#child ??= this.#start());
    const call = { ...Promise.withResolvers<number[][]>(), child };
    this.#call = call;
    child.send(texts);
    try {
      return await call.promise;
    } finally {
      if (this.#child) this.#idle = setTimeout(() => this.stop(), this.idleMs);
    }
  }

  /** A call in progress fails. */
  stop(): void {
    clearTimeout(this.#idle);
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  #start(): Bun.Subprocess {
    const child = Bun.spawn([process.execPath, this.script], {
      env: {},
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      ipc: (embeddings: number[][]) => this.#call?.resolve(embeddings),
      onExit: () => {
        if (this.#child === child) this.#child = undefined;
        // Not a call that its successor works on by now.
        if (this.#call?.child === child) this.#call.reject(new Error("The embedding process died"));
      },
    });
    return child;
  }
}
