import type { Sql } from "../client";

/** The course of a lecture, a document or a conversation, and the user of a conversation. */
export type ResourceOwner = { course_id: string; user_id: string | null };

/** Null for an id that does not exist. Deleted assets still have their course. */
export async function findOwner(
  sql: Sql,
  kind: "lecture" | "document" | "session",
  id: string,
): Promise<ResourceOwner | null> {
  const rows = {
    lecture: () => sql<ResourceOwner[]>`
      select course_id, null as user_id from lectures where id = ${id}`,
    document: () => sql<ResourceOwner[]>`
      select course_id, null as user_id from documents where id = ${id}`,
    session: () =>
      sql<ResourceOwner[]>`select course_id, user_id from chat_sessions where id = ${id}`,
  };
  const [owner] = await rows[kind]();
  return owner ?? null;
}
