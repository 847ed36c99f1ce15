import type { ListedRecording } from "../db/course-sources";
import type { SlideChange } from "../db/lectures";
import type { DownloadProgress } from "../media/fetch/download";

/** The recording that a URL names. All URLs of one recording have the same address. */
export type RecordingAddress = {
  /** Scheme, host and port of the site, such as `https://uni.hosted.panopto.com`. */
  origin: string;
  host: string;
  session_id: string;
};

/** A folder of a Panopto site, read through its list of sessions or its podcast feed. */
export type CollectionAddress = {
  kind: "folder" | "feed";
  origin: string;
  host: string;
  folder_id: string;
};

/** The metadata of a recording, which the source shows without a download. */
export type Recording = RecordingAddress & {
  title: string;
  /** Null when the source does not state it. */
  duration_ms: number | null;
  /** In time order; empty when the source has none. */
  slide_changes: SlideChange[];
  /** BCP 47, the source's first language first; empty when there are no captions. The text can differ. */
  caption_languages: string[];
};

export type DownloadedRecording = {
  /** A media file in the scratch folder: audio only, or with video if the source has no other stream. */
  path: string;
  /** The stream of the source, for logs and events. */
  source: string;
  /** The expected duration of the file; null when the source does not state it. */
  announced_duration_ms: number | null;
  /** The start of the file in the recording: add it to each time in the file. */
  offset_ms: number;
};

/** `language` is that of the text, in BCP 47; null when it is uncertain. */
export type Captions = { srt: string; language: string | null };

/** A site with recordings of lectures. Implementation: `panopto.ts`. */
export interface AudioSource {
  readonly name: string;

  /** The site of an address as a service with a circuit breaker: `panopto`, or `panopto:<host>` among several. */
  serviceOf(address: RecordingAddress | CollectionAddress): string;

  /**
   * Parses a URL without a request.
   *
   * @throws AppError `panopto_url_invalid`, `panopto_url_not_a_session`, `address_blocked`
   */
  identify(url: string): RecordingAddress;

  /**
   * Parses the address of a folder or a feed without a request.
   *
   * @throws AppError `panopto_collection_invalid`, `address_blocked`
   */
  identifyCollection(url: string): CollectionAddress;

  /**
   * The recordings of a folder or a feed now, without those of its subfolders.
   *
   * @throws AppError when the source refuses or lacks the collection, or its list cannot be read
   */
  listCollection(address: CollectionAddress, signal: AbortSignal): Promise<ListedRecording[]>;

  /**
   * @throws AppError when the source refuses, lacks or cannot describe the recording;
   *   `recording_processing` while the source still works on it
   */
  describe(address: RecordingAddress, signal: AbortSignal): Promise<Recording>;

  /**
   * Downloads the audio, with as few other bytes as the source allows. Its times, with `offset_ms`
   * added, are those of the viewer: removed parts are not in the file.
   *
   * @param scratchDir  receives the file; its owner removes it
   * @param onProgress  starts at zero again when another stream is tried
   */
  download(
    address: RecordingAddress,
    scratchDir: string,
    onProgress: (progress: DownloadProgress) => void,
    signal: AbortSignal,
  ): Promise<DownloadedRecording>;

  /**
   * The recording's captions, on the viewer's clock; null when it has none.
   *
   * @param language  one of `caption_languages`; undefined: the first of them that has captions
   */
  fetchCaptions(
    address: RecordingAddress,
    language: string | undefined,
    signal: AbortSignal,
  ): Promise<Captions | null>;
}
