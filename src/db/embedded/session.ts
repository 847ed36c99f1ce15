import { once } from "node:events";
import type { Socket } from "node:net";
import type { Answer, Backend } from "./backend";
import { type Effects, rewrite, writeClose } from "./rewrite";
import { quoteName } from "./statements";
import { SYNC, writeFatal, writeQuery } from "./wire";

/** A listener that reads nothing is cut off before its notifications fill the memory. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** The services that a session uses to share the backend with the other sessions. */
export type Peers = {
  deliver(notifications: Answer["notifications"]): void;
  /** Every channel that any client listens to. */
  channels(): Set<string>;
};

let sessions = 0;

/** One client: its turn at the backend, its channels, and the statements it has prepared. */
export class Session {
  readonly channels = new Set<string>();
  readonly #statements = new Set<string>();
  readonly #prefix = `${++sessions}.`;
  #endTurn: (() => void) | null = null;
  #idleTimer: Timer | undefined;
  #unlistened = false;
  #closed = false;

  constructor(
    private readonly socket: Socket,
    private readonly backend: Backend,
    private readonly peers: Peers,
    private readonly idleLimitSeconds: number,
  ) {}

  /**
   * Runs one message of the client. The turn that begins with it lasts until the backend is idle
   * again: nothing of another client can come between two messages that belong together.
   *
   * @throws ProtocolError
   */
  async handle(clientMessage: Buffer): Promise<void> {
    const { message, effects } = rewrite(clientMessage, this.#prefix);
    clearTimeout(this.#idleTimer);
    this.#endTurn ??= await this.backend.takeTurn();
    if (this.#closed) return this.#giveTurnBack();

    this.#remember(effects);
    const { bytes, status, notifications } = await this.backend.execute(message);
    this.socket.write(bytes);
    this.peers.deliver(notifications);

    if (status === "I") await this.#finishTurn();
    else this.#idleTimer = setTimeout(() => this.#expire(), this.idleLimitSeconds * 1000);
    await this.#drained();
  }

  /** Delivers the notifications of every session. */
  push(notification: Buffer): void {
    if (this.socket.writableLength > MAX_UNREAD_BYTES) this.socket.destroy();
    else this.socket.write(notification);
  }

  /** Rolls back the open transaction and removes this client's state from the shared session. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    this.channels.clear();

    const isWorking = this.#endTurn !== null;
    if (!isWorking && this.#statements.size === 0) return;
    this.#endTurn ??= await this.backend.takeTurn();
    await this.backend.execute(SYNC); // until then, a failed client's messages would be skipped
    if (isWorking) await this.backend.execute(writeQuery("rollback"));
    for (const name of this.#statements) await this.backend.execute(writeClose(name));
    await this.backend.execute(SYNC);
    await this.#finishTurn();
  }

  #remember({ listen, unlisten, prepared, deallocated }: Effects): void {
    if (prepared) this.#statements.add(prepared);
    if (deallocated) this.#statements.delete(deallocated);
    for (const channel of unlisten) {
      this.#unlistened = true;
      if (channel === "*") this.channels.clear();
      else this.channels.delete(channel);
    }
    for (const channel of listen) this.channels.add(channel);
  }

  /** UNLISTEN ended LISTEN for all clients of the session: repeat it for the other clients. */
  async #finishTurn(): Promise<void> {
    if (this.#unlistened) {
      const listens = [...this.peers.channels()].map((channel) => `listen ${quoteName(channel)}`);
      await this.backend.execute(writeQuery(listens.join(";")));
      this.#unlistened = false;
    }
    this.#giveTurnBack();
  }

  #giveTurnBack(): void {
    this.#endTurn?.();
    this.#endTurn = null;
  }

  /** The client has been silent in its transaction for too long. */
  #expire(): void {
    const reason = `terminating connection: silent in a transaction for ${this.idleLimitSeconds} s, and the embedded database has one for all`;
    this.socket.write(writeFatal("25P03", reason));
    this.socket.destroySoon();
    // A client that has stopped reading would block the end of the socket.
    if (this.socket.writableNeedDrain) this.socket.destroy();
    void this.close();
  }

  /** A client that does not read its answers gets no further ones. */
  async #drained(): Promise<void> {
    if (!this.socket.writableNeedDrain) return;
    const stop = new AbortController();
    const events = ["drain", "close"].map((name) => once(this.socket, name, stop));
    await Promise.race(events).finally(() => stop.abort());
  }
}
