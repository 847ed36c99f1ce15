import * as HLS from "hls-parser";
import { AppError } from "../../errors";

HLS.setOptions({ silent: true }); // it would print every oddity of a foreign playlist

/** Bytes to fetch and append: a segment, or the header that the segments after it share. */
export type PlaylistPiece = {
  url: string;
  range?: { offset: number; length: number };
  /**
   * Set when this piece starts a new run: its timestamps or its header do not continue those before.
   * The position on the playlist's clock.
   */
  run_start_ms?: number;
};

export type Playlist =
  | { kind: "master"; master: HLS.types.MasterPlaylist; url: URL }
  | { kind: "media"; pieces: PlaylistPiece[]; duration_ms: number; ended: boolean };

/** A media playlist of a master, and whether the master lists audio in it. */
export type AudioCandidate = { url: URL; listsAudio: boolean };

/** More than 55 hours of ten-second segments. */
const MAX_SEGMENTS = 20_000;
const MAX_RUNS = 500;
const AUDIO_CODEC = /mp4a|[ae]c-3|opus|flac|alac|vorbis|mp3/i;
const PICTURE = /avc|hvc|hev|dvh|vp0?[89]|av01|mp4v/i;

/** Audio for blind viewers, in which a narrator speaks between the sentences. */
const DESCRIBES_PICTURE = /describes-video/i;

/** Detects HLS by its content, since Panopto also names it `.panobf2`. */
export const isPlaylist = (text: string): boolean => /^\uFEFF?#EXTM3U\b/.test(text);

/**
 * Reads a playlist; relative addresses are taken from `url`. A playlist of type VOD has ended, also
 * when its end is not marked.
 *
 * @throws AppError `recording_unsupported` (broken, encrypted, too long)
 */
export function readPlaylist(text: string, url: URL): Playlist {
  const playlist = parse(text);
  if (playlist.isMasterPlaylist) {
    return { kind: "master", master: playlist as HLS.types.MasterPlaylist, url };
  }
  const { segments, endlist, playlistType } = playlist as HLS.types.MediaPlaylist;
  if (segments.length === 0) throw unsupported("the playlist is empty");
  if (segments.length > MAX_SEGMENTS) throw unsupported(`more than ${MAX_SEGMENTS} segments`);
  if (segments.some(({ key }) => key && key.method !== "NONE")) throw unsupported("encrypted");

  const seconds = segments.reduce((sum, { duration }) => sum + duration, 0);
  if (!(seconds > 0)) throw unsupported("segments without a length");
  return {
    kind: "media",
    pieces: toPieces(segments, url),
    duration_ms: Math.round(seconds * 1000),
    ended: endlist || playlistType === "VOD",
  };
}

/**
 * The media playlists that can have the audio, the one with the fewest bytes first: an audio
 * rendition, then a variant without a picture, then variants by bandwidth. A default rendition
 * without an address is the audio inside its variant. Variants without audio in `CODECS` are last,
 * because that list can be wrong.
 *
 * @param audioOnly  accept no picture
 */
export function listAudio(
  { master, url }: Extract<Playlist, { kind: "master" }>,
  { audioOnly }: { audioOnly: boolean },
): AudioCandidate[] {
  const variants = master.variants
    .filter(({ isIFrameOnly }) => !isIFrameOnly)
    .toSorted((a, b) => a.bandwidth - b.bandwidth);
  const renditions = variants.flatMap((variant) =>
    variant.audio.map((rendition) => ({ rendition, variant })),
  );
  const preferred =
    renditions.find(({ rendition }) => rendition.isDefault) ??
    renditions.find(({ rendition }) => !DESCRIBES_PICTURE.test(rendition.characteristics ?? "")) ??
    renditions[0];
  const isSound = ({ codecs }: HLS.types.Variant) => Boolean(codecs && !PICTURE.test(codecs));
  const hasAudio = ({ codecs }: HLS.types.Variant) => !codecs || AUDIO_CODEC.test(codecs);
  const candidate = (uri: string, listsAudio = true) => ({ url: resolve(uri, url), listsAudio });

  if (preferred?.rendition.uri) return [candidate(preferred.rendition.uri)];
  const muxed = preferred && !audioOnly ? [preferred.variant] : [];
  const audible = variants.filter(hasAudio);
  const ordered = audioOnly
    ? preferred
      ? []
      : audible.filter(isSound)
    : [...muxed, ...audible.filter(isSound), ...audible, ...variants];
  return [...new Set(ordered)].map((variant) =>
    candidate(variant.uri, hasAudio(variant) || variant === preferred?.variant),
  );
}

function parse(text: string) {
  try {
    return HLS.parse(text);
  } catch (error) {
    throw new AppError("recording_unsupported", { reason: "a broken playlist" }, { cause: error });
  }
}

/**
 * Fragmented MP4 keeps its header apart: it is placed before the first segment that names it. A
 * discontinuity, a new header and a gap (segments that the server does not have) start a new run.
 */
function toPieces(segments: readonly HLS.types.Segment[], url: URL): PlaylistPiece[] {
  const pieces: PlaylistPiece[] = [];
  let header = "";
  let start_ms = 0;
  let isNewRun = false;
  let runs = 1;
  for (const { uri, byterange, map, duration, discontinuity, gap } of segments) {
    const at_ms = Math.round(start_ms);
    start_ms += duration * 1_000;
    if (gap) {
      isNewRun = true;
      continue;
    }
    const mapPiece = map?.uri ? toPiece(map.uri, map.byterange, url) : null;
    const mapText = JSON.stringify(mapPiece);
    isNewRun ||= pieces.length > 0 && (Boolean(discontinuity) || mapText !== header);
    if (isNewRun && ++runs > MAX_RUNS) throw unsupported(`more than ${MAX_RUNS} discontinuities`);
    const added = [toPiece(uri, byterange, url)];
    if (mapPiece && (isNewRun || mapText !== header)) added.unshift(mapPiece);
    if (isNewRun) added[0]!.run_start_ms = at_ms;
    pieces.push(...added);
    header = mapText;
    isNewRun = false;
  }
  if (pieces.length === 0) throw unsupported("the playlist has gaps only");
  return pieces;
}

function toPiece(uri: string, range: HLS.types.Byterange | undefined, url: URL): PlaylistPiece {
  const address = resolve(uri, url).href;
  if (!range) return { url: address };
  if (!(range.length > 0 && range.offset >= 0)) throw unsupported("a broken byte range");
  return { url: address, range: { offset: range.offset, length: range.length } };
}

function resolve(uri: string, base: URL): URL {
  const url = URL.parse(uri, base);
  if (!url) throw unsupported("a broken address");
  return url;
}

const unsupported = (reason: string) => new AppError("recording_unsupported", { reason });
