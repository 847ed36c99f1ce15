/**
 * Manages one child process for a large, rarely used model: started by the first call, stopped after
 * `idleMs` without calls, and started again by the next call if it died.
 *
 * It is a process, not a thread, so that its memory and its crashes do not affect the server.
 */
export class EmbeddingProcess {
  #child: Bun.Subprocess | undefined;
  /** The call in progress and the process that works on it. */
  #call: (PromiseWithResolvers<number[][]> & { child: Bun.Subprocess }) | undefined;
  #idle: Timer | undefined;

  constructor(
    readonly script: string,
    readonly idleMs: number,
  ) {}

  /** One call at a time: the process has no queue. */
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

  /** Also fails the call in progress. */
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
        // A call of the next process is not affected.
        if (this.#call?.child === child) this.#call.reject(new Error("The embedding process died"));
      },
    });
    return child;
  }
}
