import { getLecture, type Lecture } from "../../db/lectures";
import { needsTranscript } from "../../db/transcripts";
import { ERRORS, type ErrorCode } from "../../errors";
import { openScratch } from "../../media/scratch";
import type { JobReason } from "../../queue/queue";
import type { Attempt } from "../step";
import { embedTranscript } from "./embed";
import { type ObtainAudioDeps, obtainAudio } from "./obtain-audio";
import { transcribeAudio } from "./transcribe";

/** The services that the ingestion of a lecture uses. */
export type LectureDeps = ObtainAudioDeps & {
  dataRoot: string;
  /** Whether transcribers get terms of the slides, unless the course decides. */
  sendsTerms: boolean;
};

/**
 * Ingests a lecture: obtain audio, transcribe it, embed the transcript. If the lecture is transcribed again,
 * its former transcript answers questions until the new one is embedded.
 *
 * Safe to repeat: a stored transcript is used again and embedded chunks stay embedded, so
 * another attempt downloads and pays only for the missing parts.
 *
 * @returns why the lecture is complete without a transcript, when it is
 */
export async function ingestLecture(
  lecture_id: string,
  deps: LectureDeps,
  attempt: Attempt<"lecture">,
): Promise<JobReason | undefined> {
  const lecture = await getLecture(deps.db, lecture_id);
  if (await needsTranscript(deps.db, lecture)) {
    const reason = await makeTranscript(lecture, deps, attempt);
    if (reason) return reason;
  }
  await attempt.step("embedding", () => embedTranscript(lecture_id, deps, attempt));
}

/** The scratch folder with the recording and its MP3 is removed when this call ends. */
async function makeTranscript(
  lecture: Lecture,
  deps: LectureDeps,
  attempt: Attempt<"lecture">,
): Promise<JobReason | undefined> {
  await using scratch = await openScratch(deps.dataRoot);
  const state = lecture.source === "upload" ? "transcribing" : "downloading"; // an upload is here already
  const audio = await attempt.step(state, () => obtainAudio(lecture, scratch.path, deps, attempt));
  if (audio === "stored") return undefined;
  if (audio === "not_wanted") return toReason("transcription_not_wanted");
  const found = await attempt.step("transcribing", () =>
    transcribeAudio(lecture, audio, deps, attempt),
  );
  return found === "silence" ? toReason("recording_without_speech") : undefined;
}

const toReason = (code: ErrorCode): JobReason => ({ code, message: ERRORS[code].title });
