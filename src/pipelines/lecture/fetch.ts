import { type Lecture, updateLectureFacts } from "../../db/lectures";
import { saveTranscript } from "../../db/transcripts";
import { AppError } from "../../errors";
import { extractAudio } from "../../media/extract-audio";
import type { DownloadProgress } from "../../media/fetch/download";
import type { DownloadedRecording, Recording } from "../../providers/audio-source";
import type { Transcriber } from "../../providers/transcriber";
import { parseSrt } from "../../text/captions";
import type { Segment } from "../../text/transcript";
import { type Attempt, held } from "../step";
import { DOWNLOADING_PERCENT, ENCODING_PERCENT } from "./percent";
import { toStored } from "./stored-transcript";
import type { LectureTools, RecordedSpeech } from "./tools";

/**
 * Asks Panopto what the recording is, keeps that, and brings in what the transcript is made of:
 * captions, which are stored at once, or sound.
 *
 * @param scratchDir  receives the recording; its owner removes it
 * @returns the sound to listen to, or why none is needed
 */
export async function fetchRecording(
  lecture: Lecture,
  scratchDir: string,
  tools: LectureTools,
  attempt: Attempt<"lecture">,
): Promise<RecordedSpeech | "captioned" | "unwanted"> {
  const { db, audioSource, captions, transcriber } = tools;
  const recording = await audioSource.describe(
    audioSource.identify(lecture.panopto_url!),
    attempt.signal,
  );
  const { title, duration_ms, slide_changes, caption_languages } = recording;
  const metadata = { caption_languages };
  held(
    await updateLectureFacts(db, attempt.fence, { title, duration_ms, slide_changes, metadata }),
  );
  if (!lecture.transcription) return "unwanted";

  const captionsFirst = captions === "prefer" || (captions === "fallback" && !transcriber);
  if (captionsFirst && (await keepCaptions(recording, tools, attempt))) return "captioned";
  required(transcriber);

  const meter = openMeter(attempt);
  const onProgress = ({ done, total }: DownloadProgress) =>
    meter.report(DOWNLOADING_PERCENT.at(total ? done / total : 0));
  const downloaded = await audioSource.download(recording, scratchDir, onProgress, meter.signal);
  return toSpeech(downloaded, scratchDir, tools, attempt);
}

/** Makes the sound of a recording ready to be listened to; it lands in the scratch folder. */
export async function toSpeech(
  { path, announced_duration_ms, offset_ms }: Omit<DownloadedRecording, "source">,
  scratchDir: string,
  { onSpawn }: LectureTools,
  attempt: Attempt<"lecture">,
): Promise<RecordedSpeech> {
  const meter = openMeter(attempt);
  const audio = await extractAudio(path, scratchDir, {
    signal: meter.signal,
    onProgress: (fraction) => meter.report(ENCODING_PERCENT.at(fraction)),
    onSpawn,
    announced_duration_ms: announced_duration_ms ?? undefined,
  });
  return { path: audio.path, duration_ms: audio.duration_ms, offset_ms };
}

/** @throws AppError `transcriber_missing` */
export function required(transcriber: Transcriber | null): Transcriber {
  if (!transcriber) throw new AppError("transcriber_missing");
  return transcriber;
}

/** Stores the recording's own captions as its transcript; false when it has none that can be used. */
async function keepCaptions(
  recording: Recording,
  { db, audioSource, embedder }: LectureTools,
  { fence, signal }: Attempt<"lecture">,
): Promise<boolean> {
  const [language] = recording.caption_languages;
  if (language === undefined) return false;
  const srt = await audioSource.fetchCaptions(recording, language, signal);
  const segments = srt === null ? [] : readCaptions(srt);
  if (segments.length === 0) return false;
  const source = { provider: `${audioSource.name}_captions`, model: null };
  const transcript = toStored({ language, segments }, source, embedder.countTokens);
  held(await saveTranscript(db, fence, transcript, null));
  return true;
}

/** Captions that are empty or broken are as good as none. */
function readCaptions(srt: string): Segment[] {
  try {
    return parseSrt(srt);
  } catch {
    return [];
  }
}

/**
 * Reports from callbacks, which cannot wait: when a report finds that the job is lost, the work that
 * it comes from is aborted.
 */
function openMeter({ signal, progress }: Attempt<"lecture">) {
  const lost = new AbortController();
  return {
    signal: AbortSignal.any([signal, lost.signal]),
    report: (percent: number) => {
      progress(percent).catch((error: unknown) => {
        const isLost = error instanceof AppError && error.errorCode === "claim_lost";
        if (isLost) lost.abort(error); // an outage of the database is waited out elsewhere
      });
    },
  };
}
