import type { Viewer } from "../../principal";
import type { Sql } from "../client";
import { visibleAsset } from "./visibility";

/** The course of a lecture, a document, a conversation or a message, and the user of the conversation. */
export type ResourceOwner = { course_id: string; user_id: string | null };

/**
 * Null for an id that does not exist, and for an asset that the viewer cannot see. Deleted assets still have
 * their course.
 */
export async function findOwner(
  sql: Sql,
  kind: "lecture" | "document" | "session" | "message",
  id: string,
  viewer: Viewer,
): Promise<ResourceOwner | null> {
  const rows = {
    lecture: () => sql<ResourceOwner[]>`
      select course_id, null as user_id from lectures a
      where id = ${id} ${visibleAsset(sql, viewer, "a")}`,
    document: () => sql<ResourceOwner[]>`
      select course_id, null as user_id from documents a
      where id = ${id} ${visibleAsset(sql, viewer, "a")}`,
    session: () =>
      sql<ResourceOwner[]>`select course_id, user_id from chat_sessions where id = ${id}`,
    message: () => sql<ResourceOwner[]>`
      select s.course_id, s.user_id from chat_messages m join chat_sessions s on s.id = m.session_id
      where m.id = ${id}`,
  };
  const [owner] = await rows[kind]();
  return owner ?? null;
}
