import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError, type ErrorCode } from "../errors";
import type { PdfDeck, PdfPage } from "./pdf";

export type PageImage = { bytes: Uint8Array; width: number; height: number };

/** What the process can be asked, and what it answers. */
export type Exchanges = {
  open: { question: { path: string; maxPages: number }; answer: PdfDeck };
  page: { question: { page_number: number }; answer: PdfPage };
  render: { question: { page_number: number; longSidePx: number }; answer: PageImage };
};
export type Kind = keyof Exchanges;
export type Question<K extends Kind = Kind> = { kind: K; question: Exchanges[K]["question"] };
export type Reply =
  | { answer: Exchanges[Kind]["answer"] }
  | { errorCode: ErrorCode; details: Record<string, unknown> };

export interface PdfProcess extends AsyncDisposable {
  readonly pid: number;
  /** One question at a time. Fails with what the process reports, or with why it had to die. */
  ask<K extends Kind>(kind: K, question: Exchanges[K]["question"]): Promise<Exchanges[K]["answer"]>;
}

type Limits = { memoryMb: number; timeoutMs: number; signal?: AbortSignal | undefined };

const CHILD = join(import.meta.dir, "pdf-child.ts");
/** Between two looks at the memory a bomb was measured to gain 18 MB. */
const WATCH_EVERY_MS = 50;

/** Starts a process that reads one PDF, and kills it when it exceeds its limits or the signal aborts. */
export function openPdfProcess({ memoryMb, timeoutMs, signal }: Limits): PdfProcess {
  signal?.throwIfAborted();
  let waiting: PromiseWithResolvers<never> | undefined;
  let causeOfDeath: unknown;

  const child = Bun.spawn([...kernelLimits(memoryMb), process.execPath, CHILD], {
    env: {}, // untrusted bytes are read here: no keys, no addresses
    stdio: ["ignore", "ignore", "ignore"],
    serialization: "advanced",
    ipc: (reply: Reply) => {
      if ("answer" in reply) waiting?.resolve(reply.answer as never);
      else waiting?.reject(new AppError(reply.errorCode, reply.details));
    },
    onExit: (_child, exitCode, signalCode) => {
      const exit = signalCode ?? exitCode;
      causeOfDeath ??= new AppError("pdf_too_complex", { limit: "crash", exit });
      waiting?.reject(causeOfDeath);
    },
  });
  const kill = (reason: unknown) => {
    causeOfDeath ??= reason;
    child.kill("SIGKILL");
  };

  const memoryWatch = setInterval(() => {
    if (residentMb(child.pid) > memoryMb) kill(tooComplex("memory", { memory_mb: memoryMb }));
  }, WATCH_EVERY_MS);
  const onAbort = () => kill(signal!.reason);
  signal?.addEventListener("abort", onAbort, { once: true });

  return {
    pid: child.pid,
    async ask(kind, question) {
      if (child.exitCode !== null || child.signalCode !== null) throw causeOfDeath;
      waiting = Promise.withResolvers();
      const late = tooComplex("time", { timeout_ms: timeoutMs, ...question, path: undefined });
      const timer = setTimeout(() => kill(late), timeoutMs);
      try {
        child.send({ kind, question } satisfies Question);
        return await waiting.promise;
      } finally {
        clearTimeout(timer);
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(memoryWatch);
      signal?.removeEventListener("abort", onAbort);
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

function tooComplex(limit: "memory" | "time", details: Record<string, unknown>): AppError {
  return new AppError("pdf_too_complex", { limit, ...details });
}

/**
 * A command prefix: the kernel's limits stand behind our own, for a child whose parent is gone or too
 * busy to look. The address space is far larger than the memory, because JavaScriptCore reserves 8 GB
 * that it never touches.
 */
export function kernelLimits(memoryMb: number): string[] {
  if (!Bun.which("prlimit")) return [];
  const addressSpace = (memoryMb * 2 + 8 * 1024) * 1024 * 1024;
  return ["prlimit", "--core=0", "--cpu=1800", `--as=${addressSpace}`];
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
