import type { ListedRecording } from "../../db/course-sources";
import type { AudioSource } from "../../providers/audio-source";
import type { CallRecorder } from "../paid-calls";

/**
 * The recordings of a Panopto folder or a feed now, through the circuit breaker of its site.
 *
 * @throws AppError `provider_waiting` while the site is unreachable; as `identifyCollection` and
 *   `listCollection` of the audio source do
 */
export function listCollection(
  audioSource: AudioSource,
  calls: CallRecorder,
  url: string,
  signal: AbortSignal,
): Promise<ListedRecording[]> {
  const address = audioSource.identifyCollection(url);
  return calls.unbilled(audioSource.serviceOf(address), () =>
    audioSource.listCollection(address, signal),
  );
}
