import { once } from "node:events";
import type { ChatMessage } from "../../db/chat/chat";
import type { ChatPart } from "../parts";

const NO_READER = "no reader is left";

/** Does the work of a run and emits its parts. The last part is `finish`, `abort` or `error`; never throws. */
export type RunWork = (emit: (part: ChatPart) => void, signal: AbortSignal) => Promise<void>;

/**
 * An answer in progress, independent of the connections that read it. It keeps its parts, so that a
 * second tab or a reconnecting client gets the answer from the beginning.
 *
 * When the last reader leaves, the work is aborted, so that no tokens are bought without a reader. A
 * reader that can return asks for a grace period, and only its end aborts the work.
 */
export class LiveRun {
  readonly #abort = new AbortController();
  readonly #parts: ChatPart[] = [];
  readonly #readers = new Set<() => void>();
  #isOver = false;
  /** Runs while the run has no reader but waits for one to return. */
  #lingering: ReturnType<typeof setTimeout> | undefined;
  /** A reader that left can return until this time of `performance.now()`. */
  #returnsUntil = 0;
  /** Requests with another question that wait for the end of this run. */
  #successors = 0;
  /** A reader got all parts. */
  isDelivered = false;
  /** Resolves after the work ended and its answer was stored. */
  readonly ended: Promise<void>;

  constructor(
    /** The thread that this run answers. */
    readonly thread: ChatMessage[],
    work: RunWork,
  ) {
    this.ended = work((part) => this.#emit(part), this.#abort.signal).finally(() => {
      this.#isOver = true;
      this.#endLingering();
      this.#wakeReaders();
    });
  }

  /** The run was cancelled: no further part except its end is expected. */
  get isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  /** The run has ended with its whole answer. */
  get isComplete(): boolean {
    return this.#parts.some(({ type }) => type === "finish");
  }

  stop(reason: unknown): void {
    this.#abort.abort(reason);
  }

  get hasReaders(): boolean {
    return this.#readers.size > 0;
  }

  /**
   * Handles the departure of a reader: cancels the work if no other reader is left and none can return.
   *
   * @param linger_ms the reader can return for this long, also if another one leaves later
   */
  leave(linger_ms = 0): void {
    if (this.#isOver) return;
    this.#returnsUntil = Math.max(this.#returnsUntil, performance.now() + linger_ms);
    if (this.hasReaders) return;
    this.#endLingering();
    const rest_ms = this.#successors > 0 ? 0 : this.#returnsUntil - performance.now();
    if (rest_ms > 0) this.#lingering = setTimeout(() => this.stop(NO_READER), rest_ms);
    else this.stop(NO_READER);
  }

  /**
   * Waits for the end of the run before another question of the thread is answered. Without a reader, now or later,
   * the run is cancelled at once.
   *
   * @throws the signal's reason when it is aborted first
   */
  async untilEnded(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const settled = new AbortController();
    this.#successors += 1;
    if (this.#lingering) this.stop(NO_READER);
    try {
      await Promise.race([this.ended, once(signal, "abort", { signal: settled.signal })]);
    } finally {
      this.#successors -= 1;
      settled.abort();
    }
    signal.throwIfAborted();
  }

  /** All parts from the first one, in batches. A slow reader gets larger batches. Call `leave` afterwards. */
  async *follow(signal: AbortSignal): AsyncGenerator<ChatPart[]> {
    let sent = 0;
    let wake = () => {};
    const reader = () => wake();
    const sleep = (resolve: () => void) => {
      wake = resolve;
    };
    this.#readers.add(reader);
    this.#returnsUntil = 0;
    this.#endLingering();
    signal.addEventListener("abort", reader);
    try {
      while (!signal.aborted) {
        if (sent < this.#parts.length) {
          const parts = this.#parts.slice(sent);
          sent += parts.length;
          yield parts;
        } else if (this.#isOver) {
          this.isDelivered = true;
          return;
        } else {
          await new Promise<void>(sleep);
        }
      }
    } finally {
      signal.removeEventListener("abort", reader);
      this.#readers.delete(reader);
    }
  }

  #endLingering(): void {
    clearTimeout(this.#lingering);
    this.#lingering = undefined;
  }

  #emit(part: ChatPart): void {
    this.#parts.push(part);
    this.#wakeReaders();
  }

  #wakeReaders(): void {
    for (const wake of this.#readers) wake();
  }
}

/** The runs in progress in this process, at most one per thread. */
export class LiveRuns {
  readonly #bySession = new Map<string, LiveRun>();

  /**
   * @param shutdown stops all runs with `reason`; each still emits its last part
   * @param onStart receives the end of each run: its answer is stored then
   */
  constructor(
    readonly shutdown: AbortSignal,
    readonly reason: unknown,
    readonly onStart: (ended: Promise<void>) => void = () => {},
  ) {
    const stopAll = () => {
      for (const run of this.#bySession.values()) run.stop(reason);
    };
    shutdown.addEventListener("abort", stopAll, { once: true });
  }

  find(session_id: string): LiveRun | undefined {
    return this.#bySession.get(session_id);
  }

  start(session_id: string, thread: ChatMessage[], work: RunWork): LiveRun {
    const run = new LiveRun(thread, work);
    this.#bySession.set(session_id, run);
    this.onStart(run.ended);
    if (this.shutdown.aborted) run.stop(this.reason);
    void run.ended.finally(() => {
      if (this.#bySession.get(session_id) === run) this.#bySession.delete(session_id);
    });
    return run;
  }

  /** Cancels the run of a thread and waits until its partial answer is stored. False without a run. */
  async stop(session_id: string, reason: unknown): Promise<boolean> {
    const run = this.#bySession.get(session_id);
    run?.stop(reason);
    await run?.ended;
    return run !== undefined;
  }
}
