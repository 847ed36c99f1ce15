import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError, type ErrorCode } from "../../errors";
import type { PageWord } from "./page-words";
import type { PdfDeck, PdfPage } from "./pdf-deck";

export type PageImage = { bytes: Uint8Array<ArrayBuffer>; width: number; height: number };

/** The questions that the process answers, by kind. */
export type Exchanges = {
  open: { question: { path: string; maxPages: number }; answer: PdfDeck };
  /** Lays out a page and keeps the result, so that lines repeated on many pages can be found. */
  survey: { question: { page_number: number }; answer: null };
  page: { question: { page_number: number }; answer: PdfPage };
  words: { question: { page_number: number }; answer: PageWord[] };
  render: { question: { page_number: number; longSidePx: number }; answer: PageImage };
};
export type Kind = keyof Exchanges;
export type Question<K extends Kind = Kind> = { kind: K; question: Exchanges[K]["question"] };
export type Reply =
  | { answer: Exchanges[Kind]["answer"] }
  | { errorCode: ErrorCode; details: Record<string, unknown> };

/** A page of the PDF at `path`, and how long the longer side of its image is. */
export type PageToDraw = {
  path: string;
  page_number: number;
  longSidePx: number;
  signal?: AbortSignal | undefined;
};

type PdfProcessLimits = { memoryMb: number; timeoutMs: number; signal?: AbortSignal | undefined };

const CHILD = join(import.meta.dir, "pdf-child.ts");
/** Interval of the memory checks. A PDF bomb was measured to gain 18 MB in this time. */
const WATCH_EVERY_MS = 50;
/** JavaScriptCore reserves this much address space and uses little of it. */
const RESERVED_MB = 8 * 1024;
/** Longer than the time limit of any document: ends a child after its parent crashed. */
const CPU_SECONDS = 1_800;

/** How many times the time limit a child may take that gets little CPU. */
const MOST_WAITS = 4;
/** `/proc` counts CPU time in hundredths of a second. */
const TICK_MS = 10;

/** A process that reads one PDF, and is killed when it exceeds its limits or the signal aborts. */
export class PdfProcess implements AsyncDisposable {
  readonly #limits: PdfProcessLimits;
  readonly #child: Bun.Subprocess<"ignore", "ignore", "ignore">;
  readonly #memoryWatch: Timer;
  #waiting: PromiseWithResolvers<never> | undefined;
  #causeOfDeath: unknown;

  constructor(limits: PdfProcessLimits) {
    limits.signal?.throwIfAborted();
    this.#limits = limits;
    this.#child = this.#spawn();
    this.#memoryWatch = setInterval(() => this.#checkMemory(), WATCH_EVERY_MS);
    limits.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get pid(): number {
    return this.#child.pid;
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
  ): Promise<Exchanges[K]["answer"]> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw this.#causeOfDeath;
    const { timeoutMs } = this.#limits;
    const late = tooComplex("time", { timeout_ms: timeoutMs, ...question, path: undefined });
    const timer = this.#limitTime(timeoutMs, late);
    this.#waiting = Promise.withResolvers();
    try {
      this.#child.send({ kind, question } satisfies Question);
      return await this.#waiting.promise;
    } finally {
      clearInterval(timer);
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
    clearInterval(this.#memoryWatch);
    this.#limits.signal?.removeEventListener("abort", this.#onAbort);
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  #spawn() {
    const addressSpaceMb = RESERVED_MB + 2 * this.#limits.memoryMb;
    const kernel = kernelLimits({ addressSpaceMb, cpuSeconds: CPU_SECONDS });
    return Bun.spawn([...kernel, process.execPath, CHILD], {
      env: {}, // untrusted bytes are read there: no keys, no addresses
      stdio: ["ignore", "ignore", "ignore"],
      serialization: "advanced",
      ipc: (reply: Reply) => {
        if ("answer" in reply) this.#waiting?.resolve(reply.answer as never);
        else this.#waiting?.reject(new AppError(reply.errorCode, reply.details));
      },
      onExit: (_child, exitCode, signalCode) => {
        this.#causeOfDeath ??= isFromOutside(signalCode)
          ? new AppError("pdf_reader_killed", { signal: signalCode })
          : tooComplex("crash", { exit: signalCode ?? exitCode });
        this.#waiting?.reject(this.#causeOfDeath);
      },
    });
  }

  #checkMemory(): void {
    const { memoryMb } = this.#limits;
    if (residentMb(this.pid) > memoryMb) this.#kill(tooComplex("memory", { memory_mb: memoryMb }));
  }

  #onAbort = () => this.#kill(this.#limits.signal!.reason);

  #kill(cause: unknown): void {
    this.#causeOfDeath ??= cause;
    this.#child.kill("SIGKILL");
  }
}

/** Sent by people, service managers and the kernel's out-of-memory killer; a crash has another signal. */
const OUTSIDE_SIGNALS: unknown[] = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"];

/** Whether a process that we did not kill was killed by another process, so that a retry can succeed. */
export const isFromOutside = (signal: unknown): boolean => OUTSIDE_SIGNALS.includes(signal);

function tooComplex(
  limit: "memory" | "time" | "crash",
  details: Record<string, unknown>,
): AppError {
  return new AppError("pdf_too_complex", { limit, ...details });
}

/**
 * A command prefix that sets the kernel's limits. They work also when the parent has ended or is too
 * busy to check its own. Empty without `prlimit`.
 */
export function kernelLimits(limits: { addressSpaceMb: number; cpuSeconds: number }): string[] {
  if (!Bun.which("prlimit")) return [];
  const addressSpace = `--as=${limits.addressSpaceMb * 1024 * 1024}`;
  return ["prlimit", "--core=0", `--cpu=${limits.cpuSeconds}`, addressSpace];
}

/** CPU time of a process; infinite where there is no /proc, so that its wall time alone counts. */
function cpuMs(pid: number): number {
  try {
    // The name in brackets can contain blanks; user and system time are fields 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Physical memory of a process; 0 where there is no /proc, or the process is gone. */
function residentMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
