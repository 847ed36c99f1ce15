import type { Config } from "../../config";
import type { Sql } from "../../db/client";
import { type Lecture, updateLectureFacts } from "../../db/lectures";
import { saveTranscript } from "../../db/transcripts";
import { AppError, type ErrorCode } from "../../errors";
import { type ExtractedAudio, extractAudio } from "../../media/extract-audio";
import type { OnSpawn } from "../../media/ffmpeg";
import type { AudioSource, DownloadedRecording, Recording } from "../../providers/audio-source";
import type { Embedder } from "../../providers/embedder";
import type { Transcriber } from "../../providers/transcriber";
import type { FileStorage } from "../../storage/files";
import { parseSrt } from "../../text/transcript/captions";
import type { ParsedTranscript } from "../../text/transcript/transcript-warnings";
import { type Attempt, assertStillClaimed, openReporter, progressRange } from "../step";
import { longerThanStated } from "./recording-warnings";
import { type LectureAudio, toStoredTranscript } from "./transcribe";

const DOWNLOADING = progressRange(0, 60);
const ENCODING = progressRange(60, 75);

export type ObtainAudioDeps = {
  db: Sql;
  audioSource: AudioSource;
  /** Null when the settings name no transcriber. */
  transcriber: Transcriber | null;
  embedder: Embedder;
  uploadedAudio: FileStorage;
  captions: Config["CAPTIONS"];
  onSpawn?: OnSpawn | undefined;
};

/**
 * Obtains the MP3 that the transcript is made from, from the uploaded file or the recording at
 * Panopto, and stores the metadata of the lecture, with the MP3's duration and checksum.
 *
 * @param scratchDir  receives the recording and the MP3; its owner removes it
 * @returns the audio; `stored` when the recording's captions are the transcript; `not_wanted` when
 *   the lecture needs no transcript
 * @throws AppError `transcriber_missing`, `sound_gone`, `audio_file_missing`, `audio_invalid` for a
 *   damaged upload, and the errors of the audio source, the storage and `extractAudio`
 */
export async function obtainAudio(
  lecture: Lecture,
  scratchDir: string,
  deps: ObtainAudioDeps,
  attempt: Attempt<"lecture">,
): Promise<LectureAudio | "stored" | "not_wanted"> {
  const { db, captions, transcriber } = deps;
  const recording =
    lecture.source === "panopto" ? await describeRecording(lecture, deps, attempt) : null;
  if (!lecture.transcription) return "not_wanted";
  // A new transcription is requested because the transcript in use is not good enough, such as captions.
  const prefersCaptions = captions === "prefer" && !(lecture.retranscribing && transcriber);
  const captionsFirst = prefersCaptions || (captions === "fallback" && !transcriber);
  if (recording && captionsFirst && (await storeCaptions(recording, deps, attempt))) {
    return "stored";
  }

  if (!transcriber) throw new AppError("transcriber_missing");
  await attempt.calls.assertReachable(transcriber.service);
  const file = recording
    ? await download(recording, scratchDir, deps, attempt)
    : await findUpload(lecture, scratchDir, deps, attempt);
  const mp3 = await encode(file, scratchDir, deps, attempt).catch((error: unknown) => {
    throw recording ? error : toUploadFailure(error);
  });
  const { offset_ms } = file;
  const duration_ms = offset_ms + mp3.duration_ms;
  const audio_sha256 = mp3.sha256;
  assertStillClaimed(await updateLectureFacts(db, attempt.fence, { duration_ms, audio_sha256 }));
  return { ...mp3, offset_ms, stated_ms: recording?.duration_ms ?? null, transcriber };
}

type AudioFile = Omit<DownloadedRecording, "source">;

/** Reads the recording's title, duration, slide changes and caption languages, and stores them. */
async function describeRecording(
  lecture: Lecture,
  { db, audioSource }: ObtainAudioDeps,
  { fence, signal, calls }: Attempt<"lecture">,
): Promise<Recording> {
  const address = audioSource.identify(lecture.panopto_url!);
  const site = audioSource.serviceOf(address);
  const recording = await calls.unbilled(site, () => audioSource.describe(address, signal));
  const { title, duration_ms, slide_changes, caption_languages } = recording;
  const facts = { title, duration_ms, slide_changes, metadata: { caption_languages } };
  assertStillClaimed(await updateLectureFacts(db, fence, facts));
  return recording;
}

async function download(
  recording: Recording,
  scratchDir: string,
  { audioSource }: ObtainAudioDeps,
  attempt: Attempt<"lecture">,
): Promise<AudioFile> {
  const { report, signal } = openReporter(attempt);
  return attempt.calls.unbilled(audioSource.serviceOf(recording), () =>
    audioSource.download(
      recording,
      scratchDir,
      ({ done, total }) => report(DOWNLOADING.at(total ? done / total : 0)),
      signal,
    ),
  );
}

async function findUpload(
  { audio_file_id }: Lecture,
  scratchDir: string,
  { uploadedAudio }: ObtainAudioDeps,
  { signal }: Attempt<"lecture">,
): Promise<AudioFile> {
  if (!audio_file_id) throw new AppError("sound_gone");
  const path = await uploadedAudio.localPath(audio_file_id, scratchDir, signal);
  return { path, announced_duration_ms: null, offset_ms: 0 };
}

async function encode(
  { path, announced_duration_ms }: AudioFile,
  scratchDir: string,
  { onSpawn }: ObtainAudioDeps,
  attempt: Attempt<"lecture">,
): Promise<ExtractedAudio> {
  const { report, signal } = openReporter(attempt);
  return extractAudio(path, scratchDir, {
    signal,
    onProgress: (fraction) => report(ENCODING.at(fraction)),
    onSpawn,
    announced_duration_ms: announced_duration_ms ?? undefined,
  });
}

const DAMAGE: ErrorCode[] = ["audio_extraction_failed", "recording_incomplete"];

/** A second attempt can repair a download, but not a damaged upload. */
function toUploadFailure(error: unknown): unknown {
  if (!(error instanceof AppError && DAMAGE.includes(error.errorCode))) return error;
  const message = "The audio is damaged: check that it plays to its end, and upload it again";
  return new AppError("audio_invalid", { ...error.details, message }, { cause: error });
}

/** Stores the recording's captions as its transcript; false when it has no usable ones. */
async function storeCaptions(
  recording: Recording,
  { db, audioSource, embedder }: ObtainAudioDeps,
  { fence, signal, calls }: Attempt<"lecture">,
): Promise<boolean> {
  const site = audioSource.serviceOf(recording);
  const found = await calls.unbilled(site, () =>
    audioSource.fetchCaptions(recording, undefined, signal),
  );
  const captions = found && readCaptions(found.srt);
  if (!captions) return false;
  const { warnings, ...parsed } = captions;
  const end_ms = parsed.segments.at(-1)?.end_ms ?? 0;
  const allWarnings = [...warnings, ...longerThanStated(end_ms, recording.duration_ms)];
  const source = { provider: `${audioSource.name}_captions`, model: null };
  const transcript = toStoredTranscript(
    { ...parsed, language: found.language },
    source,
    embedder.countTokens,
  );
  assertStillClaimed(await saveTranscript(db, fence, transcript, allWarnings));
  return true;
}

/** Captions without any usable cue count as missing. */
function readCaptions(srt: string): ParsedTranscript | null {
  try {
    return parseSrt(srt);
  } catch {
    return null;
  }
}
