import { AppError } from "../../errors";
import { matchesHash, matchesNothing, parseApiKey } from "../../text/api-key";
import type { Sql } from "../client";
import { type ActiveApiKey, loadActiveKeys, touchKeys } from "./keys";

/** Interval of the background load: a revocation by another process is effective after this time. */
const REFRESH_MS = 4_000;
/** Older keys are loaded again before they are used, so a revocation is effective within 10 s. */
const STALE_MS = 9_000;
/** Unknown keys cause at most one load in this time. */
const MISS_MS = 500;

export type HeldKey = ActiveApiKey & {
  /** Aborted with `credentialEnded` when the key is revoked or expires. */
  ended: AbortSignal;
};

/** Ends a stream after its key was revoked or its token expired. */
export const credentialEnded = () =>
  new AppError("unauthenticated", { message: "The key was revoked or the token expired" });

type RingEntry = { key: HeldKey; end: AbortController };

/**
 * The active API keys of the database, in memory, so that a request needs no query. The first use loads
 * them and starts the background load.
 */
export class KeyRing {
  readonly #sql: Sql;
  #entries = new Map<string, RingEntry>();
  /** Ids of revoked and expired keys, which need no load to be refused. */
  #inactive: ReadonlySet<string> = new Set();
  #loadedAt = Number.NEGATIVE_INFINITY;
  #startedAt = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #used = new Set<string>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * True when an API key was ever created, as of the last load: revoking the last key does not open the
   * server. Only the first call waits for the database.
   */
  async everCreated(): Promise<boolean> {
    if (this.#loadedAt === Number.NEGATIVE_INFINITY) await this.refresh();
    return this.#entries.size + this.#inactive.size > 0;
  }

  /**
   * The active key that `text` is; null for any other text.
   *
   * @throws the error of the database when the keys in memory are too old and cannot be loaded
   */
  async find(text: string): Promise<HeldKey | null> {
    const parsed = parseApiKey(text);
    if (!parsed) return null;
    if (!this.#isFresh()) await this.refresh();
    let entry = this.#entries.get(parsed.key_id);
    if (!entry && !this.#inactive.has(parsed.key_id)) {
      await this.#refreshAfterMiss();
      entry = this.#entries.get(parsed.key_id);
    }
    const isRight = entry
      ? matchesHash(parsed.secret, entry.key.hashed_key)
      : matchesNothing(parsed.secret);
    if (!entry || !isRight) return null;
    this.#used.add(parsed.key_id);
    return entry.key;
  }

  /** Loads the keys now; concurrent calls share one load. */
  refresh(): Promise<void> {
    this.#timer ??= this.#startTimer();
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Loads the keys after a change by this process. A load that began before the change is not enough. */
  async reload(): Promise<void> {
    await this.#loading?.catch(() => {});
    await this.refresh();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #isFresh(): boolean {
    return performance.now() - this.#loadedAt < STALE_MS;
  }

  /** The key can be newer than the last load. */
  async #refreshAfterMiss(): Promise<void> {
    const lastStart = this.#startedAt;
    const wait = lastStart + MISS_MS - performance.now();
    if (wait > 0) await Bun.sleep(wait);
    // A load that began during the wait has the key too.
    if (this.#startedAt === lastStart) await this.refresh();
    else await this.#loading;
  }

  #startTimer() {
    const timer = setInterval(() => {
      // The next request loads the keys again and reports the failure.
      void this.refresh().catch(() => {});
      void this.#recordUse().catch(() => {});
    }, REFRESH_MS);
    timer.unref();
    return timer;
  }

  async #load(): Promise<void> {
    this.#startedAt = performance.now();
    const { active, inactive } = await loadActiveKeys(this.#sql);
    this.#inactive = new Set(inactive);
    const former = this.#entries;
    this.#entries = new Map(
      active.map((key) => [key.key_id, toEntry(key, former.get(key.key_id))]),
    );
    for (const [key_id, { end }] of former)
      if (!this.#entries.has(key_id)) end.abort(credentialEnded());
    this.#loadedAt = this.#startedAt;
  }

  async #recordUse(): Promise<void> {
    if (this.#used.size === 0) return;
    const key_ids = [...this.#used];
    this.#used.clear();
    await touchKeys(this.#sql, key_ids);
  }
}

/** Streams hold the signal of the former entry, so the new entry takes it over. */
function toEntry(key: ActiveApiKey, former: RingEntry | undefined): RingEntry {
  const end = former?.end ?? new AbortController();
  return { end, key: { ...key, ended: end.signal } };
}
