import type { Sql } from "./client";

/** Records an audio file before it is stored, so that cleanup finds it if no lecture follows. */
export async function addUnclaimedAudio(sql: Sql, file_id: string): Promise<void> {
  await sql`insert into unclaimed_audio (file_id) values (${file_id})`;
}

/** Forgets an unclaimed audio file after its removal. */
export async function deleteUnclaimedAudio(sql: Sql, file_id: string): Promise<void> {
  await sql`delete from unclaimed_audio where file_id = ${file_id}`;
}

/**
 * Starts the removal of audio that no lecture needs: files that lectures gave up, at once, and files of
 * interrupted uploads, after `seconds`. No upload can use these files any more.
 *
 * @returns the ids of the files, at most 100
 */
export async function startAudioRemoval(sql: Sql, seconds: number): Promise<string[]> {
  const started = await sql<{ file_id: string }[]>`
    update unclaimed_audio set removal_started = true where file_id in (
      select file_id from unclaimed_audio
      where removal_started or since < now() - ${seconds} * interval '1 second'
      order by since limit 100)
    returning file_id`;
  return started.map(({ file_id }) => file_id);
}

/** Gives up the audio of lectures if their job failed or was cancelled at least `days` ago. */
export async function expireAudio(sql: Sql, days: number): Promise<void> {
  await sql`
    update lectures l set audio_file_id = null from jobs j
    where j.id = l.last_job_id and l.status = 'failed' and l.audio_file_id is not null
      and j.finished_at < now() - ${days} * interval '1 day'`;
}
