import type { Sql } from "../../db/client";
import { deleteUnclaimedAudio, startAudioRemoval } from "../../db/lecture-audio";
import type { FileStorage } from "../../storage/files";

/** Longer than an upload needs between storing its file and inserting its row. */
const UNCLAIMED_SECONDS = 3_600;

/** The storage of audio, and the list of files that no lecture needs. */
export type AudioRemovalDeps = { db: Sql; uploadedAudio: FileStorage };

/**
 * Removes the audio that lectures gave up, and files of uploads that were interrupted an hour ago.
 *
 * @throws AppError `storage_unavailable`; a later call removes the rest
 */
export async function removeUnneededAudio(deps: AudioRemovalDeps): Promise<void> {
  for (const id of await startAudioRemoval(deps.db, UNCLAIMED_SECONDS)) await removeAudio(deps, id);
}

/** Removes audio that no lecture needs. */
export async function removeAudio(
  { db, uploadedAudio }: AudioRemovalDeps,
  file_id: string,
): Promise<void> {
  await uploadedAudio.remove(file_id);
  await deleteUnclaimedAudio(db, file_id);
}
