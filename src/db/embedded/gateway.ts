import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Answer, type Backend, BackendCrash } from "./backend";
import { Session } from "./session";
import {
  FROM_CLIENT,
  isRequest,
  MessageSplitter,
  OPENING,
  ProtocolError,
  writeFatal,
} from "./wire";

/** The longest message of a client: a batch of 100 chunks with embeddings is about 2 MB. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/**
 * Lets many PostgreSQL clients share PGlite's single session.
 *
 * Supported: transactions run one after the other, in the order of their start; prepared statements
 * and LISTEN are separate for each connection; a transaction is rolled back if its client disconnects
 * or is idle longer than the limit.
 *
 * Different from a server: a running statement cannot be cancelled or time out, and all other clients
 * wait for it; SET, temporary tables, `prepare` in SQL, held cursors, session advisory locks and
 * DISCARD ALL affect all clients (use SET LOCAL and transaction locks); parameters of the connection
 * string are ignored; a response is kept in memory until its client has read it.
 */
export class Gateway {
  readonly #server: Server = createServer({ noDelay: true }, (socket) => void this.#serve(socket));
  readonly #sessions = new Map<Socket, Session>();

  private constructor(
    private readonly backend: Backend,
    private readonly greeting: Buffer,
    private readonly idleLimitSeconds: number,
  ) {}

  /** Listens on a free port of the loopback interface. */
  static async open(backend: Backend, idleLimitSeconds: number): Promise<Gateway> {
    const gateway = new Gateway(backend, await backend.greet(), idleLimitSeconds);
    gateway.#server.listen(0, "127.0.0.1");
    await once(gateway.#server, "listening");
    return gateway;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection and rolls back its open transaction. */
  async close(): Promise<void> {
    this.#server.close();
    const sessions = [...this.#sessions];
    for (const [socket] of sessions) socket.destroy();
    await Promise.all(sessions.map(([, session]) => session.close()));
  }

  async #serve(socket: Socket): Promise<void> {
    const session = new Session(socket, this.backend, this, this.idleLimitSeconds);
    this.#sessions.set(socket, session);
    socket.on("error", () => {}); // a client that resets its connection; the loop below ends
    try {
      for await (const message of this.#messages(socket)) await session.handle(message);
    } catch (error) {
      if (error instanceof BackendCrash) throw error; // uncaught, it ends this thread
      if (error instanceof ProtocolError) socket.write(writeFatal("08P01", error.message));
    } finally {
      socket.destroySoon();
      this.#sessions.delete(socket);
      await session.close();
    }
  }

  /** The requests of one client, after its opening has been answered, until it ends. */
  async *#messages(socket: Socket): AsyncGenerator<Buffer> {
    const splitter = new MessageSplitter(false, MAX_MESSAGE_BYTES);
    let isOpen = false;

    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      splitter.push(chunk);
      for (let message = splitter.take(); message; message = splitter.take()) {
        if (!isOpen) {
          const opening = this.#answerOpening(socket, message);
          if (opening === "cancel") return;
          if ((isOpen = opening === "startup")) splitter.expectTypes();
        } else if (message[0] === FROM_CLIENT.Terminate) {
          return;
        } else if (isRequest(message)) {
          yield message;
        }
      }
    }
  }

  #answerOpening(socket: Socket, message: Buffer): keyof typeof OPENING {
    const code = message.length >= 8 ? message.readInt32BE(4) : 0;
    const opening = (Object.keys(OPENING) as (keyof typeof OPENING)[]).find(
      (name) => OPENING[name] === code,
    );
    if (!opening) throw new ProtocolError("protocol 3.0 expected");

    if (opening === "startup") socket.write(this.greeting);
    else if (opening !== "cancel") socket.write("N"); // no encryption on loopback
    return opening;
  }

  channels(): Set<string> {
    return new Set([...this.#sessions.values()].flatMap(({ channels }) => [...channels]));
  }

  deliver(notifications: Answer["notifications"]): void {
    for (const { channel, bytes } of notifications) {
      for (const session of this.#sessions.values()) {
        if (session.channels.has(channel)) session.push(bytes);
      }
    }
  }
}
