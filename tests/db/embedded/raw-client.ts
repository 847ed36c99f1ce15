import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { MessageSplitter, writeStartup } from "../../../src/db/embedded/wire";

type ServerMessage = { type: string; text: string };

/** A Postgres client that sends exactly the bytes it is told to, as no driver would. */
export class RawClient {
  readonly #splitter = new MessageSplitter(true);
  readonly #bytes: AsyncIterator<Buffer>;

  private constructor(readonly socket: Socket) {
    this.#bytes = socket.iterator({ destroyOnReturn: false });
  }

  static async connect(url: string): Promise<RawClient> {
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port), noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Connected, and greeted by the server. */
  static async open(url: string): Promise<RawClient> {
    const client = await RawClient.connect(url);
    client.send(writeStartup({ user: "postgres", database: "postgres" }));
    await client.readUntil("Z");
    return client;
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Sends and waits until the bytes are on their way, and have had the time to arrive. */
  async sendAndLinger(bytes: Buffer): Promise<void> {
    await new Promise((resolve) => this.socket.write(bytes, resolve));
    await Bun.sleep(20);
  }

  /** The messages up to one of this type, or up to the end of the connection. */
  async readUntil(type: string): Promise<ServerMessage[]> {
    const messages: ServerMessage[] = [];
    while (messages.at(-1)?.type !== type) {
      const message = this.#splitter.take();
      if (message) {
        messages.push({
          type: String.fromCharCode(message[0]!),
          text: message.toString("utf8", 5).replaceAll("\0", " "),
        });
        continue;
      }
      const { value, done } = await this.#bytes.next();
      if (done) return messages;
      this.#splitter.push(value);
    }
    return messages;
  }

  close(): void {
    this.socket.destroy();
  }
}
