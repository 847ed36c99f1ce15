import { AppError } from "../../errors";
import { keepChild, type PdfChild, takeChild } from "./pdf-children";
import type { Exchanges, Kind, Question, Reply } from "./pdf-exchanges";
import { cpuMs, isFromOutside, residentMb } from "./process-limits";

/** A page of the PDF at `path`, and how long the longer side of its image is. */
export type PageToDraw = {
  path: string;
  page_number: number;
  longSidePx: number;
  signal?: AbortSignal | undefined;
};

/** Pages of the PDF at `path`; `folder` takes files while they are drawn. */
export type PagesToDraw = Omit<PageToDraw, "page_number"> & {
  page_numbers: number[];
  folder: string;
};

export type PdfProcessLimits = {
  memoryMb: number;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
};

/** Interval of the memory checks. A PDF bomb was measured to gain 18 MB in this time. */
const WATCH_EVERY_MS = 50;
/** How many times the time limit a child can take that gets little CPU. */
const MOST_WAITS = 4;
/** Forgetting a document takes a few milliseconds. */
const CLOSE_MS = 1_000;

/**
 * Reads one PDF in a process that is killed when it exceeds its limits or the signal aborts. A process
 * that read its PDF without such an end is kept for the next one.
 */
export class PdfProcess implements AsyncDisposable {
  readonly #limits: PdfProcessLimits;
  readonly #child: PdfChild;
  readonly #memoryWatch: Timer;
  #waiting: PromiseWithResolvers<never> | undefined;
  #causeOfDeath: unknown;

  constructor(limits: PdfProcessLimits) {
    limits.signal?.throwIfAborted();
    this.#limits = limits;
    this.#child = takeChild(limits.memoryMb);
    this.#child.onReply = this.#onReply;
    this.#child.onExit = this.#onExit;
    this.#memoryWatch = setInterval(() => this.#checkMemory(), WATCH_EVERY_MS);
    limits.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get pid(): number {
    return this.#child.process.pid;
  }

  /**
   * Asks one question at a time.
   *
   * @throws the error that the process reports; AppError `pdf_too_complex` when it exceeded its limits or
   *   crashed, `pdf_reader_killed` when another process killed it; the signal's reason
   */
  async ask<K extends Kind>(
    kind: K,
    question: Exchanges[K]["question"],
    timeoutMs = this.#limits.timeoutMs,
  ): Promise<Exchanges[K]["answer"]> {
    if (!this.#child.isRunning) await this.#child.process.exited;
    if (this.#causeOfDeath) throw this.#causeOfDeath;
    const late = tooComplex("time", { timeout_ms: timeoutMs, ...placeOf(question) });
    const timer = this.#limitTime(timeoutMs, late);
    this.#waiting = Promise.withResolvers();
    try {
      this.#child.process.send({ kind, question } satisfies Question);
      return await this.#waiting.promise;
    } finally {
      clearInterval(timer);
      this.#waiting = undefined;
    }
  }

  /**
   * Kills the child at the time limit. A child that got little CPU is given longer: a busy machine is
   * no property of the file, and a healthy deck must not fail for it.
   */
  #limitTime(timeoutMs: number, late: AppError): Timer {
    const cpuAtStart = cpuMs(this.pid);
    let waits = 0;
    return setInterval(() => {
      const usedMs = cpuMs(this.pid) - cpuAtStart;
      const isStarved = usedMs < timeoutMs / 2; // false for NaN, without /proc
      if (isStarved && ++waits < MOST_WAITS) return;
      this.#kill(isStarved ? new AppError("pdf_reader_killed", { limit: "time" }) : late);
    }, timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isReusable = !this.#waiting && (await this.#close());
    clearInterval(this.#memoryWatch);
    this.#limits.signal?.removeEventListener("abort", this.#onAbort);
    if (!isReusable) return await this.#child.end();
    this.#child.onReply = () => {};
    this.#child.onExit = () => {};
    await keepChild(this.#child);
  }

  /** @returns whether the process can read another document */
  async #close(): Promise<boolean> {
    try {
      await this.ask("close", {}, CLOSE_MS);
      return true;
    } catch {
      return false;
    }
  }

  #onReply = (reply: Reply) => {
    if ("answer" in reply) this.#waiting?.resolve(reply.answer as never);
    else this.#waiting?.reject(new AppError(reply.errorCode, reply.details));
  };

  #onExit = () => {
    const { exitCode, signalCode } = this.#child.process;
    this.#causeOfDeath ??= isFromOutside(signalCode)
      ? new AppError("pdf_reader_killed", { signal: signalCode })
      : tooComplex("crash", { exit: signalCode ?? exitCode });
    this.#waiting?.reject(this.#causeOfDeath);
  };

  #checkMemory(): void {
    const { memoryMb } = this.#limits;
    if (residentMb(this.pid) > memoryMb) this.#kill(tooComplex("memory", { memory_mb: memoryMb }));
  }

  #onAbort = () => this.#kill(this.#limits.signal!.reason);

  #kill(cause: unknown): void {
    this.#causeOfDeath ??= cause;
    this.#child.process.kill("SIGKILL");
  }
}

/** The page that a question is about, for the details of an error. */
function placeOf(question: object): { page_number?: unknown } {
  if ("page_number" in question) return { page_number: question.page_number };
  return "from" in question ? { page_number: question.from } : {};
}

function tooComplex(
  limit: "memory" | "time" | "crash",
  details: Record<string, unknown>,
): AppError {
  return new AppError("pdf_too_complex", { limit, ...details });
}
