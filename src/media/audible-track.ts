import { type OnSpawn, runTool, UNTRUSTED_INPUT } from "./ffmpeg";
import { LevelMeter, levelFilters, SILENCE_DB, SPEECH_DB } from "./loudness";
import type { Media } from "./probe-audio";

/** An audio track of a file, mixed to mono, or one channel of it. Both count from 0. */
export type TrackChoice = { track: number; channel: number | null };

export const FIRST_TRACK: TrackChoice = { track: 0, channel: null };

/** Another track or channel is taken only when it is clearly louder than the mix of the first. */
const CLEARLY_LOUDER_DB = 12;
const MAX_TRACKS = 8;
const MAX_CHANNELS = 8;
/** Decoding runs at several hundred times real time. */
const TIMEOUT_MS = 30 * 60_000;

type MeasureOptions = { signal: AbortSignal; onSpawn?: OnSpawn | undefined };

/** The filter that picks a choice's channel, or mixes all of them. */
export const toMono = ({ channel }: TrackChoice): string =>
  channel === null ? "aformat=channel_layouts=mono" : `pan=mono|c0=c${channel}`;

/**
 * Finds the track or channel of a file that is clearly louder than the mix of its first track, which
 * is too quiet for speech. The first track or channel can be empty, and two channels with inverted
 * phase cancel each other in the mix.
 *
 * @param mixDb  level of the mix of the first track
 * @returns null when no other track or channel is audible
 */
export async function findLouderTrack(
  path: string,
  { audio_channels }: Media,
  mixDb: number,
  options: MeasureOptions,
): Promise<TrackChoice | null> {
  let best: TrackChoice | null = null;
  let bestDb = Math.max(mixDb + CLEARLY_LOUDER_DB, SILENCE_DB);
  for (const choice of otherChoices(audio_channels)) {
    const db = await measureLevel(path, choice, options);
    if (db < bestDb) continue;
    best = choice;
    bestDb = db + CLEARLY_LOUDER_DB;
    if (db >= SPEECH_DB) break;
  }
  return best;
}

/** Whether something is audible in any track or channel of a file. */
export async function isAudible(
  path: string,
  media: Media,
  options: MeasureOptions,
): Promise<boolean> {
  const mixDb = await measureLevel(path, FIRST_TRACK, options);
  return mixDb >= SILENCE_DB || (await findLouderTrack(path, media, mixDb, options)) !== null;
}

/** The channels of the first track, then each further track: its mix, and its channels. */
function otherChoices(audio_channels: readonly number[]): TrackChoice[] {
  return audio_channels.slice(0, MAX_TRACKS).flatMap((channels, track) => {
    const count = channels > 1 ? Math.min(channels, MAX_CHANNELS) : 0;
    const single = Array.from({ length: count }, (_, channel) => ({ track, channel }));
    return track === 0 ? single : [{ track, channel: null }, ...single];
  });
}

/** Decodes until enough is audible. Damage is ignored: encoding reports it. */
async function measureLevel(
  path: string,
  choice: TrackChoice,
  { signal, onSpawn }: MeasureOptions,
): Promise<number> {
  const meter = new LevelMeter();
  const enough = new AbortController();
  const filters = [toMono(choice), "aresample=16000", levelFilters(1)].join(",");
  const args = [
    ...["-nostdin", "-v", "error", "-threads", "1", ...UNTRUSTED_INPUT, "-i", path],
    ...["-map", `0:a:${choice.track}`, "-af", filters, "-f", "null", "-"],
  ];
  try {
    await runTool("ffmpeg", args, {
      signal: AbortSignal.any([signal, enough.signal]),
      timeoutMs: TIMEOUT_MS,
      ...(onSpawn && { onSpawn }),
      onLine: (line) => {
        meter.read(line);
        if (meter.isAudible) enough.abort();
      },
    });
  } catch (error) {
    if (signal.aborted || !enough.signal.aborted) throw error;
  }
  return meter.isAudible ? Math.max(meter.level, SPEECH_DB) : meter.level;
}
