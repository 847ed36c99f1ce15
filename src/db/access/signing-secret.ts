import type { Sql } from "../client";

/** The secret of the fleet for signed addresses, 32 bytes. It is created with the database. */
export async function getSigningSecret(sql: Sql): Promise<Uint8Array> {
  const [row] = await sql<{ secret: Uint8Array }[]>`select secret from signing_secret`;
  return row!.secret;
}
