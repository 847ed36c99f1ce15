import type { Log } from "../../log";
import type { OnProviderCall } from "../../metrics";
import type { Sql } from "../client";
import type { ProviderCall } from "./provider-calls";

/** A billable call outside a job that has ended. */
export type EndedCall = Omit<ProviderCall, "terms" | "state"> & {
  /** Null for a search in several courses. */
  course_id: string | null;
  state: "ok" | "error" | "lost";
  /** The server needs no key, so the call counts for no budget. */
  isFree: boolean;
  /** Null: the call was measured elsewhere. */
  seconds: number | null;
};

const EVERY_MS = 1_000;
/** A longer outage of the database drops the oldest receipts, so that they cannot fill the memory. */
const MAX_WAITING = 10_000;

/**
 * Writes the receipts of calls that a question makes: answers, embeddings of questions, reranking. They are
 * written together, at most once a second, so that no answer waits for a statement. A crash loses those of
 * the last second and of calls under way. Jobs use `CallRecorder`, which writes before each call.
 */
export class ReceiptWriter {
  readonly #db: Sql;
  readonly #log: Pick<Log, "warn">;
  readonly #onCall: OnProviderCall;
  readonly #everyMs: number;
  #waiting: (EndedCall & { ended_at: string })[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param onCall  receives each call at once, for the metrics */
  constructor(
    db: Sql,
    log: Pick<Log, "warn">,
    { everyMs = EVERY_MS, onCall = () => {} }: { everyMs?: number; onCall?: OnProviderCall } = {},
  ) {
    this.#db = db;
    this.#log = log;
    this.#onCall = onCall;
    this.#everyMs = everyMs;
  }

  record(call: EndedCall): void {
    this.#onCall({ ...call, outcome: call.state });
    this.#waiting.push({ ...call, ended_at: new Date().toISOString() });
    this.#schedule();
  }

  /** Writes all receipts, and waits for it. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.flush(), this.#everyMs);
  }

  /** After a failure the receipts wait for the next time. */
  async #write(): Promise<void> {
    const calls = this.#waiting;
    if (calls.length === 0) return;
    this.#waiting = [];
    try {
      await insertEndedCalls(this.#db, calls);
    } catch (err) {
      const kept = [...calls, ...this.#waiting].slice(-MAX_WAITING);
      const dropped = calls.length + this.#waiting.length - kept.length;
      this.#waiting = kept;
      this.#log.warn({ err, waiting: kept.length, dropped }, "receipts of calls were not stored");
      this.#schedule();
    }
  }
}

async function insertEndedCalls(
  sql: Sql,
  calls: readonly (EndedCall & { ended_at: string })[],
): Promise<void> {
  await sql`
    insert into provider_calls
      (id, call_key, purpose, provider, model, course_id, state, usage, is_free, error_code,
       created_at, finished_at)
    select gen_random_uuid(), call_key, purpose, provider, model, course_id, state, usage, "isFree",
           error_code, ended_at, ended_at
    from jsonb_to_recordset(${sql.json(calls as never)}) as call
      (call_key text, purpose text, provider text, model text, course_id uuid, state text, usage jsonb,
       "isFree" boolean, error_code text, ended_at timestamptz)`;
}
