/**
 * `bun bench/course FOLDER [--seed N] [--lectures N] [--pages N] [--languages en,de,fr] [--no-audio]`: generates a
 * course, by default in English, German and French, with its exact timeline and its questions. docs/evaluation.md
 * describes the files.
 */
import { parseArgs } from "node:util";
import { COURSE_LANGUAGES, type CourseLanguage } from "./phrases";
import { hasVoices } from "./speak";
import { type WriteOptions, writeCourse } from "./write-course";

const USAGE = `Usage: bun bench/course FOLDER [--seed N] [--lectures N] [--pages N] [--languages LIST] [--no-audio]
Lectures and pages are numbers from 1 to 500, a seed is one from 0 to 4294967295. LIST is some of ${COURSE_LANGUAGES.join(",")}.`;

function readOptions(): WriteOptions & { folder: string } {
  const text = { type: "string" as const };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: text,
      lectures: text,
      pages: text,
      languages: text,
      "no-audio": { type: "boolean", default: false },
    },
  });
  const [folder, ...others] = positionals;
  if (!folder || others.length > 0) throw new Error("One folder is needed");
  return {
    folder,
    seed: toNumber("--seed", values.seed ?? "1", 0, 2 ** 32 - 1),
    lectures: toNumber("--lectures", values.lectures ?? "3", 1, 500),
    pages: toNumber("--pages", values.pages ?? "12", 1, 500),
    languages: toLanguages(values.languages ?? COURSE_LANGUAGES.join(",")),
    audio: !values["no-audio"],
  };
}

function toNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new Error(`${option}: "${text}" is not a number from ${least} to ${most}`);
}

function toLanguages(list: string): CourseLanguage[] {
  return [...new Set(list.split(","))].map((name) => {
    const language = COURSE_LANGUAGES.find((known) => known === name.trim().toLowerCase());
    if (language) return language;
    throw new Error(`--languages: "${name}" is not one of ${COURSE_LANGUAGES.join(", ")}`);
  });
}

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exit(2);
}
const { folder, ...course } = options;
try {
  const { lectures, questions } = await writeCourse(folder, course);
  const audio = !course.audio
    ? "without audio"
    : hasVoices()
      ? "spoken by espeak-ng"
      : "with tones";
  const covered = questions.filter((question) => question.covered).length;
  console.log(
    `${lectures.length} lectures ${audio}, ${covered} covered and ${questions.length - covered} uncovered questions in ${folder}`,
  );
} catch (error) {
  console.error(
    `The course cannot be written to ${folder}: ${error instanceof Error ? error.message : error}`,
  );
  process.exit(1);
}
