import { rename, rm } from "node:fs/promises";
import { AppError } from "../../errors";
import { isAudible } from "../../media/audible-track";
import { downloadStream, type StreamOrder } from "../../media/fetch/hls";
import { type AudioPiece, joinAudio, type PlacedAudioFile } from "../../media/join-audio";
import { type Media, probeMedia } from "../../media/probe-audio";
import type { DownloadedRecording } from "../audio-source";
import type { RecordingStream, SourcePart } from "./sources";

export type DownloadTools = Omit<
  StreamOrder,
  "url" | "audioOnly" | "announced_duration_ms" | "headers"
> & {
  /** Credentials for an address; empty for other sites. */
  headersFor: (url: string) => Record<string, string>;
};

export type DownloadedSource = DownloadedRecording & {
  /** False when nothing is audible, or when the media is longer than the session: its clock differs. */
  isUsable: boolean;
};

/** Containers and HLS segments round their lengths. */
const TOLERANCE_MS = 1_000;

/**
 * Downloads all parts of a source. Parts that the viewer does not show are left out, and parts that
 * follow each other are joined on the viewer's clock.
 *
 * @throws AppError `recording_without_sound`, `recording_unsupported`, and what `downloadStream` and
 *   `joinAudio` throw
 */
export async function downloadSource(
  { name, audioOnly, parts, end_ms }: RecordingStream,
  tools: DownloadTools,
): Promise<DownloadedSource> {
  const { path, signal } = tools;
  const files: PlacedAudioFile[] = [];
  let first: Media | undefined;
  try {
    for (const [i, part] of parts.entries()) {
      const partPath = parts.length === 1 ? path : `${path}.part-${i}`;
      files.push({ path: partPath, pieces: [] });
      const media = await downloadPart(part, audioOnly, { ...tools, path: partPath }, name);
      first ??= media;
      files[i] = { path: partPath, pieces: locate(part.pieces, media) };
    }

    const [piece, ...others] = files.flatMap(({ pieces }) => pieces);
    const isWhole = others.length === 0 && isWholeFile(piece!, first!);
    if (isWhole) {
      const { announced_duration_ms } = parts[0]!;
      const recording = { path, source: name, announced_duration_ms, offset_ms: piece!.at_ms };
      const isOnClock = isNotLonger(first!, announced_duration_ms);
      return { ...recording, isUsable: isOnClock && (await isAudible(path, first!, { signal })) };
    }

    const joined = `${path}.joined`;
    await joinAudio(files, joined, { signal });
    for (const file of files) await rm(file.path, { force: true });
    await rename(joined, path);
    const media = await probeMedia(path, { signal });
    return {
      path,
      source: name,
      announced_duration_ms: end_ms,
      offset_ms: 0,
      isUsable: media !== null && (await isAudible(path, media, { signal })),
    };
  } catch (error) {
    for (const file of files) await rm(file.path, { force: true });
    throw error;
  }
}

async function downloadPart(
  { url, announced_duration_ms }: SourcePart,
  audioOnly: boolean,
  { headersFor, ...tools }: DownloadTools,
  source: string,
): Promise<Media> {
  const order = { ...tools, url, audioOnly, announced_duration_ms, headers: headersFor(url) };
  await downloadStream(order);
  const media = await probeMedia(tools.path, { signal: tools.signal });
  if (!media) throw new AppError("recording_unsupported", { reason: "not a known media format" });
  if (!media.audio) throw new AppError("recording_without_sound", { source });
  return media;
}

/**
 * Positions in the file. Some sites count the segments of a later stream from the start of the
 * session: then they end after the file does.
 */
function locate(pieces: readonly AudioPiece[], { duration_ms }: Media): AudioPiece[] {
  const last_ms = Math.max(...pieces.map(({ until_ms = 0 }) => until_ms));
  const first_ms = Math.min(...pieces.map(({ from_ms }) => from_ms));
  const start_ms = Math.min(...pieces.map(({ at_ms }) => at_ms));
  const isTooLate = duration_ms !== null && last_ms > duration_ms + 2 * TOLERANCE_MS;
  const fits = duration_ms !== null && last_ms - start_ms <= duration_ms + 2 * TOLERANCE_MS;
  if (!isTooLate || !fits || first_ms < start_ms) return [...pieces];
  return pieces.map((piece) => ({
    ...piece,
    from_ms: piece.from_ms - start_ms,
    ...(piece.until_ms !== undefined && { until_ms: piece.until_ms - start_ms }),
  }));
}

const isWholeFile = ({ from_ms, until_ms }: AudioPiece, { duration_ms }: Media) =>
  from_ms === 0 &&
  (until_ms === undefined || (duration_ms !== null && duration_ms <= until_ms + TOLERANCE_MS));

/** A combined file that still has removed parts is longer than the session. */
const isNotLonger = ({ duration_ms }: Media, announced_ms: number | null) =>
  duration_ms === null ||
  announced_ms === null ||
  duration_ms <= announced_ms + Math.max(5_000, announced_ms * 0.02);
