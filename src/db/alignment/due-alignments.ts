import type { Sql } from "../client";

/** A lecture whose slide spans are out of date, held by this caller for its lease. */
export type DueAlignment = {
  lecture_id: string;
  /** Changes with each change of the lecture or its decks. */
  revision: string;
  /** From 1. */
  attempts: number;
};

/** Claims the lecture that has been due longest; null when none is due. */
export async function claimAlignment(sql: Sql, leaseSeconds: number): Promise<DueAlignment | null> {
  const [due] = await sql<DueAlignment[]>`
    select lecture_id, revision::text, attempts from claim_alignment(${leaseSeconds}::int)`;
  return due ?? null;
}

/** Gives a claimed lecture back for an attempt in `delaySeconds`, unless it has changed since. */
export async function postponeAlignment(
  sql: Sql,
  { lecture_id, revision }: DueAlignment,
  delaySeconds: number,
): Promise<void> {
  await sql`
    update due_alignments set
      is_claimed = false,
      due_at = clock_timestamp() + make_interval(secs => case when revision = ${revision}::bigint
                                                         then ${delaySeconds}::float8 else 0 end)
    where lecture_id = ${lecture_id} and is_claimed`;
}

/** Whether the spans of a lecture are out of date. */
export async function isAlignmentDue(sql: Sql, lecture_id: string): Promise<boolean> {
  const rows = await sql`select from due_alignments where lecture_id = ${lecture_id}`;
  return rows.length > 0;
}

/** Whether the spans of any lecture are out of date. */
export async function isAnyAlignmentDue(sql: Sql): Promise<boolean> {
  const rows = await sql`select from due_alignments limit 1`;
  return rows.length > 0;
}
