import { $ } from "bun";

/** Runs ffmpeg as a test's author would on a command line. */
export async function ffmpeg(...args: string[]): Promise<void> {
  await $`ffmpeg -v error -y ${args}`;
}

/** An expression for lavfi's aevalsrc: a tone in each of the intervals (seconds), else silence. */
export function beepsAt(beeps: [start: number, end: number][], duration: number): string[] {
  const sounding = beeps.map(([start, end]) => `between(t,${start},${end})`).join("+");
  return ["-f", "lavfi", "-i", `aevalsrc='sin(2*PI*440*t)*(${sounding})':d=${duration}:s=16000`];
}

/** A lecture: a test picture with a tone under it. `codecs` picks the container by the path's end. */
export async function makeRecording(path: string, seconds: number, ...options: string[]) {
  const picture = ["-f", "lavfi", "-i", `testsrc=size=160x120:rate=5:duration=${seconds}`];
  const sound = ["-f", "lavfi", "-i", `sine=frequency=440:duration=${seconds}`];
  const encoders = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"];
  await ffmpeg(...picture, ...sound, ...encoders, ...options, path);
}

/**
 * The stretches of a file in which something sounds, in milliseconds: what a listener would hear.
 * The file must begin and end in silence.
 */
export async function hearSounds(path: string): Promise<{ start_ms: number; end_ms: number }[]> {
  const filter = "silencedetect=noise=-35dB:duration=0.08,ametadata=mode=print:file=-";
  const printed = await $`ffmpeg -v error -i ${path} -af ${filter} -f null -`.text();
  const edges = (kind: string) =>
    [...printed.matchAll(new RegExp(`silence_${kind}=([\\d.]+)`, "g"))].map(([, seconds]) =>
      Math.round(Number(seconds) * 1_000),
    );

  const [, ...soundEnds] = edges("start");
  return edges("end").flatMap((start_ms, i) => {
    const end_ms = soundEnds[i];
    return end_ms === undefined ? [] : [{ start_ms, end_ms }];
  });
}
