import { AppError } from "../../errors";

/** The clock of one exchange: it ends what lasts too long, says nothing too long, or is cancelled. */
export type Watch = {
  /** Aborted when time is up, when the caller gives up, and by `close`. */
  readonly signal: AbortSignal;
  /** Why the exchange had to end, unless it ended by itself. */
  readonly expired: unknown;
  /** Something arrived: the silence begins anew. */
  beat(): void;
  /** The silence is ours; it ends at the next `beat`. */
  pause(): void;
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
  const onSilence = () => expire(new AppError("fetch_timeout", { stallMs }));
  let silence = setTimeout(onSilence, stallMs);
  const close = () => {
    clearTimeout(whole);
    clearTimeout(silence);
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
    beat: () => {
      clearTimeout(silence);
      if (!controller.signal.aborted) silence = setTimeout(onSilence, stallMs);
    },
    pause: () => clearTimeout(silence),
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
