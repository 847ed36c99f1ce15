import { toClock } from "../../text/clock";
import type { TranscriptWarning } from "../../text/transcript/transcript-warnings";

/** Containers, encoders and captions differ from the stated length by this much. */
const toleranceMs = (stated_ms: number) => Math.max(5_000, stated_ms * 0.02);

/**
 * Compares where the audio or the captions of a lecture end with the length that the source states.
 *
 * @param end_ms  on the clock of the recording's viewer
 * @param stated_ms  null for an upload, or when the source states none
 * @param missing_end  whether the file was cut off; see `ExtractedAudio`
 */
export function recordingWarnings(
  end_ms: number,
  stated_ms: number | null,
  missing_end: boolean,
): TranscriptWarning[] {
  if (missing_end) {
    const message = `The end of the recording is missing: the file can be read up to ${toClock(end_ms)}. If it goes on, or is several files joined into one, export the whole recording again and upload it`;
    return [{ code: "recording_end_missing", message }];
  }
  if (stated_ms === null) return [];
  if (end_ms + toleranceMs(stated_ms) < stated_ms) {
    const message = `The audio ends at ${toClock(end_ms)}, but the recording at ${toClock(stated_ms)}: check that it plays to its end`;
    return [{ code: "recording_end_missing", message }];
  }
  return longerThanStated(end_ms, stated_ms);
}

/** Times after the end of a recording are on another clock, such as that of an untrimmed copy. */
export function longerThanStated(end_ms: number, stated_ms: number | null): TranscriptWarning[] {
  if (stated_ms === null || end_ms <= stated_ms + toleranceMs(stated_ms)) return [];
  const message = `The times go to ${toClock(end_ms)}, but the recording ends at ${toClock(stated_ms)}: links can open at a wrong second`;
  return [{ code: "recording_times_uncertain", message }];
}
