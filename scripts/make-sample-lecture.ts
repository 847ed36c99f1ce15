/**
 * Makes the sample recording from `examples/course/lecture/script.txt` with espeak-ng, in the same folder:
 * `sound.mp3`, `captions.srt` with exact times, and `session.json` for the sample site.
 *
 * Each sentence is spoken and measured separately, so the captions are exact. Run it only after a change to
 * the script; nothing else uses espeak-ng.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import type { Segment } from "../src/text/transcript/transcript";
import { toSrt } from "../src/text/transcript/write-captions";

const folder = join(import.meta.dir, "../examples/course/lecture");
const SESSION_ID = "c0ffee00-1948-4a5b-8c7d-e17709900b17";
const SPEECH = ["-v", "en-gb", "-s", "165", "-p", "45"];
const PAUSE_MS = { sentence: 350, slide: 900 };

type Slide = { seconds: number; caption: string };

const work = await mkdtemp(join(tmpdir(), "sample-lecture-"));
try {
  const segments: Segment[] = [];
  const slides: Slide[] = [];
  const parts: string[] = [];
  let now_ms = 0;
  const append = (path: string, length_ms: number) => {
    parts.push(path);
    now_ms += length_ms;
  };

  for (const line of (await Bun.file(join(folder, "script.txt")).text()).split("\n")) {
    if (line.startsWith("# ")) {
      append(...(await silence(PAUSE_MS.slide)));
      slides.push({ seconds: now_ms / 1_000, caption: line.slice(2) });
    } else if (line !== "") {
      const [path, length_ms] = await speak(line, parts.length);
      segments.push({ start_ms: now_ms, end_ms: now_ms + length_ms, text: line });
      append(path, length_ms);
      append(...(await silence(PAUSE_MS.sentence)));
    }
  }

  await concatenate(parts, join(folder, "sound.mp3"));
  await Bun.write(join(folder, "captions.srt"), toSrt(segments));
  await Bun.write(join(folder, "session.json"), toSession(slides, now_ms));
  console.log(
    `${(now_ms / 1_000).toFixed(1)} s, ${segments.length} sentences, ${slides.length} slides`,
  );
} finally {
  await rm(work, { recursive: true });
}

async function speak(sentence: string, number: number): Promise<[path: string, length_ms: number]> {
  const path = join(work, `${number}.wav`);
  await $`espeak-ng ${SPEECH} -w ${path} ${sentence}`;
  return [path, await lengthOf(path)];
}

async function silence(length_ms: number): Promise<[path: string, length_ms: number]> {
  const path = join(work, `silence-${length_ms}.wav`);
  const seconds = length_ms / 1_000;
  await $`ffmpeg -v error -y -f lavfi -i anullsrc=r=22050:cl=mono -t ${seconds} -c:a pcm_s16le ${path}`;
  return [path, await lengthOf(path)];
}

async function lengthOf(path: string): Promise<number> {
  const seconds =
    await $`ffprobe -v error -show_entries format=duration -of csv=p=0 ${path}`.text();
  return Math.round(Number(seconds) * 1_000);
}

async function concatenate(paths: string[], to: string): Promise<void> {
  const list = join(work, "list.txt");
  await Bun.write(list, paths.map((path) => `file '${path}'\n`).join(""));
  const mp3 = ["-ac", "1", "-ar", "16000", "-c:a", "libmp3lame", "-b:a", "32k"];
  const same = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"];
  await $`ffmpeg -v error -y -f concat -safe 0 -i ${list} ${mp3} ${same} ${to}`;
}

function toSession(slides: Slide[], duration_ms: number): string {
  const session = {
    session_id: SESSION_ID,
    title: "Introduction to Information Theory, lecture 1",
    duration_seconds: duration_ms / 1_000,
    streams: [{ tag: "AUDIO", file: "sound.mp3" }],
    podcast_audio: "sound.mp3",
    captions: { 0: "captions.srt" },
    slides,
  };
  return `${JSON.stringify(session, null, 2)}\n`;
}
