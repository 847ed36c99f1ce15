import { AppError } from "../../errors";

/** The clock of one exchange: it ends what lasts too long, says nothing too long, or is cancelled. */
export type Watch = {
  /** Aborted when time is up, when the caller gives up, and by `close`. */
  readonly signal: AbortSignal;
  /** Why the exchange had to end, unless it ended by itself. */
  readonly expired: unknown;
  /** The answer began: the silence begins anew. */
  beat(): void;
  /** The silence is ours, until `resume`. */
  pause(): void;
  /** So many bytes have arrived and were used: enough of them, and the silence begins anew. */
  resume(bytes: number): void;
  /** Settles with the work, or fails as soon as the watch expires. */
  race<T>(work: Promise<T>): Promise<T>;
  /** Stops the clock and whatever is still being transferred. */
  close(): void;
};

/** Starts the clock. */
export function openWatch(options: {
  timeoutMs: number;
  stallMs: number;
  signal: AbortSignal;
}): Watch {
  const { timeoutMs, stallMs, signal: caller } = options;
  const controller = new AbortController();
  let expired: unknown;

  const expire = (reason: unknown) => {
    expired ??= reason;
    close();
  };
  const giveUp = () => expire(caller.reason);
  const whole = setTimeout(() => expire(new AppError("fetch_timeout", { timeoutMs })), timeoutMs);
  const silence = openSilence(stallMs, () => expire(new AppError("fetch_timeout", { stallMs })));
  const close = () => {
    clearTimeout(whole);
    silence.close();
    caller.removeEventListener("abort", giveUp);
    controller.abort();
  };

  if (caller.aborted) giveUp();
  else caller.addEventListener("abort", giveUp, { once: true });

  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    beat: silence.beat,
    pause: silence.pause,
    resume: silence.resume,
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
 * What comes more slowly counts as silence: a byte now and then would keep a worker for hours. Speech
 * has eight bytes a millisecond.
 */
const SLOWEST_BYTES_PER_MS = 1;

/** Counts the milliseconds without enough bytes, and calls back when they are too many. */
function openSilence(stallMs: number, onStall: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let listensSince = 0;
  let leftMs = stallMs;
  let bytes = 0;
  let isOpen = true;

  const listen = () => {
    clearTimeout(timer);
    if (!isOpen) return;
    listensSince = performance.now();
    timer = setTimeout(onStall, leftMs);
  };
  const beat = () => {
    leftMs = stallMs;
    bytes = 0;
    listen();
  };
  beat();

  return {
    beat,
    pause: () => {
      clearTimeout(timer);
      leftMs -= performance.now() - listensSince;
    },
    resume: (received: number) => {
      bytes += received;
      if (bytes >= stallMs * SLOWEST_BYTES_PER_MS) beat();
      else listen();
    },
    close: () => {
      isOpen = false;
      clearTimeout(timer);
    },
  };
}
