/**
 * Postgres' wire protocol 3.0, as far as the gateway looks into it.
 *
 * Except for the first message of a connection, every message is one byte of type, four bytes of
 * length (which count themselves) and a body. The names are those of the manual's chapter
 * "Message Formats"; one letter can have different meanings in the two directions.
 */

// biome-ignore format: a table reads best as a table
export const FROM_CLIENT = {
  Query: 0x51, Parse: 0x50, Bind: 0x42, Describe: 0x44, Execute: 0x45, Close: 0x43,
  Sync: 0x53, Flush: 0x48, Terminate: 0x58,
} as const;

// biome-ignore format: a table reads best as a table
export const FROM_SERVER = {
  ReadyForQuery: 0x5a, NotificationResponse: 0x41, ErrorResponse: 0x45,
} as const;

/** The request codes in the second word of a connection's first message. */
export const OPENING = {
  startup: 196_608,
  cancel: 80_877_102,
  ssl: 80_877_103,
  gssEncryption: 80_877_104,
} as const;

const REQUESTS = new Set<number>(Object.values(FROM_CLIENT));
/** CopyData, CopyDone, CopyFail: a server ignores these messages after it refused the COPY. */
const LEFT_OF_A_COPY = new Set<number>([0x64, 0x63, 0x66]);

export const HEADER_BYTES = 5;

/** A message that breaks the protocol; its connection ends, the others do not notice. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/**
 * Whether a client's message must be passed to the backend.
 *
 * @throws ProtocolError for types that would end the backend, which all clients share
 */
export function isRequest(message: Buffer): boolean {
  if (LEFT_OF_A_COPY.has(message[0]!)) return false;
  if (!REQUESTS.has(message[0]!)) throw new ProtocolError("message type is not known");
  return true;
}

/** Cuts a byte stream into messages, wherever its packets begin and end. */
export class MessageSplitter {
  #chunks: Buffer[] = [];
  #size = 0;
  #wanted: number;

  /**
   * @param typed     false for a connection's first messages, which have no byte of type
   * @param maxBytes  longest message; a longer one is a ProtocolError, before it is read
   */
  constructor(
    private typed: boolean,
    private readonly maxBytes = Number.POSITIVE_INFINITY,
  ) {
    this.#wanted = this.#headerBytes;
  }

  get #headerBytes(): number {
    return this.typed ? HEADER_BYTES : 4;
  }

  /** From the next message on, each begins with its type. */
  expectTypes(): void {
    this.typed = true;
    this.#wanted = HEADER_BYTES;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** The next message that has arrived in full. */
  take(): Buffer | null {
    if (this.#size < this.#wanted) return null;
    // Joined only when a whole header or a whole message is there: a long message costs one copy.
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    const length = this.#messageBytes(bytes);

    if (bytes.length < length) {
      this.#wanted = length;
      return null;
    }
    this.#chunks = bytes.length > length ? [bytes.subarray(length)] : [];
    this.#size -= length;
    this.#wanted = this.#headerBytes;
    return bytes.subarray(0, length);
  }

  #messageBytes(bytes: Buffer): number {
    const typeBytes = this.typed ? 1 : 0;
    const length = typeBytes + bytes.readInt32BE(typeBytes);
    if (length < this.#headerBytes) throw new ProtocolError("message length is not valid");
    if (length > this.maxBytes) throw new ProtocolError("message is too long");
    return length;
  }
}

/** The text that starts at `offset`, and where the next field begins. */
export function readString(message: Buffer, offset: number): { text: string; end: number } {
  const terminator = message.indexOf(0, offset);
  if (terminator < 0) throw new ProtocolError("text in a message has no end");
  return { text: message.toString("utf8", offset, terminator), end: terminator + 1 };
}

export function writeMessage(type: number, ...fields: (string | Buffer)[]): Buffer {
  const body = fields.map((field) => (typeof field === "string" ? Buffer.from(field) : field));
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = type;
  header.writeInt32BE(
    body.reduce((size, { length }) => size + length, 4),
    1,
  );
  return Buffer.concat([header, ...body]);
}

export const writeQuery = (sql: string) => writeMessage(FROM_CLIENT.Query, sql, "\0");

export const SYNC = writeMessage(FROM_CLIENT.Sync);

/** ErrorResponse of a connection that ends with it. */
export function writeFatal(sqlstate: string, message: string): Buffer {
  return writeMessage(FROM_SERVER.ErrorResponse, `SFATAL\0VFATAL\0C${sqlstate}\0M${message}\0\0`);
}

/** The first message of a client; its parameters identify the client. */
export function writeStartup(parameters: Record<string, string>): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [name, "\0", value, "\0"]);
  const body = Buffer.from(`${pairs.join("")}\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(OPENING.startup, 4);
  return Buffer.concat([head, body]);
}
