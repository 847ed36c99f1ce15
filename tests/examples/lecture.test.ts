import { expect, test } from "bun:test";
import { join } from "node:path";
import { loadSessions } from "../../examples/panopto-site";
import { probeAudio } from "../../src/media/probe-audio";
import { parseSrt } from "../../src/text/transcript/captions";

const [session] = await loadSessions(join(import.meta.dir, "../../examples/course"));
const file = (name: string) => join(session!.folder, name);
const script = (await Bun.file(file("script.txt")).text()).split("\n").filter(Boolean);
const { segments: captions } = parseSrt(await Bun.file(file("captions.srt")).text());

test("the sample lecture's captions say what is spoken, within its sound", async () => {
  const { signal } = new AbortController();
  const { duration_ms } = await probeAudio(file(session!.streams[0]!.file!), { signal });

  expect(captions.map(({ text }) => text)).toEqual(script.filter((line) => !line.startsWith("# ")));
  expect(Math.abs(duration_ms! - session!.duration_seconds * 1_000)).toBeLessThan(200);
  expect(captions.at(-1)!.end_ms).toBeLessThanOrEqual(duration_ms!);
  expect(Bun.file(file("sound.mp3")).size).toBeLessThan(1_000_000);
});

test("its slides change in the order of the script, before what is said to them", () => {
  const titles = script.filter((line) => line.startsWith("# ")).map((line) => line.slice(2));
  expect(session!.slides.map(({ caption }) => caption)).toEqual(titles);

  for (const { seconds, caption } of session!.slides) {
    const first = script[script.indexOf(`# ${caption}`) + 1];
    const spoken = captions.find(({ text }) => text === first)!;
    expect(spoken.start_ms - seconds * 1_000).toBeGreaterThanOrEqual(0);
    expect(spoken.start_ms - seconds * 1_000).toBeLessThan(50);
  }
});
