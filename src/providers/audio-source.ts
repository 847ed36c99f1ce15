import type { DownloadProgress } from "../media/fetch/download";

/** Which recording an address names. Two addresses of one recording give the same identity. */
export type RecordingAddress = {
  /** Scheme, host and port of the site, such as `https://uni.hosted.panopto.com`. */
  origin: string;
  host: string;
  session_id: string;
};

export type SlideChange = {
  /** Milliseconds from the start of the recording. */
  time_ms: number;
  /** What the source says is on the slide, when it says so. */
  caption?: string;
  /** The slide's number in its deck, from 1, when the source counts them. */
  sequence?: number;
};

/** What the source tells about a recording without handing it out. */
export type Recording = RecordingAddress & {
  title: string;
  /** Null when the source does not say. */
  duration_ms: number | null;
  /** In time order; empty when the source saw none. */
  slide_changes: SlideChange[];
  /** BCP 47, the source's first language first; empty when there are no captions. */
  caption_languages: string[];
};

export type DownloadedRecording = {
  /** A media file inside the scratch folder: sound, with pictures when there was no other way. */
  path: string;
  /** Which of the source's streams it is, for logs and events. */
  source: string;
  /** How long the file should play; null when the source does not say. */
  announced_duration_ms: number | null;
  /** Where the file begins in the recording: add it to every time found in the file. */
  offset_ms: number;
};

/** Hands out recordings of lectures. Implementation: `panopto.ts`. */
export interface AudioSource {
  readonly name: string;

  /**
   * Reads an address without asking anybody.
   *
   * @throws AppError `panopto_url_invalid`, `panopto_url_not_a_session`, `address_blocked`
   */
  identify(url: string): RecordingAddress;

  /** @throws AppError when the source refuses, does not know or cannot describe the recording */
  describe(address: RecordingAddress, signal: AbortSignal): Promise<Recording>;

  /**
   * Downloads what is needed for the sound, in as few bytes as the source allows.
   *
   * @param scratchDir  the caller's, who also deletes it
   * @param onProgress  counts from zero again when the source had to be changed
   */
  download(
    address: RecordingAddress,
    scratchDir: string,
    onProgress: (progress: DownloadProgress) => void,
    signal: AbortSignal,
  ): Promise<DownloadedRecording>;

  /**
   * The source's own captions as SRT, or null when it has none.
   *
   * @param language  one of `caption_languages`; undefined takes the first of them
   */
  fetchCaptions(
    address: RecordingAddress,
    language: string | undefined,
    signal: AbortSignal,
  ): Promise<string | null>;
}
