import type { Config } from "../../config";
import type { Sql } from "../../db/client";
import type { OnSpawn } from "../../media/ffmpeg";
import type { AudioSource } from "../../providers/audio-source";
import type { Embedder } from "../../providers/embedder";
import type { Speech, Transcriber } from "../../providers/transcriber";
import type { SoundInbox } from "../../storage/sounds";

/** What the ingestion of a lecture works with. */
export type LectureTools = {
  db: Sql;
  audioSource: AudioSource;
  /** Null when nothing is configured that can listen. */
  transcriber: Transcriber | null;
  embedder: Embedder;
  sounds: SoundInbox;
  dataRoot: string;
  captions: Config["CAPTIONS"];
  onSpawn?: OnSpawn | undefined;
};

/** Sound to listen to, and where it begins in the recording. */
export type RecordedSpeech = Speech & { offset_ms: number };
