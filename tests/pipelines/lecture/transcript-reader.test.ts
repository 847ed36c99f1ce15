import { expect, test } from "bun:test";
import { readTranscript } from "../../../src/pipelines/lecture/read-transcript";
import { openTranscript } from "../../../src/pipelines/lecture/transcript-reader";
import { failureOf } from "../../support/failures";

const NEVER = new AbortController().signal;
const encode = (text: string) => new TextEncoder().encode(text);
/** A transcript with the times of all words, as whisper writes it. */
function whisperFile(count: number) {
  const words = Array.from({ length: count }, (_, i) => ({
    word: ` word${i % 997}`,
    start: i * 0.3,
    end: i * 0.3 + 0.2,
    probability: 0.9,
  }));
  const text = words.map(({ word }) => word).join("");
  const segments = [{ start: 0, end: count * 0.3, text, words }];
  return { bytes: encode(JSON.stringify({ text, segments })), filename: "lecture.json" };
}

test("a large file is read as a small one, in a thread, while this thread goes on", async () => {
  const file = whisperFile(40_000);
  const alone = performance.now();
  const expected = readTranscript(file, "en");
  const blocked = performance.now() - alone;
  let longestGap = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    longestGap = Math.max(longestGap, performance.now() - last);
    last = performance.now();
  }, 1);
  const read = await openTranscript(file, "en", NEVER);
  clearInterval(watch);

  expect(read).toEqual(expected);
  expect(JSON.parse(read.transcript.word_segments).words).toHaveLength(40_000);
  // Load of the machine delays both: reading here would block for the whole of `blocked`.
  expect(longestGap).toBeLessThan(blocked / 2);
});

test("an unreadable large file is refused with the same error as a small one", async () => {
  const broken = [
    ["notes.txt", "no transcript ".repeat(20_000), "content_type_invalid"],
    ["lecture.json", `{"segments":[{"start":${" ".repeat(200_000)}`, "body_malformed"],
    ["lecture.json", `{"x":[${"[],".repeat(1_000_001)}0]}`, "body_too_complex"],
  ] as const;
  for (const [filename, text, code] of broken) {
    const toFile = () => ({ bytes: encode(text), filename });
    const large = await failureOf(openTranscript(toFile(), undefined, NEVER));
    const here = await failureOf((async () => readTranscript(toFile()))());
    expect(large).toEqual(here);
    expect(large.code).toBe(code);
  }
});

test("reading stops at once when the request ends, and the next file has its turn", async () => {
  const stop = new AbortController();
  const first = openTranscript(whisperFile(60_000), "en", stop.signal);
  const waiting = openTranscript(whisperFile(20_000), "en", stop.signal);
  const next = openTranscript(whisperFile(3_000), "en", NEVER);
  setTimeout(() => stop.abort(new Error("the client left")), 20);

  const stopped = await Promise.allSettled([first, waiting]);
  expect(stopped.map((one) => one.status === "rejected" && one.reason.message)).toEqual([
    "the client left",
    "the client left",
  ]);
  expect((await next).transcript.token_count).toBeGreaterThan(3_000);
});
