import type { PGlite } from "@electric-sql/pglite";
import { FROM_SERVER, HEADER_BYTES, MessageSplitter, readString, writeStartup } from "./wire";

/** `I` idle, `T` in a transaction, `E` in a failed one. */
export type TransactionStatus = "I" | "T" | "E";

export type Answer = {
  /** All messages of the backend, except notifications. */
  bytes: Buffer;
  /** Null until a ReadyForQuery: the backend expects more of the same client. */
  status: TransactionStatus | null;
  notifications: { channel: string; bytes: Buffer }[];
};

/** Marks the exception with which PGlite's backend leaves a statement that failed. */
const POSTGRES_ERROR_STATUS = 100;

/** The backend itself is broken, not a statement: it must be restarted. */
export class BackendCrash extends Error {
  override readonly name = "BackendCrash";
}

/** PGlite's only Postgres session, and the queue of those who want to use it. */
export class Backend {
  #lastTurn: Promise<void> = Promise.resolve();
  #crash: BackendCrash | null = null;

  constructor(private readonly pglite: PGlite) {
    this.#watchForCrashes();
  }

  /** The server's greeting for a new client. All clients share one session, so they get the same greeting. */
  async greet(): Promise<Buffer> {
    return (await this.execute(writeStartup({ user: "postgres", database: "postgres" }))).bytes;
  }

  /**
   * Waits until all earlier turns have ended.
   *
   * @returns a function that ends this turn
   */
  async takeTurn(): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const earlier = this.#lastTurn;
    this.#lastTurn = promise;
    await earlier;
    return resolve;
  }

  /**
   * Runs one protocol message to its end, which blocks this thread. Only the session whose turn it is calls it.
   *
   * @throws BackendCrash
   */
  async execute(message: Buffer): Promise<Answer> {
    const splitter = new MessageSplitter(true);
    if (this.#crash) throw this.#crash;
    await this.pglite.execProtocolRawStream(message, {
      syncToFs: false, // it does nothing in memory and on a disk; the WAL is written by then
      onRawData: (data) => splitter.push(Buffer.from(data)), // a copy: PGlite uses it again
    });
    if (this.#crash) throw this.#crash;
    return readAnswer(splitter);
  }

  /** Runs work of our own between two clients' transactions. */
  async between<T>(work: (pglite: PGlite) => Promise<T>): Promise<T> {
    const endTurn = await this.takeTurn();
    try {
      return await work(this.pglite);
    } finally {
      endTurn();
    }
  }

  /**
   * PGlite ignores every exception of the backend. For a PostgreSQL error this is intended. After any
   * other exception, such as a stack overflow, other clients received empty answers to their queries.
   */
  #watchForCrashes(): void {
    const module = this.pglite.Module;
    const runOnce = module._PostgresMainLoopOnce;
    module._PostgresMainLoopOnce = () => {
      try {
        runOnce();
      } catch (error) {
        if ((error as { status?: number }).status !== POSTGRES_ERROR_STATUS) {
          this.#crash = new BackendCrash(`PGlite broke down: ${error}`, { cause: error });
        }
        throw error;
      }
    };
  }
}

function readAnswer(splitter: MessageSplitter): Answer {
  const answer: Answer = { bytes: Buffer.alloc(0), status: null, notifications: [] };
  const parts: Buffer[] = [];

  for (let part = splitter.take(); part; part = splitter.take()) {
    if (part[0] === FROM_SERVER.NotificationResponse) {
      // The body is the sender's process id (4 bytes), the channel, the payload.
      const { text: channel } = readString(part, HEADER_BYTES + 4);
      answer.notifications.push({ channel, bytes: part });
      continue;
    }
    if (part[0] === FROM_SERVER.ReadyForQuery) {
      answer.status = String.fromCharCode(part[HEADER_BYTES]!) as TransactionStatus;
    }
    parts.push(part);
  }
  answer.bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  return answer;
}
