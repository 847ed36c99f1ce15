import type { ProviderCall } from "../../db/jobs/provider-calls";
import { type Lecture, updateLectureFacts } from "../../db/lectures";
import { saveSilence, saveTranscript } from "../../db/transcripts";
import { AppError, ERRORS, type ErrorCode } from "../../errors";
import { openScratch } from "../../media/scratch";
import type { Transcriber, Transcription } from "../../providers/transcriber";
import type { Reason } from "../../queue/queue";
import { type Attempt, held } from "../step";
import { fetchRecording, required, toSpeech } from "./fetch";
import { TRANSCRIBING_PERCENT } from "./percent";
import { shiftTranscript, toStored } from "./stored-transcript";
import type { LectureTools, RecordedSpeech } from "./tools";

/**
 * Makes the transcript of a lecture and stores it: from the recording's captions, or by listening.
 * The recording and its sound live exactly as long as this call.
 *
 * @returns why there is no transcript although nothing failed
 */
export async function obtainTranscript(
  lecture: Lecture,
  tools: LectureTools,
  attempt: Attempt<"lecture">,
): Promise<Reason | undefined> {
  await using scratch = await openScratch(tools.dataRoot);
  if (lecture.source === "upload") {
    const path = await tools.sounds.find(lecture.id);
    if (!path) throw new AppError("sound_gone");
    return await attempt.step("transcribing", async () => {
      const transcriber = required(tools.transcriber);
      const sound = { path, announced_duration_ms: null, offset_ms: 0 };
      const speech = await toSpeech(sound, scratch.path, tools, attempt).catch(asDamaged);
      return await listen(lecture, speech, transcriber, tools, attempt);
    });
  }

  const fetched = await attempt.step("downloading", () =>
    fetchRecording(lecture, scratch.path, tools, attempt),
  );
  if (fetched === "unwanted") return reasonOf("transcription_not_wanted");
  if (fetched === "captioned") return undefined;
  return await attempt.step("transcribing", () =>
    listen(lecture, fetched, required(tools.transcriber), tools, attempt),
  );
}

/** What a client brought does not get better by trying again, as a download may. */
function asDamaged(error: unknown): never {
  const isDamaged = error instanceof AppError && DAMAGE.includes(error.errorCode);
  if (!isDamaged) throw error;
  const message =
    "The sound is cut off or damaged: check that it plays to its end, and upload it again";
  throw new AppError("audio_invalid", { ...error.details, message }, { cause: error });
}

const DAMAGE: ErrorCode[] = ["audio_extraction_failed", "recording_incomplete"];

/** Transcribes, and stores what was heard together with what it cost. */
async function listen(
  lecture: Lecture,
  { path, duration_ms, offset_ms }: RecordedSpeech,
  transcriber: Transcriber,
  { db, embedder }: LectureTools,
  { fence, signal, progress }: Attempt<"lecture">,
): Promise<Reason | undefined> {
  held(await updateLectureFacts(db, fence, { duration_ms: offset_ms + duration_ms }));
  await progress(TRANSCRIBING_PERCENT.at(0));
  const heard = await transcriber.transcribe({ path, duration_ms }, signal);
  const call = toCall(lecture.id, heard);
  if (heard.segments.length === 0) {
    held(await saveSilence(db, fence, call));
    return reasonOf("recording_without_speech");
  }
  const transcript = toStored(shiftTranscript(heard, offset_ms), heard, embedder.countTokens);
  held(await saveTranscript(db, fence, transcript, call));
  await progress(TRANSCRIBING_PERCENT.at(1));
  return undefined;
}

const reasonOf = (code: ErrorCode): Reason => ({ code, message: ERRORS[code].title });

function toCall(lecture_id: string, { provider, model, usage }: Transcription): ProviderCall {
  const call_key = `lecture:${lecture_id}:transcribe`;
  return { call_key, purpose: "transcribe", provider, model, usage, outcome: "ok" };
}
