import { isCopyFromClient, readListen, splitStatements } from "./statements";
import { FROM_CLIENT, HEADER_BYTES, readString, writeMessage, writeQuery } from "./wire";

/** The lasting effect of a message, which its session must remember. */
export type Effects = {
  listen: string[];
  unlisten: string[];
  /** A named statement that it makes, or forgets. */
  prepared?: string;
  deallocated?: string;
};

type Rewritten = { message: Buffer; effects: Effects };

const NO_EFFECTS: Effects = { listen: [], unlisten: [] };

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
  switch (message[0]) {
    case FROM_CLIENT.Query:
      return rewriteQuery(message);
    case FROM_CLIENT.Parse:
      return rewriteParse(message, prefix);
    case FROM_CLIENT.Bind:
      return rewriteBind(message, prefix);
    case FROM_CLIENT.Describe:
    case FROM_CLIENT.Close:
      return rewriteTarget(message, prefix);
    default:
      return { message, effects: NO_EFFECTS };
  }
}

/** Removes a prepared statement by its prefixed name; ignores an unknown name. */
export const writeClose = (name: string) => writeMessage(FROM_CLIENT.Close, "S", name, "\0");

function rewriteQuery(message: Buffer): Rewritten {
  const { refused, effects } = inspect(readString(message, HEADER_BYTES).text);
  return { message: refused ? writeQuery(REFUSE_COPY) : message, effects };
}

/** Statement name, SQL, types of the parameters. */
function rewriteParse(message: Buffer, prefix: string): Rewritten {
  const name = readString(message, HEADER_BYTES);
  const sql = readString(message, name.end);
  const { refused, effects } = inspect(sql.text);
  const statement = withPrefix(name.text, prefix);
  const query = refused ? REFUSE_COPY : sql.text;
  const types = message.subarray(sql.end);

  return {
    message: writeMessage(FROM_CLIENT.Parse, statement, "\0", query, "\0", types),
    effects: statement ? { ...effects, prepared: statement } : effects,
  };
}

/** Portal name, statement name, parameters. */
function rewriteBind(message: Buffer, prefix: string): Rewritten {
  const portal = readString(message, HEADER_BYTES);
  const name = readString(message, portal.end);
  if (!name.text) return { message, effects: NO_EFFECTS };
  const statement = withPrefix(name.text, prefix);
  const parameters = message.subarray(name.end);

  return {
    message: writeMessage(FROM_CLIENT.Bind, portal.text, "\0", statement, "\0", parameters),
    effects: NO_EFFECTS,
  };
}

/** `S` and a statement name, or `P` and a portal name. */
function rewriteTarget(message: Buffer, prefix: string): Rewritten {
  const type = message[0]!;
  const name = readString(message, HEADER_BYTES + 1);
  const isStatement = message[HEADER_BYTES] === "S".charCodeAt(0);
  if (!isStatement || !name.text) return { message, effects: NO_EFFECTS };
  const statement = withPrefix(name.text, prefix);

  return {
    message: writeMessage(type, "S", statement, "\0"),
    effects: type === FROM_CLIENT.Close ? { ...NO_EFFECTS, deallocated: statement } : NO_EFFECTS,
  };
}

/** The unnamed statement keeps its empty name: no other client can use it before it runs. */
const withPrefix = (name: string, prefix: string) => name && prefix + name;

function inspect(sql: string): { refused: boolean; effects: Effects } {
  // This avoids the scan for most statements; a match inside a literal costs one unnecessary scan.
  if (!/copy|listen/i.test(sql)) return { refused: false, effects: NO_EFFECTS };
  const statements = splitStatements(sql);
  const channels = statements.map(readListen);
  return {
    refused: statements.some(isCopyFromClient),
    effects: {
      listen: channels.flatMap(({ listen }) => listen ?? []),
      unlisten: channels.flatMap(({ unlisten }) => unlisten ?? []),
    },
  };
}
