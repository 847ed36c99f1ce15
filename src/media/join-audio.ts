import { type FileHandle, open } from "node:fs/promises";
import { AppError } from "../errors";
import { type OnSpawn, runTool, UNTRUSTED_INPUT } from "./ffmpeg";
import { probeMedia } from "./probe-audio";
import { writeAll } from "./write-all";

/** A part of a file, and its position on the clock of the joined file. All in milliseconds. */
export type AudioPiece = {
  /** The start of the piece in the decoded audio of its file. */
  from_ms: number;
  /** Exclusive; undefined lasts to the end of the file. */
  until_ms?: number | undefined;
  /** The start of the piece in the joined file. */
  at_ms: number;
};

export type PlacedAudioFile = { path: string; pieces: readonly AudioPiece[] };

type JoinOptions = { signal: AbortSignal; onSpawn?: OnSpawn | undefined };

/** 16 kHz, as speech services use it. Two channels, so that a silent or inverted one can be left out. */
const SAMPLE_RATE = 16_000;
const CHANNELS = 2;
const FRAME_BYTES = CHANNELS * 2;
const HEADER_BYTES = 44;
/** The sizes in a WAV header have 32 bits: 18 hours. */
const MAX_DATA_BYTES = 0xffff_ffff - HEADER_BYTES;
/** Decoding runs at several hundred times real time. */
const TIMEOUT_MS = 30 * 60_000;

/**
 * Decodes pieces of several files and writes them at their positions into one WAV file. A gap between
 * two pieces is silence, so every word keeps its time; where two overlap, the later file wins.
 *
 * @param path  receives the WAV file
 * @throws AppError `recording_without_sound` when no file has audio, `recording_too_long`,
 *   `audio_extraction_failed`, `tool_missing`, `tool_killed`
 */
export async function joinAudio(
  files: readonly PlacedAudioFile[],
  path: string,
  options: JoinOptions,
): Promise<void> {
  await using output = await open(path, "w");
  let dataBytes = 0;
  for (const file of files) {
    const media = await probeMedia(file.path, probeOptions(options));
    if (!media?.audio) continue;
    dataBytes = Math.max(dataBytes, await writeFile(file, output, options));
  }
  if (dataBytes === 0) throw new AppError("recording_without_sound");
  await writeAll(output, wavHeader(dataBytes), 0);
}

const probeOptions = ({ signal, onSpawn }: JoinOptions) => ({
  signal,
  ...(onSpawn && { onSpawn }),
});

/** A last packet: more audio than this after the first error is damage in the middle. */
const LAST_PIECE_MS = 2_000;

/**
 * Writes the pieces of one file. A stream that was cut between two segments can end inside a packet;
 * damage elsewhere is an error, as in `extractAudio`.
 *
 * @returns the end of the last piece in the joined audio, in bytes
 */
async function writeFile(
  file: PlacedAudioFile,
  output: FileHandle,
  options: JoinOptions,
): Promise<number> {
  const strict = await writePieces(file, output, options, ["-xerror"]);
  if (strict.exitCode === 0) return strict.end;
  const lenient = await writePieces(file, output, options, []);
  const after = lenient.decodedBytes - strict.decodedBytes;
  if (lenient.exitCode === 0 && after <= toBytes(LAST_PIECE_MS)) return lenient.end;
  throw new AppError("audio_extraction_failed", {
    exitCode: strict.exitCode,
    stderr: strict.stderr.replaceAll(file.path, "recording"),
  });
}

type WrittenPieces = { end: number; decodedBytes: number; exitCode: number; stderr: string };

async function writePieces(
  { path, pieces }: PlacedAudioFile,
  output: FileHandle,
  { signal, onSpawn }: JoinOptions,
  strictness: string[],
): Promise<WrittenPieces> {
  const spans = pieces.map(({ from_ms, until_ms, at_ms }) => ({
    from: toBytes(from_ms),
    until: until_ms === undefined ? Number.POSITIVE_INFINITY : toBytes(until_ms),
    shift: toBytes(at_ms) - toBytes(from_ms),
  }));
  let position = 0;
  let end = 0;
  const { exitCode, stderr } = await runTool(
    "ffmpeg",
    [
      ...["-nostdin", "-v", "error", ...strictness, "-threads", "1"],
      ...[...UNTRUSTED_INPUT, "-i", path],
      ...["-map", "0:a:0", "-vn", "-sn", "-dn", "-af", "aresample=16000:async=1:first_pts=0"],
      ...["-ac", String(CHANNELS), "-f", "s16le", "pipe:1"],
    ],
    {
      signal,
      timeoutMs: TIMEOUT_MS,
      ...(onSpawn && { onSpawn }),
      onBytes: async (bytes) => {
        for (const { from, until, shift } of spans) {
          const first = Math.max(from, position);
          const last = Math.min(until, position + bytes.length);
          if (last <= first) continue;
          if (last + shift > MAX_DATA_BYTES) throw new AppError("recording_too_long");
          const slice = bytes.subarray(first - position, last - position);
          await writeAll(output, slice, HEADER_BYTES + first + shift);
          end = Math.max(end, last + shift);
        }
        position += bytes.length;
      },
    },
  );
  return { end, decodedBytes: position, exitCode, stderr };
}

/** Whole frames only: half a frame would swap the channels. */
const toBytes = (ms: number) => Math.round((ms * SAMPLE_RATE) / 1_000) * FRAME_BYTES;

function wavHeader(dataBytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(dataBytes + HEADER_BYTES - 8, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(CHANNELS, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * FRAME_BYTES, 28);
  header.writeUInt16LE(FRAME_BYTES, 32);
  header.writeUInt16LE(16, 34); // bits per sample
  header.write("data", 36, "latin1");
  header.writeUInt32LE(dataBytes, 40);
  return header;
}
