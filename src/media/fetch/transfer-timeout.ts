import { AppError } from "../../errors";

/** The timeouts of one HTTP exchange: for the whole of it, and for a stall. */
export type TransferTimeout = {
  /** Aborted at a timeout, when the caller aborts, and by `close`. */
  readonly signal: AbortSignal;
  /** The reason of the abort; undefined after a normal end. */
  readonly expired: unknown;
  /** Restarts the stall timeout: the response has begun. */
  touch(): void;
  /** Stops the stall timeout while our side works, until `resume`. */
  pause(): void;
  /** Continues the stall timeout; it restarts when enough bytes have arrived since. */
  resume(bytes: number): void;
  /** Settles with the work, or rejects at a timeout or an abort. */
  race<T>(work: Promise<T>): Promise<T>;
  /** Stops the timers and any transfer that is not finished. */
  close(): void;
};

/** Starts the timers. */
export function openTransferTimeout(options: {
  timeoutMs: number;
  stallMs: number;
  signal: AbortSignal;
}): TransferTimeout {
  const { timeoutMs, stallMs, signal: caller } = options;
  const controller = new AbortController();
  let expired: unknown;

  const expire = (reason: unknown) => {
    expired ??= reason;
    close();
  };
  const abort = () => expire(caller.reason);
  const whole = setTimeout(() => expire(new AppError("fetch_timeout", { timeoutMs })), timeoutMs);
  const stall = openStallTimer(stallMs, () => expire(new AppError("fetch_timeout", { stallMs })));
  const close = () => {
    clearTimeout(whole);
    stall.close();
    caller.removeEventListener("abort", abort);
    controller.abort();
  };

  if (caller.aborted) abort();
  else caller.addEventListener("abort", abort, { once: true });

  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    touch: stall.touch,
    pause: stall.pause,
    resume: stall.resume,
    race: (work) => {
      const ended = Promise.withResolvers<never>();
      const fail = () => ended.reject(expired);
      if (controller.signal.aborted) fail();
      else controller.signal.addEventListener("abort", fail, { once: true });
      return Promise.race([work, ended.promise]).finally(() =>
        controller.signal.removeEventListener("abort", fail),
      );
    },
    close,
  };
}

/**
 * A slower transfer counts as a stall: a byte now and then would keep a worker busy for hours. Our MP3
 * has eight bytes a millisecond.
 */
const SLOWEST_BYTES_PER_MS = 1;

/** Calls back after `stallMs` milliseconds without enough bytes. */
function openStallTimer(stallMs: number, onStall: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let startedAt = 0;
  let leftMs = stallMs;
  let bytes = 0;
  let isOpen = true;

  const start = () => {
    clearTimeout(timer);
    if (!isOpen) return;
    startedAt = performance.now();
    timer = setTimeout(onStall, leftMs);
  };
  const touch = () => {
    leftMs = stallMs;
    bytes = 0;
    start();
  };
  touch();

  return {
    touch,
    pause: () => {
      clearTimeout(timer);
      leftMs -= performance.now() - startedAt;
    },
    resume: (received: number) => {
      bytes += received;
      if (bytes >= stallMs * SLOWEST_BYTES_PER_MS) touch();
      else start();
    },
    close: () => {
      isOpen = false;
      clearTimeout(timer);
    },
  };
}
