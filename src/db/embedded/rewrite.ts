import { isCopyFromClient, readListen, splitStatements } from "./statements";
import { FROM_CLIENT, HEADER_BYTES, readString, writeMessage } from "./wire";

export type Rewritten = {
  message: Buffer;
  /** What the message does that outlives it. */
  listen: string[];
  unlisten: string[];
  prepared: string | null;
  deallocated: string | null;
};

/** Raised by the server itself, so that every rule about errors in transactions holds. */
const REFUSE_COPY = `do $$ begin raise exception using
  errcode = 'feature_not_supported',
  message = 'COPY FROM STDIN is not supported by the embedded database',
  hint = 'Insert with unnest, or set DATABASE_URL to a PostgreSQL server.'; end $$`;

/**
 * Makes a client's message fit for a session that others use as well: COPY FROM STDIN becomes an
 * error, and names of prepared statements get the connection's prefix.
 *
 * @throws ProtocolError when the message is not well-formed
 */
export function rewrite(message: Buffer, prefix: string): Rewritten {
  const unchanged = { message, listen: [], unlisten: [], prepared: null, deallocated: null };
  switch (message[0]) {
    case FROM_CLIENT.Query:
      return { ...unchanged, ...rewriteQuery(message) };
    case FROM_CLIENT.Parse:
      return { ...unchanged, ...rewriteParse(message, prefix) };
    case FROM_CLIENT.Bind:
      return { ...unchanged, message: rewriteBind(message, prefix) };
    case FROM_CLIENT.Describe:
    case FROM_CLIENT.Close:
      return { ...unchanged, ...rewriteTarget(message, prefix) };
    default:
      return unchanged;
  }
}

/** Forgets a prepared statement by its prefixed name; one that does not exist is no error. */
export const writeClose = (name: string) => writeMessage(FROM_CLIENT.Close, "S", name, "\0");

function rewriteQuery(message: Buffer) {
  const { refused, ...effects } = inspect(readString(message, HEADER_BYTES).text);
  return { ...effects, message: refused ? writeMessage(message[0]!, REFUSE_COPY, "\0") : message };
}

/** Statement name, SQL, types of the parameters. */
function rewriteParse(message: Buffer, prefix: string) {
  const name = readString(message, HEADER_BYTES);
  const sql = readString(message, name.end);
  const { refused, ...effects } = inspect(sql.text);
  const prepared = withPrefix(name.text, prefix);
  const query = refused ? REFUSE_COPY : sql.text;
  const types = message.subarray(sql.end);

  return {
    ...effects,
    message: writeMessage(FROM_CLIENT.Parse, prepared, "\0", query, "\0", types),
    prepared: prepared || null,
  };
}

/** Portal name, statement name, parameters. */
function rewriteBind(message: Buffer, prefix: string): Buffer {
  const portal = readString(message, HEADER_BYTES);
  const name = readString(message, portal.end);
  if (!name.text) return message;
  const parameters = message.subarray(name.end);
  const statement = withPrefix(name.text, prefix);
  return writeMessage(FROM_CLIENT.Bind, portal.text, "\0", statement, "\0", parameters);
}

/** `S` and a statement name, or `P` and a portal name. */
function rewriteTarget(message: Buffer, prefix: string) {
  const name = readString(message, HEADER_BYTES + 1);
  if (message[HEADER_BYTES] !== "S".charCodeAt(0) || !name.text) return { message };
  const statement = withPrefix(name.text, prefix);
  return {
    message: writeMessage(message[0]!, "S", statement, "\0"),
    deallocated: message[0] === FROM_CLIENT.Close ? statement : null,
  };
}

/** The unnamed statement stays unnamed: nobody else can use it before it has run. */
const withPrefix = (name: string, prefix: string) => name && prefix + name;

function inspect(sql: string): { refused: boolean; listen: string[]; unlisten: string[] } {
  // Nearly every statement is spared the scan; a word inside a literal merely costs one.
  if (!/copy|listen/i.test(sql)) return { refused: false, listen: [], unlisten: [] };
  const statements = splitStatements(sql);
  const channels = statements.map(readListen);
  return {
    refused: statements.some(isCopyFromClient),
    listen: channels.flatMap(({ listen }) => listen ?? []),
    unlisten: channels.flatMap(({ unlisten }) => unlisten ?? []),
  };
}
