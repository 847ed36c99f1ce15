import { open } from "node:fs/promises";
import { AppError } from "../../errors";
import { assertMedia } from "./answers";
import { type DownloadOrder, downloadFile, MAX_FILE_BYTES } from "./download";
import type { Fetched } from "./guarded-fetch";
import { isPlaylist, type Piece, type Playlist, pickSound, readPlaylist } from "./hls-playlist";
import { retrying } from "./retries";

export type StreamOrder = DownloadOrder & {
  /** Length the recording should have; null when nobody announced one. */
  announced_duration_ms: number | null;
  /** Accept only a stream that has no picture. */
  audioOnly: boolean;
};

/** 20 000 segments with long signed addresses. */
const MAX_PLAYLIST_BYTES = 16 * 1024 ** 2;
/** A byte order mark, `#EXTM3U` and the end of its line: enough to know a playlist. */
const MARK_BYTES = 12;
/** Ten seconds at 50 Mbit/s. */
const MAX_PIECE_BYTES = 64 * 1024 ** 2;
const PARALLEL = 4;
const ATTEMPTS = 4;

/**
 * Downloads a recording that is either an HLS playlist or a plain file, whatever its name says.
 *
 * Of a playlist it takes the sound with the fewest bytes, and every segment of it, in order.
 *
 * @throws AppError `recording_incomplete`, `recording_not_ready`, `recording_unsupported`,
 *         `recording_without_sound`, `media_refused`, and what `GuardedFetch` throws
 */
export async function downloadStream(order: StreamOrder): Promise<void> {
  const playlist = await loadPlaylist(order.url, order);
  if (playlist) return downloadPlaylist(playlist, order);
  if (order.audioOnly)
    throw new AppError("recording_without_sound", { reason: "a file, not a playlist" });
  return downloadFile(order);
}

async function downloadPlaylist(first: Playlist, order: StreamOrder): Promise<void> {
  if (first.kind === "media" && order.audioOnly) {
    throw new AppError("recording_without_sound", { reason: "the playlist offers no choice" });
  }
  const media =
    first.kind === "master" ? await loadPlaylist(pickSound(first, order), order) : first;
  // A master may name media playlists, not further masters: that is also what ends a circle.
  if (media?.kind !== "media") {
    throw new AppError("recording_unsupported", { reason: "playlists inside playlists" });
  }
  assertLength(media.duration_ms, order.announced_duration_ms);
  await appendPieces(media.pieces, order);
}

/** Tolerates 2 %, or 2 s of a short recording: segments are cut at pictures, not at seconds. */
function assertLength(duration_ms: number, announced_duration_ms: number | null): void {
  if (announced_duration_ms === null) return;
  const missing_ms = announced_duration_ms - duration_ms;
  if (missing_ms <= Math.max(2_000, announced_duration_ms * 0.02)) return;
  throw new AppError("recording_incomplete", { duration_ms, announced_duration_ms });
}

/** The playlist at an address, or null when something else is there. */
function loadPlaylist(address: URL | string, order: StreamOrder): Promise<Playlist | null> {
  return attempting(order, async () => {
    const { fetch, patience, signal } = order;
    const headers = credentialsFor(address, order);
    // A whole recording may answer: reading stops at its first bytes.
    const limits = { ...patience, maxBytes: MAX_FILE_BYTES };
    const fetched = await fetch(address, { headers, reach: "public", ...limits, signal });
    assertMedia(fetched);

    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of fetched.body) {
      const wasUnknown = size < MARK_BYTES;
      size += chunk.byteLength;
      chunks.push(chunk);
      const isKnown = wasUnknown && size >= MARK_BYTES;
      if (isKnown && !isPlaylist(Buffer.concat(chunks).toString("utf8"))) return null;
      if (size > MAX_PLAYLIST_BYTES) throw tooLarge(MAX_PLAYLIST_BYTES);
    }
    const text = Buffer.concat(chunks).toString("utf8");
    return isPlaylist(text) ? readPlaylist(text, fetched.url) : null;
  });
}

/** Fetches a few pieces ahead and writes them in their order. */
async function appendPieces(pieces: Piece[], order: StreamOrder): Promise<void> {
  await using file = await open(order.path, "w");
  const ended = new AbortController();
  const signal = AbortSignal.any([order.signal, ended.signal]);
  const ahead: Promise<Uint8Array>[] = [];
  let written = 0;
  const fetchNext = (piece: Piece | undefined) => {
    if (!piece) return;
    const bytes = fetchPiece(piece, { ...order, signal });
    bytes.catch(() => {}); // it is seen when its turn comes, or the download has ended before
    ahead.push(bytes);
  };

  try {
    for (const piece of pieces.slice(0, PARALLEL)) fetchNext(piece);
    for (let done = 1; done <= pieces.length; done++) {
      const bytes = await ahead.shift()!;
      fetchNext(pieces[done + PARALLEL - 1]);
      await file.write(bytes);
      written += bytes.byteLength;
      if (written > MAX_FILE_BYTES) throw tooLarge(MAX_FILE_BYTES);
      order.onProgress({ done, total: pieces.length, unit: "segments" });
    }
  } finally {
    ended.abort();
  }
}

function fetchPiece({ url, range }: Piece, order: StreamOrder): Promise<Uint8Array> {
  return attempting(order, async () => {
    const { fetch, patience, signal } = order;
    const last = range && range.offset + range.length - 1;
    const headers = {
      ...credentialsFor(url, order),
      ...(range && { range: `bytes=${range.offset}-${last}` }),
    };
    const limits = { ...patience, maxBytes: MAX_PIECE_BYTES };
    const fetched = await fetch(url, { headers, reach: "public", ...limits, signal });
    assertPresent(fetched);
    assertMedia(fetched);

    const body = Buffer.concat(await Array.fromAsync(fetched.body));
    const isWholeFile = range && fetched.status === 200; // a server that knows no ranges
    const piece = isWholeFile ? body.subarray(range.offset, range.offset + range.length) : body;
    const isShort = range ? piece.byteLength !== range.length : piece.byteLength === 0;
    if (isShort) throw new AppError("recording_incomplete", { host: fetched.url.host });
    return piece;
  });
}

const tooLarge = (max_bytes: number) => new AppError("fetch_too_large", { max_bytes });

/** One missing segment among many is no refusal, and often there a moment later. */
function assertPresent(fetched: Fetched): void {
  if (fetched.status !== 404 && fetched.status !== 410) return;
  fetched.discard();
  throw new AppError("recording_incomplete", { host: fetched.url.host, status: fetched.status });
}

/** What a playlist names may lie anywhere; credentials are for the origin that was asked first. */
const credentialsFor = (url: URL | string, order: StreamOrder) =>
  URL.parse(url)?.origin === URL.parse(order.url)?.origin ? order.headers : undefined;

const attempting = <T>({ patience, signal }: StreamOrder, attempt: () => Promise<T>) =>
  retrying(attempt, { attempts: ATTEMPTS, backoffMs: patience.backoffMs, signal });
