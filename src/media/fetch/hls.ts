import { open, rm } from "node:fs/promises";
import { AppError } from "../../errors";
import type { OnSpawn } from "../ffmpeg";
import { joinAudio, type PlacedAudioFile } from "../join-audio";
import { probeMedia } from "../probe-audio";
import { writeAll } from "../write-all";
import { type ByteBuffer, ByteBuffers, freeChunk } from "./byte-buffers";
import { type DownloadOrder, downloadFile, MAX_FILE_BYTES } from "./download";
import type { Fetched } from "./guarded-fetch";
import {
  type AudioCandidate,
  isPlaylist,
  listAudio,
  type Playlist,
  type PlaylistPiece,
  readPlaylist,
} from "./hls-playlist";
import { assertMediaResponse } from "./response-status";
import { retryingFetch } from "./retries";

export type StreamOrder = DownloadOrder & {
  /** Length of the recording as its source states it; null when unknown. */
  announced_duration_ms: number | null;
  /** Accept only a stream that has no picture. */
  audioOnly: boolean;
  /** Receives the ffmpeg processes that inspect and join segments. */
  onSpawn?: OnSpawn | undefined;
};

/** 20 000 segments with long signed addresses. */
const MAX_PLAYLIST_BYTES = 16 * 1024 ** 2;
/** A byte order mark, `#EXTM3U` and the end of its line: enough to detect a playlist. */
const MARK_BYTES = 12;
/** Ten seconds at 50 Mbit/s. */
const MAX_PIECE_BYTES = 64 * 1024 ** 2;
const PARALLEL = 4;
const ATTEMPTS = 4;

/**
 * Downloads a recording that is an HLS playlist or a plain file; the content decides, not the name.
 *
 * From a playlist it downloads all segments of the smallest audio, in order. If the timestamps of the
 * segments are not continuous, it joins them on the playlist's clock, as a WAV file.
 *
 * @throws AppError `recording_incomplete`, `recording_not_ready`, `recording_unsupported`,
 *         `recording_without_sound`, `media_refused`, and the errors of `GuardedFetch` and `joinAudio`
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
  const media = first.kind === "master" ? await loadAudible(listAudio(first, order), order) : first;
  assertEnded(media, order.announced_duration_ms);
  assertLength(media.duration_ms, order.announced_duration_ms);
  await downloadPieces(media.pieces, order);
}

type MediaPlaylist = Extract<Playlist, { kind: "media" }>;

/** The first playlist that has audio. The first segment decides where the master lists none. */
async function loadAudible(
  candidates: readonly AudioCandidate[],
  order: StreamOrder,
): Promise<MediaPlaylist> {
  for (const { url, listsAudio } of candidates) {
    const media = await loadPlaylist(url, order);
    // A master names media playlists only, no further masters: this also ends a circle.
    if (media?.kind !== "media") {
      throw new AppError("recording_unsupported", { reason: "playlists inside playlists" });
    }
    if (listsAudio || (await hasAudio(media, order))) return media;
  }
  throw new AppError("recording_without_sound", { host: URL.parse(order.url)?.host });
}

async function hasAudio({ pieces }: MediaPlaylist, order: StreamOrder): Promise<boolean> {
  const path = `${order.path}.head`;
  const head = pieces.slice(0, 2); // a header and a segment, or two segments
  try {
    await appendPieces(head, path, { ...order, onProgress: () => {} });
    const { signal, onSpawn } = order;
    const media = await probeMedia(path, { signal, ...(onSpawn && { onSpawn }) });
    return media?.audio != null;
  } finally {
    await rm(path, { force: true });
  }
}

/** A playlist without an end belongs to a live recording, unless it has the whole length already. */
function assertEnded({ ended, duration_ms }: MediaPlaylist, announced_ms: number | null): void {
  if (ended || (announced_ms !== null && duration_ms >= announced_ms - 2_000)) return;
  throw new AppError("recording_not_ready", { reason: "its playlist has no end" });
}

/** Downloads the pieces of a playlist by runs with continuous timestamps, and joins several runs. */
async function downloadPieces(pieces: PlaylistPiece[], order: StreamOrder): Promise<void> {
  const runs: { start_ms: number; pieces: PlaylistPiece[] }[] = [];
  for (const piece of pieces) {
    const isFirst = runs.length === 0;
    if (isFirst || piece.run_start_ms !== undefined) {
      runs.push({ start_ms: piece.run_start_ms ?? 0, pieces: [] });
    }
    runs.at(-1)!.pieces.push(piece);
  }
  if (runs.length === 1 && runs[0]!.start_ms === 0) {
    return appendPieces(pieces, order.path, order);
  }

  const files: PlacedAudioFile[] = [];
  let before = 0;
  try {
    for (const [i, run] of runs.entries()) {
      const path = `${order.path}.run-${i}`;
      files.push({ path, pieces: [{ from_ms: 0, at_ms: run.start_ms }] });
      const offset = before;
      await appendPieces(run.pieces, path, {
        ...order,
        onProgress: ({ done }) =>
          order.onProgress({ done: offset + done, total: pieces.length, unit: "segments" }),
      });
      before += run.pieces.length;
    }
    await joinAudio(files, order.path, order);
  } finally {
    for (const { path } of files) await rm(path, { force: true });
  }
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
    // The address can be that of a whole recording: reading stops at its first bytes.
    const limits = { ...patience, maxBytes: MAX_FILE_BYTES };
    const fetched = await fetch(address, { headers, reach: "public", ...limits, signal });
    assertMediaResponse(fetched);

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
async function appendPieces(
  pieces: PlaylistPiece[],
  path: string,
  order: StreamOrder,
): Promise<void> {
  await using file = await open(path, "w");
  const buffers = new ByteBuffers();
  const ended = new AbortController();
  const signal = AbortSignal.any([order.signal, ended.signal]);
  const ahead: Promise<ReceivedPiece>[] = [];
  let written = 0;
  const fetchNext = (piece: PlaylistPiece | undefined) => {
    if (!piece) return;
    const received = fetchPiece(piece, { ...order, signal }, buffers);
    received.catch(() => {}); // the loop below reports it, unless the download has ended before
    ahead.push(received);
  };

  try {
    for (const piece of pieces.slice(0, PARALLEL)) fetchNext(piece);
    for (let done = 1; done <= pieces.length; done++) {
      const { bytes, buffer } = await ahead.shift()!;
      await writeAll(file, bytes, written);
      buffers.giveBack(buffer);
      fetchNext(pieces[done + PARALLEL - 1]);
      written += bytes.byteLength;
      if (written > MAX_FILE_BYTES) throw tooLarge(MAX_FILE_BYTES);
      order.onProgress({ done, total: pieces.length, unit: "segments" });
    }
  } finally {
    ended.abort();
  }
}

/** The bytes of a piece, which are a part of the buffer. */
type ReceivedPiece = { bytes: Uint8Array; buffer: ByteBuffer };

function fetchPiece(
  { url, range }: PlaylistPiece,
  order: StreamOrder,
  buffers: ByteBuffers,
): Promise<ReceivedPiece> {
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
    assertMediaResponse(fetched);

    const buffer = buffers.take();
    for await (const chunk of fetched.body) {
      buffer.append(chunk);
      freeChunk(chunk);
    }
    const body = buffer.bytes;
    const isWholeFile = range && fetched.status === 200; // a server that knows no ranges
    const bytes = isWholeFile ? body.subarray(range.offset, range.offset + range.length) : body;
    const isShort = range ? bytes.byteLength !== range.length : bytes.byteLength === 0;
    if (isShort) throw new AppError("recording_incomplete", { host: fetched.url.host });
    return { bytes, buffer };
  });
}

const tooLarge = (max_bytes: number) => new AppError("fetch_too_large", { max_bytes });

/** One missing segment among many is not a refusal, and is often there a moment later. */
function assertPresent(fetched: Fetched): void {
  if (fetched.status !== 404 && fetched.status !== 410) return;
  fetched.discard();
  throw new AppError("recording_incomplete", { host: fetched.url.host, status: fetched.status });
}

/** Segments can be on any host; credentials are sent to the playlist's origin only. */
const credentialsFor = (url: URL | string, order: StreamOrder) =>
  URL.parse(url)?.origin === URL.parse(order.url)?.origin ? order.headers : undefined;

const attempting = <T>({ patience, signal }: StreamOrder, attempt: () => Promise<T>) =>
  retryingFetch(attempt, { attempts: ATTEMPTS, backoffMs: patience.backoffMs, signal });
