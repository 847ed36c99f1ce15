import type { Sql } from "../client";

/** Stops the unfinished job of an asset; false without one. A retry starts it again. */
export async function cancelJob(sql: Sql, asset_id: string): Promise<boolean> {
  const [row] = await sql<{ stopped: boolean }[]>`
    select stop_job(${asset_id}, 'cancelled', 'Processing was cancelled') as stopped`;
  return row!.stopped;
}

/**
 * Makes the waiting job of an asset the next one: ends its delay and moves it to the front of the urgent
 * queue.
 *
 * @returns the job's id; null when no job of the asset waits
 */
export async function hurryJob(sql: Sql, asset_id: string): Promise<string | null> {
  const [row] = await sql<{ job_id: string | null }[]>`select hurry_job(${asset_id}) as job_id`;
  return row!.job_id;
}
