import * as HLS from "hls-parser";
import { AppError } from "../../errors";

HLS.setOptions({ silent: true }); // it would print every oddity of a foreign playlist

/** Bytes to fetch and append: a segment, or the header that its successors share. */
export type Piece = {
  url: string;
  range?: { offset: number; length: number };
};

export type Playlist =
  | { kind: "master"; master: HLS.types.MasterPlaylist; url: URL }
  | { kind: "media"; pieces: Piece[]; duration_ms: number };

/** More than 55 hours of ten-second segments. */
const MAX_SEGMENTS = 20_000;
const SOUND = /mp4a|[ae]c-3|opus|flac|alac|vorbis|mp3/i;
const PICTURE = /avc|hvc|hev|dvh|vp0?[89]|av01|mp4v/i;

/** HLS by what it says, since Panopto also names it `.panobf2`. */
export const isPlaylist = (text: string): boolean => /^\uFEFF?#EXTM3U\b/.test(text);

/**
 * Reads a playlist; relative addresses are taken from `url`.
 *
 * @throws AppError `recording_unsupported` (broken, encrypted, too long), `recording_not_ready` (live)
 */
export function readPlaylist(text: string, url: URL): Playlist {
  const playlist = parse(text);
  if (playlist.isMasterPlaylist) {
    return { kind: "master", master: playlist as HLS.types.MasterPlaylist, url };
  }
  const { segments, endlist } = playlist as HLS.types.MediaPlaylist;
  if (!endlist) throw new AppError("recording_not_ready", { reason: "its playlist has no end" });
  if (segments.length === 0) throw unsupported("the playlist is empty");
  if (segments.length > MAX_SEGMENTS) throw unsupported(`more than ${MAX_SEGMENTS} segments`);
  if (segments.some(({ key }) => key && key.method !== "NONE")) throw unsupported("encrypted");

  const seconds = segments.reduce((sum, { duration }) => sum + duration, 0);
  if (!(seconds > 0)) throw unsupported("segments without a length");
  return {
    kind: "media",
    pieces: toPieces(segments, url),
    duration_ms: Math.round(seconds * 1000),
  };
}

/**
 * The address of the sound with the fewest bytes: an audio rendition, else a variant without a
 * picture, else the variant of the lowest bandwidth that has sound.
 *
 * @param audioOnly  accept no picture
 * @throws AppError `recording_without_sound`
 */
export function pickSound(
  { master, url }: Extract<Playlist, { kind: "master" }>,
  { audioOnly }: { audioOnly: boolean },
): URL {
  const variants = master.variants
    .filter(({ isIFrameOnly, codecs }) => !isIFrameOnly && (!codecs || SOUND.test(codecs)))
    .toSorted((a, b) => a.bandwidth - b.bandwidth);
  const renditions = master.variants.flatMap(({ audio }) => audio).filter(({ uri }) => uri);
  const picked =
    renditions.find(({ isDefault }) => isDefault) ??
    renditions[0] ??
    variants.find(({ codecs }) => codecs && !PICTURE.test(codecs)) ??
    (audioOnly ? undefined : variants[0]);

  if (!picked?.uri) throw new AppError("recording_without_sound", { host: url.host });
  return resolve(picked.uri, url);
}

function parse(text: string) {
  try {
    return HLS.parse(text);
  } catch (error) {
    throw new AppError("recording_unsupported", { reason: "a broken playlist" }, { cause: error });
  }
}

/** Fragmented MP4 keeps its header apart: it goes before the first segment that names it. */
function toPieces(segments: readonly HLS.types.Segment[], url: URL): Piece[] {
  let header = "";
  return segments.flatMap(({ uri, byterange, map }) => {
    const segment = toPiece(uri, byterange, url);
    if (!map?.uri) return [segment];
    const piece = toPiece(map.uri, map.byterange, url);
    if (header === (header = JSON.stringify(piece))) return [segment];
    return [piece, segment];
  });
}

function toPiece(uri: string, range: HLS.types.Byterange | undefined, url: URL): Piece {
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
