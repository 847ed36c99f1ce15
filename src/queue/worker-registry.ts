import type { Sql } from "../db/client";

export type RegisteredProcess = { id: string; instance: string; wanted: number; alive: number };

/** Records that this process runs workers now, for the processes without workers. */
export async function refreshRegistration(
  sql: Sql,
  { id, instance, wanted, alive }: RegisteredProcess,
): Promise<void> {
  await sql`
    insert into worker_processes (id, instance, wanted, alive)
    values (${id}, ${instance}, ${wanted}, ${alive})
    on conflict (id) do update set alive = excluded.alive, seen_at = now()`;
}

/** Removes the row of a process that stops. */
export async function removeRegistration(sql: Sql, id: string): Promise<void> {
  await sql`delete from worker_processes where id = ${id}`;
}

/** Removes the rows of processes that ended a day ago or earlier without removing them. */
export async function pruneRegistrations(sql: Sql): Promise<void> {
  await sql`delete from worker_processes where seen_at < now() - interval '1 day'`;
}
