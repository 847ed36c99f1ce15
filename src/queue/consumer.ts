import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "../db/client";
import type { Log } from "../log";
import { type Claim, claim, QUEUES } from "./queue";
import { beat, type Handler, type Outcome, VISIBILITY_SECONDS, work } from "./work";

/** Behind the notifications: also finds what nobody announces, such as a claim that ran out. */
const POLL_MS = 2_000;
/** One claim in five looks at the normal queue first, so urgent work cannot starve it. */
const NORMAL_TURN = 5;

export type Consumer = {
  /** Work may be there: look now. */
  wake(): void;
  /** An asset was deleted or cancelled: whoever works on it stops. */
  stopAsset(asset_id: string): void;
  /** Takes no more work, and hands back what is not done within `graceMs`. */
  drain(graceMs: number): Promise<void>;
};

/** Claims one job after another and works on it, until it is drained. */
export function startConsumer(
  sql: Sql,
  handler: Handler,
  log: Log,
  onOutcome: (held: Claim, outcome: Outcome, seconds: number) => void = () => {},
): Consumer {
  const stop = new AbortController();
  let draining = false;
  let turn = 0;
  let current: { held: Claim; lost: AbortController } | null = null;
  let woken = Promise.withResolvers<void>();

  const once = async (): Promise<boolean> => {
    turn += 1;
    const queues = turn % NORMAL_TURN === 0 ? QUEUES.toReversed() : QUEUES;
    const held = await claim(sql, queues, VISIBILITY_SECONDS);
    if (!held) return false;
    const started = performance.now();
    current = { held, lost: new AbortController() };
    const outcome = await work(sql, held, handler, { stop: stop.signal, lost: current.lost, log });
    current = null;
    onOutcome(held, outcome, (performance.now() - started) / 1000);
    return true;
  };

  const loop = async () => {
    while (!draining) {
      woken = Promise.withResolvers<void>();
      try {
        if (!(await once())) await Promise.race([woken.promise, sleep(POLL_MS)]);
      } catch (error) {
        current = null;
        log.warn({ err: error }, "the queue cannot be reached");
        await sleep(1_000);
      }
    }
  };
  const done = loop();

  return {
    wake: () => woken.resolve(),
    stopAsset: (asset_id) => {
      // The message may tell of an earlier job of the asset: the claim itself knows.
      if (current?.held.asset_id === asset_id) void beat(sql, current.held, current.lost, log);
    },
    drain: async (graceMs) => {
      draining = true;
      woken.resolve();
      const impatience = setTimeout(() => stop.abort(), graceMs);
      await done;
      clearTimeout(impatience);
    },
  };
}
