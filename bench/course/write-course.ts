import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { toVtt } from "../../src/text/transcript/write-captions";
import { deckPdf } from "../../tests/support/pdfs";
import {
  type CourseLecture,
  type CourseOptions,
  type GeneratedCourse,
  makeScript,
  timeCourse,
} from "./make-course";
import { PHRASES } from "./phrases";
import { speak } from "./speak";

export type WriteOptions = CourseOptions & {
  /** Also writes the spoken audio, which takes about 10 ms for each sentence. */
  audio?: boolean;
};

/**
 * Writes a generated course for `./lectern eval FOLDER`: for each lecture a PDF, a WebVTT file and, if wanted, an
 * MP3; `questions.jsonl`, `citations.jsonl` and `timeline.jsonl`; and in `labelled/` the lectures for
 * `./lectern eval --alignment` and `--enrichment`. The lectures of a course that was generated there before are removed.
 *
 * @throws Error of the file system, or when the folder has such files of another course
 */
export async function writeCourse(
  folder: string,
  { audio = false, ...options }: WriteOptions = {},
): Promise<GeneratedCourse> {
  await refuseOtherCourse(folder);
  await mkdir(join(folder, "labelled"), { recursive: true });
  await removeLectures(folder);
  await removeLectures(join(folder, "labelled"));
  const script = makeScript(options);
  const durations: number[][] = [];
  for (const { name, language, script: sentences } of audio ? script.lectures : []) {
    const path = join(folder, `${name}.mp3`);
    durations.push(await speak(sentences, PHRASES[language].voice, path));
  }
  const course = audio ? timeCourse(script, durations) : timeCourse(script);
  for (const lecture of course.lectures) await writeLecture(folder, lecture);
  await writeLines(join(folder, "questions.jsonl"), course.questions);
  await writeLines(join(folder, "citations.jsonl"), course.citations);
  await writeLines(join(folder, "timeline.jsonl"), course.lectures.flatMap(toTimeline));
  return course;
}

/** Only a generated course has the folder `labelled`: the files of a teacher are not replaced. */
async function refuseOtherCourse(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const own = names.filter((name) => GENERATED.test(name) || WRITTEN.includes(name));
  if (own.length === 0 || names.includes("labelled")) return;
  throw new Error(
    `${folder} has ${own.join(", ")}, which were not generated: choose another folder`,
  );
}

/** Otherwise the material of a former, larger course would answer questions that this one does not cover. */
async function removeLectures(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => GENERATED.test(name));
  await Promise.all(names.map((name) => rm(join(folder, name))));
}

const WRITTEN = ["questions.jsonl", "citations.jsonl", "timeline.jsonl"];
const GENERATED = /^lecture-\d+\.(?:pdf|vtt|mp3|json)$/;

/** The slides of a lecture as a PDF. */
export const lectureDeck = ({ pages, title }: Pick<CourseLecture, "pages" | "title">) =>
  deckPdf(
    pages.map((page) => ({ title: page.title, body: page.lines })),
    title,
  );

async function writeLecture(folder: string, lecture: CourseLecture): Promise<void> {
  const { name, pages, speech } = lecture;
  await Bun.write(join(folder, `${name}.pdf`), await lectureDeck(lecture));
  await Bun.write(join(folder, `${name}.vtt`), toVtt(speech));
  await Bun.write(
    join(folder, "labelled", `${name}.json`),
    JSON.stringify({
      pages: pages.map((page, i) => ({
        page_number: i + 1,
        text: [page.title, ...page.lines].join("\n"),
      })),
      segments: speech.map(({ start_ms, end_ms, text }) => ({ start_ms, end_ms, text })),
      labels: speech.map(({ end_ms, page }) => ({ end_ms, page })),
    }),
  );
}

/** The visits of the pages: consecutive sentences about one page are one line. */
function toTimeline({ name, speech }: CourseLecture) {
  const visits: {
    lecture: string;
    document: string;
    page: number;
    start_s: number;
    end_s: number;
  }[] = [];
  for (const { page, start_ms, end_ms } of speech) {
    const last = visits.at(-1);
    if (last?.page === page) last.end_s = end_ms / 1_000;
    else {
      const files = { lecture: `${name}.vtt`, document: `${name}.pdf` };
      visits.push({ ...files, page, start_s: start_ms / 1_000, end_s: end_ms / 1_000 });
    }
  }
  return visits;
}

const writeLines = (path: string, lines: readonly object[]) =>
  Bun.write(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
