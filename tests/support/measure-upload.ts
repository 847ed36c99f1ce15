import { sendSpeech } from "../../src/providers/speech/speech-request";

/**
 * Run as a process of its own: uploads `argv[3]` to `argv[2]` and prints by how many bytes its
 * memory grew at most, beside what the server answered.
 */
const [, , url, path] = process.argv;
Bun.gc(true);
const before = process.memoryUsage.rss();
let peak = before;
const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5);

const { signal } = new AbortController();
const answer = await sendSpeech({
  provider: "test",
  url: url!,
  headers: {},
  fields: [["model_id", "scribe_v1"]],
  path: path!,
  signal,
});

clearInterval(sampling);
console.log(JSON.stringify({ growth_bytes: peak - before, answer: JSON.parse(answer.body) }));
