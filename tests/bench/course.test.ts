import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { makeCourse } from "../../bench/course/make-course";
import { writeCourse } from "../../bench/course/write-course";
import { readLabelledLectures } from "../../src/alignment/evaluate";
import { parseTranscriptFile } from "../../src/text/transcript/transcript-file";

setDefaultTimeout(60_000);

const folder = await mkdtemp(join(tmpdir(), "course-"));
afterAll(() => rm(folder, { recursive: true }));

describe("a generated course", () => {
  test("can have more machines than words of three syllables", () => {
    const { lectures } = makeCourse({ lectures: 1, pages: 500, languages: ["en"] });
    const larger = makeCourse({ lectures: 3, pages: 400 });

    expect(lectures[0]!.pages).toHaveLength(500);
    const titles = larger.lectures.flatMap(({ pages }) => pages.map(({ title }) => title));
    expect(new Set(titles).size).toBe(1_200);
  });

  test("is not written over questions that a teacher wrote", async () => {
    const own = join(folder, "teacher");
    await Bun.write(join(own, "questions.jsonl"), "{}\n");
    await expect(writeCourse(own, { lectures: 1, pages: 1 })).rejects.toThrow("questions.jsonl");
    expect(await readdir(own)).toEqual(["questions.jsonl"]);
  });

  test("replaces a larger one in the same folder, and leaves other files there", async () => {
    const own = join(folder, "twice");
    await writeCourse(own, { seed: 1, lectures: 2, pages: 1 });
    await Bun.write(join(own, "week-1.vtt"), "WEBVTT\n");
    await writeCourse(own, { seed: 2, lectures: 1, pages: 1 });

    const names = await readdir(own, { recursive: true });
    expect(names.sort()).toEqual([
      "citations.jsonl",
      "labelled",
      "labelled/lecture-1.json",
      "lecture-1.pdf",
      "lecture-1.vtt",
      "questions.jsonl",
      "timeline.jsonl",
      "week-1.vtt",
    ]);
  });

  test("is the same for the same seed, and another one for another seed", () => {
    expect(makeCourse({ seed: 4 })).toEqual(makeCourse({ seed: 4 }));
    expect(makeCourse({ seed: 5 }).lectures[0]!.pages).not.toEqual(
      makeCourse({ seed: 4 }).lectures[0]!.pages,
    );
  });

  test("has three languages, and all gold spans are inside its lectures", () => {
    const { lectures, questions } = makeCourse({ seed: 2, pages: 6 });
    const covered = questions.filter((question) => question.covered);

    expect(lectures.map(({ language }) => language)).toEqual(["en", "de", "fr"]);
    expect(new Set(questions.map(({ question }) => question)).size).toBe(questions.length);
    expect(covered.length).toBe(3 * 6 * 6);
    for (const { gold, language } of covered) {
      expect(gold).not.toEqual([]);
      for (const span of gold) {
        const lecture = lectures.find(({ name }) => span.file.startsWith(`${name}.`))!;
        expect(lecture.language).toBe(language);
        if ("pages" in span) expect(lecture.pages[span.pages[0]! - 1]).toBeDefined();
        else
          expect(lecture.speech.some(({ start_ms }) => start_ms === span.start_s * 1_000)).toBe(
            true,
          );
      }
    }
  });

  test("does not contain the machines of its uncovered questions", () => {
    const { lectures, questions } = makeCourse({ seed: 2, pages: 6 });
    const everything = JSON.stringify(lectures);
    const unknown = questions.filter(({ kind }) => kind === "unknown_concept");

    expect(unknown.length).toBe(9);
    for (const { question } of unknown) {
      const names = question.match(/\b\p{Lu}\p{Ll}{6,}/gu)!;
      expect(names.filter((name) => everything.includes(name))).toEqual([]);
    }
  });

  test("has audio that is exactly as long as its timeline, and files that Lectern reads", async () => {
    const { lectures, questions } = await writeCourse(folder, {
      seed: 1,
      lectures: 1,
      pages: 2,
      audio: true,
    });
    const { speech, pages } = lectures[0]!;
    const probe =
      await $`ffprobe -v error -show_entries format=duration -of csv=p=0 ${join(folder, "lecture-1.mp3")}`.quiet();
    const seconds = Number(probe.stdout.toString());
    const captions = await Bun.file(join(folder, "lecture-1.vtt")).bytes();
    const { segments } = parseTranscriptFile({ format: "vtt", bytes: captions });
    const [labelled] = await readLabelledLectures(join(folder, "labelled"));
    const lines = (await Bun.file(join(folder, "questions.jsonl")).text()).trim().split("\n");

    // The encoder rounds up to a whole frame and adds at most two.
    expect(Math.abs(seconds - (speech.at(-1)!.end_ms / 1_000 + 0.3))).toBeLessThan(0.15);
    expect(segments.map(({ text }) => text)).toEqual(speech.map(({ text }) => text));
    expect(labelled!.lecture.pages).toHaveLength(pages.length);
    expect(lines.map((line) => JSON.parse(line))).toEqual(questions);
  });
});
