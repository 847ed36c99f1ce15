import type { Sql } from "../client";

/** A person, identified by the issuer of a token or by the holder of an API key. */
export type UserIdentity = {
  issuer: string;
  /** The issuer's permanent name of the person. */
  subject: string;
  email: string | null;
  display_name: string | null;
};

/** The issuer of identities that API clients send as `X-User-Id`. No OIDC issuer can have this name. */
export const X_USER_ID = "x-user-id";

/** Inserts a person or updates the known email and name; returns the id. */
export async function upsertUser(
  sql: Sql,
  { issuer, subject, email, display_name }: UserIdentity,
): Promise<string> {
  const [user] = await sql<{ id: string }[]>`
    insert into users as u (issuer, subject, email, display_name)
    values (${issuer}, ${subject}, ${email}, ${display_name})
    on conflict (issuer, subject) do update set
      email = coalesce(excluded.email, u.email),
      display_name = coalesce(excluded.display_name, u.display_name)
    returning id`;
  return user!.id;
}

/** A deleted person gets a new row after this time at most. */
const KNOWN_MS = 60_000;
const MAX_KNOWN = 10_000;

/** The ids of people in memory, so that only their first request of a minute needs a query. */
export class UserDirectory {
  readonly #sql: Sql;
  readonly #known = new Map<string, { id: string; until: number }>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The id of a person, who is added on their first request. */
  async identify(identity: UserIdentity): Promise<string> {
    const name = JSON.stringify([identity.issuer, identity.subject]);
    const known = this.#known.get(name);
    if (known && known.until > performance.now()) return known.id;
    const id = await upsertUser(this.#sql, identity);
    // A Map keeps the order of insertion, so the first entry is the oldest.
    this.#known.delete(name);
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(name, { id, until: performance.now() + KNOWN_MS });
    return id;
  }

  /** Forgets a deleted person, whose next request is that of a new person. Other processes do so after KNOWN_MS. */
  forget(id: string): void {
    for (const [name, known] of this.#known) if (known.id === id) this.#known.delete(name);
  }
}
