import type { Log } from "../../log";
import type { Sql } from "../client";
import { insertAuditEvents, type NewAuditEvent } from "./audit";

const MINUTE_MS = 60_000;
/** Refused requests are written together, at most once in this time. */
const DENIALS_MS = 1_000;
/** Maximum rows of refused requests that wait to be written. Further senders share one row. */
const MAX_DENIALS = 1_000;
const OTHER_ADDRESSES = "other addresses";

/** Writes audit events in the background, so that no request waits for them or fails because of them. */
export class AuditWriter {
  readonly #db: Sql;
  readonly #log: Log;
  readonly #writes = new Set<Promise<void>>();
  #denials = new Map<string, NewAuditEvent>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(db: Sql, log: Log) {
    this.#db = db;
    this.#log = log;
  }

  record(event: NewAuditEvent): void {
    this.#write([event]);
  }

  /** Counts a refused request with the others of its sender and reason in this minute. */
  countDenial(denial: Omit<NewAuditEvent, "event_type" | "count" | "created_at">): void {
    const minute = new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS).toISOString();
    const add = (fields: typeof denial): boolean => {
      const { key_id, user_id, address, details } = fields;
      const group = JSON.stringify([minute, key_id, user_id, address, details.code]);
      const known = this.#denials.get(group);
      if (known) known.count += 1;
      else if (this.#denials.size < MAX_DENIALS || address === OTHER_ADDRESSES)
        this.#denials.set(group, {
          ...fields,
          event_type: "auth.denied",
          count: 1,
          created_at: minute,
        });
      else return false;
      return true;
    };
    if (!add(denial)) add({ ...denial, key_id: null, user_id: null, address: OTHER_ADDRESSES });
    this.#timer ??= setTimeout(() => this.#writeDenials(), DENIALS_MS);
  }

  /** Writes the counted requests, and waits for all writes. */
  async flush(): Promise<void> {
    this.#writeDenials();
    await Promise.all(this.#writes);
  }

  #writeDenials(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const denials = [...this.#denials.values()];
    this.#denials = new Map();
    if (denials.length > 0) this.#write(denials);
  }

  /** The log has the events that the database did not accept. */
  #write(events: NewAuditEvent[]): void {
    const write = insertAuditEvents(this.#db, events)
      .catch((err) => this.#log.error({ err, events }, "audit events not stored"))
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }
}
