/** Starts the processes that read PDFs, and keeps one for the next document for two minutes. */
import { childProgram } from "./pdf-child-program";
import { KEPT_MS, type Reply } from "./pdf-exchanges";
import { cpuMs, kernelLimits, residentMb } from "./process-limits";

/** JavaScriptCore reserves this much address space and uses little of it. */
const RESERVED_MB = 8 * 1024;
/**
 * Without the last tier of the compiler, the second document of a process takes 240 ms of CPU time instead
 * of 390; later ones take the same time with it. Nothing else is in the environment, because untrusted
 * bytes are read there: no keys, no addresses.
 */
const ENVIRONMENT = { BUN_JSC_useFTLJIT: "0" };
/** Longer than the time limit of any document: ends a child after its parent crashed. */
const CPU_SECONDS = 1_800;

/** A child this close to its end is not used, because it can end before the question arrives. */
const MARGIN_MS = 2_000;
/** A larger child is ended instead of kept. Reading a usual deck was measured to leave it at 95 MB. */
const KEPT_MB = 256;
/** A child that used more is ended instead of kept, far from the kernel's limit. */
const KEPT_CPU_MS = 120_000;
/** With less memory available on the machine, no child is kept. */
const MIN_AVAILABLE_BYTES = 1024 ** 3;
const CHECK_MEMORY_EVERY_MS = 5_000;

/** A process that runs `pdf-child.ts`. */
export class PdfChild {
  readonly process: Bun.Subprocess<"ignore", "ignore", "ignore">;
  readonly memoryMb: number;
  /** Receive what the process reports while a document is read in it. */
  onReply: (reply: Reply) => void = () => {};
  onExit: () => void = () => {};
  /** When it was kept, as `performance.now()`. */
  keptAt = 0;

  constructor(memoryMb: number) {
    this.memoryMb = memoryMb;
    const limits = { addressSpaceMb: RESERVED_MB + 2 * memoryMb, cpuSeconds: CPU_SECONDS };
    this.process = Bun.spawn([...kernelLimits(limits), process.execPath, childProgram()], {
      env: ENVIRONMENT,
      stdio: ["ignore", "ignore", "ignore"],
      serialization: "advanced",
      ipc: (reply: Reply) => this.onReply(reply),
      onExit: () => {
        if (kept === this) forgetKept();
        this.onExit();
      },
    });
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  async end(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
  }
}

let kept: PdfChild | undefined;
let memoryCheck: Timer | undefined;

/** The kept child if it has the same memory limit, or a new one. */
export function takeChild(memoryMb: number): PdfChild {
  const child = kept;
  forgetKept();
  if (child?.isRunning) {
    const isFresh = performance.now() - child.keptAt < KEPT_MS - MARGIN_MS;
    if (isFresh && child.memoryMb === memoryMb) {
      child.process.ref();
      return child;
    }
    child.process.kill("SIGKILL");
  }
  return new PdfChild(memoryMb);
}

/**
 * Keeps a child that has closed its document, because its start costs more than reading a deck.
 * One is kept in each thread; others are ended. It is ended earlier when the machine needs its memory.
 */
export async function keepChild(child: PdfChild): Promise<void> {
  const { pid } = child.process;
  const isSmall = residentMb(pid) <= KEPT_MB && cpuMs(pid) <= KEPT_CPU_MS;
  const isFree = kept === undefined && hasSpareMemory();
  if (!isSmall || !isFree || !child.isRunning) return await child.end();
  child.keptAt = performance.now();
  child.process.unref();
  kept = child;
  memoryCheck = setInterval(() => {
    if (!hasSpareMemory()) child.process.kill("SIGKILL");
  }, CHECK_MEMORY_EVERY_MS);
  memoryCheck.unref();
}

function forgetKept(): void {
  clearInterval(memoryCheck);
  kept = undefined;
}

/** `availableMemory` is that of the machine, also in a container, so small containers keep none. */
function hasSpareMemory(): boolean {
  const limit = process.constrainedMemory(); // 0: none
  const isSmall = limit > 0 && limit < 2 * MIN_AVAILABLE_BYTES;
  return !isSmall && process.availableMemory() >= MIN_AVAILABLE_BYTES;
}
