/**
 * `bun bench/course FOLDER [--seed N] [--lectures N] [--pages N] [--no-audio]`: generates a course in English, German
 * and French, with its exact timeline and its questions. docs/evaluation.md describes the files.
 */
import { parseArgs } from "node:util";
import { hasVoices } from "./speak";
import { writeCourse } from "./write-course";

const USAGE =
  "Usage: bun bench/course FOLDER [--seed N] [--lectures N] [--pages N] [--no-audio]\nN is a number from 1 to 500.";

function readOptions() {
  const number = { type: "string" as const };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: number,
      lectures: number,
      pages: number,
      "no-audio": { type: "boolean", default: false },
    },
  });
  const numbers = [values.seed ?? "1", values.lectures ?? "3", values.pages ?? "12"].map(Number);
  const areValid = numbers.every((n) => Number.isInteger(n) && n >= 1 && n <= 500);
  const [folder, ...others] = positionals;
  if (!folder || others.length > 0 || !areValid) throw new Error("one folder is needed");
  const [seed, lectures, pages] = numbers as [number, number, number];
  return { folder, seed, lectures, pages, audio: !values["no-audio"] };
}

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exit(2);
}
const { folder, ...course } = options;
const { lectures, questions } = await writeCourse(folder, course);
const audio = !course.audio ? "without audio" : hasVoices() ? "spoken by espeak-ng" : "with tones";
const covered = questions.filter((question) => question.covered).length;
console.log(
  `${lectures.length} lectures ${audio}, ${covered} covered and ${questions.length - covered} uncovered questions in ${folder}`,
);
