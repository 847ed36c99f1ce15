import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Length of every sample, in seconds. */
export const SAMPLE_SECONDS = 12;

/**
 * A folder with one short lecture in every shape that Panopto serves: `video.mp4`, `silent.mp4`,
 * `sound.mp3`, and HLS as `ts/master.m3u8` (sound and picture), `ts/screen.m3u8` (no sound),
 * `fmp4/media.m3u8` (map and byte ranges) and `both/master.m3u8` (audio rendition beside a variant
 * with a picture). Made once per machine, and again whenever this file changes.
 */
export function sampleMedia(): Promise<string> {
  sample ??= findOrMakeMedia();
  return sample;
}

let sample: Promise<string> | undefined;

async function findOrMakeMedia(): Promise<string> {
  const recipe = Bun.hash(await Bun.file(import.meta.path).text()).toString(36);
  const folder = join(tmpdir(), `lectern-panopto-media-${recipe}`);
  if (await Bun.file(join(folder, "both/master.m3u8")).exists()) return folder;

  const draft = await makeMedia(await mkdtemp(`${folder}-`));
  // Another test process may have been quicker; its folder is as good as ours.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true }));
  return folder;
}

const TONE = ["-f", "lavfi", "-i", `sine=frequency=440:duration=${SAMPLE_SECONDS}`];
const PICTURE = ["-f", "lavfi", "-i", `testsrc=size=160x90:rate=10:duration=${SAMPLE_SECONDS}`];
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p"];
const AAC = ["-c:a", "aac", "-b:a", "48k"];
const HLS = ["-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"];

async function makeMedia(folder: string): Promise<string> {
  const video = join(folder, "video.mp4");
  for (const name of ["ts", "fmp4", "both"]) await Bun.$`mkdir -p ${join(folder, name)}`;
  await ffmpeg(folder, [...PICTURE, ...TONE, ...H264, ...AAC, "-movflags", "+faststart", video]);
  await ffmpeg(folder, ["-i", video, "-an", "-c", "copy", "silent.mp4"]);
  await ffmpeg(folder, ["-i", video, "-vn", "-ac", "1", "-b:a", "48k", "sound.mp3"]);
  await ffmpeg(folder, ["-i", video, "-c", "copy", ...HLS, "ts/media.m3u8"]);
  await ffmpeg(folder, ["-i", video, "-an", "-c", "copy", ...HLS, "ts/screen.m3u8"]);
  const oneFile = ["-hls_segment_type", "fmp4", "-hls_flags", "single_file"];
  await ffmpeg(folder, ["-i", video, "-vn", "-c", "copy", ...HLS, ...oneFile, "fmp4/media.m3u8"]);

  await Bun.write(join(folder, "ts/master.m3u8"), MASTER);
  await Bun.write(join(folder, "both/master.m3u8"), MASTER_WITH_AUDIO);
  return folder;
}

const MASTER = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS="avc1.42c00b,mp4a.40.2",RESOLUTION=160x90
dear.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=100000,CODECS="avc1.42c00b",RESOLUTION=160x90
screen.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.42c00b,mp4a.40.2",RESOLUTION=160x90
media.m3u8
`;

const MASTER_WITH_AUDIO = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English",DEFAULT=YES,URI="../fmp4/media.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.42c00b,mp4a.40.2",AUDIO="sound"
../ts/media.m3u8
`;

async function ffmpeg(cwd: string, args: string[]): Promise<void> {
  await Bun.$`ffmpeg -nostdin -v error -y ${args}`.cwd(cwd).quiet();
}
