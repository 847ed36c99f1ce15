import type { ChatMessage } from "../../db/chat/chat";
import type { ChatPart } from "../parts";

/** Does the work of a run and tells of it; ends with `finish`, `abort` or `error`, and never throws. */
export type Work = (emit: (part: ChatPart) => void, signal: AbortSignal) => Promise<void>;

/**
 * An answer that is being given, apart from the connections that listen to it. It remembers what it
 * said, so that a second tab or a connection that comes back hears it from its beginning.
 *
 * When the last listener leaves, the work is aborted: nobody pays for what nobody reads.
 */
export class LiveRun {
  readonly #abort = new AbortController();
  readonly #said: ChatPart[] = [];
  readonly #listeners = new Set<() => void>();
  #over = false;
  readonly ended: Promise<void>;

  constructor(
    /** The thread to which this run gives an answer. */
    readonly thread: ChatMessage[],
    work: Work,
  ) {
    this.ended = work((part) => this.#tell(part), this.#abort.signal).finally(() => {
      this.#over = true;
      this.#wake();
    });
  }

  /** Was it called off? Then nothing more comes of it than its end. */
  get isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  stop(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** Ends the work unless somebody listens. */
  stopUnheard(): void {
    if (this.#listeners.size === 0) this.stop("nobody listens");
  }

  /**
   * All parts from the first one on, as many at a time as there are. A slow listener gets more at
   * once: what waits for it is what was said anyway.
   */
  async *follow(signal: AbortSignal): AsyncGenerator<ChatPart[]> {
    let heard = 0;
    let wake = () => {};
    const listener = () => wake();
    this.#listeners.add(listener);
    signal.addEventListener("abort", listener);
    try {
      while (!signal.aborted) {
        if (heard < this.#said.length) {
          const parts = this.#said.slice(heard);
          heard += parts.length;
          yield parts;
        } else if (this.#over) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener("abort", listener);
      this.#listeners.delete(listener);
      this.stopUnheard();
    }
  }

  #tell(part: ChatPart): void {
    this.#said.push(part);
    this.#wake();
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The answers that this process gives now, one to a thread at most. */
export class Runs {
  readonly #live = new Map<string, LiveRun>();

  /** @param shutdown ends all of them, each with a last word to its listeners */
  constructor(
    readonly shutdown: AbortSignal,
    readonly reason: unknown,
  ) {
    const stopAll = () => {
      for (const run of this.#live.values()) run.stop(reason);
    };
    shutdown.addEventListener("abort", stopAll, { once: true });
  }

  find(session_id: string): LiveRun | undefined {
    return this.#live.get(session_id);
  }

  start(session_id: string, thread: ChatMessage[], work: Work): LiveRun {
    const run = new LiveRun(thread, work);
    this.#live.set(session_id, run);
    if (this.shutdown.aborted) run.stop(this.reason);
    void run.ended.finally(() => {
      if (this.#live.get(session_id) === run) this.#live.delete(session_id);
    });
    return run;
  }

  /** Ends the answer that a thread is given, and waits until what was said is stored. */
  async stop(session_id: string, reason: unknown): Promise<void> {
    const run = this.#live.get(session_id);
    run?.stop(reason);
    await run?.ended;
  }
}
