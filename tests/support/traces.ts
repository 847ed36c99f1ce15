import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "../../src/db/client";
import type { Server } from "./server";

/** Everything that a request may leave behind. */
export async function tracesOf(server: Server, db: Sql) {
  const files = (folder: string) => readdir(join(server.dataRoot, folder)).catch(() => []);
  const [rows] = await db<Record<string, number>[]>`
    select (select count(*)::int from courses) as courses,
           (select count(*)::int from documents) as records,
           (select count(*)::int from document_jobs) as jobs,
           (select count(*)::int from slide_descriptions) as pages,
           (select count(*)::int from slide_chunks) as chunks,
           (select count(*)::int from pgmq.q_ingest) as messages,
           (select count(*)::int from chat_sessions) as sessions,
           (select count(*)::int from chat_messages) as said,
           (select count(*)::int from idempotency_keys) as keys`;
  return {
    ...rows,
    documents: await files("documents"),
    staged: await files("documents/.tmp"),
    scratch: await files("scratch"),
  };
}
