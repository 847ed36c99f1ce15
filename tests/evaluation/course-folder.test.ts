import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCourseFolder } from "../../src/evaluation/course-folder";
import { readBaseline } from "../../src/evaluation/gate";

const folder = await mkdtemp(join(tmpdir(), "own-course-"));
afterAll(() => rm(folder, { recursive: true }));
await Bun.write(join(folder, "Deck.PDF"), "%PDF-1.7");
await Bun.write(join(folder, "talk.vtt"), "WEBVTT\n");

const withQuestions = async (...lines: object[]) => {
  const text = lines.map((line) => JSON.stringify(line)).join("\n\n");
  await Bun.write(join(folder, "questions.jsonl"), `\uFEFF${text}\n`);
  return readCourseFolder(folder);
};
const question = "Where is it?";
const onPage = { question, gold: [{ file: "Deck.PDF", pages: [2] }] };

describe("a course folder", () => {
  test("needs only files and questions; ids and languages are optional", async () => {
    const spoken = { question, gold: [{ file: "talk.vtt", start_s: 1.5, end_s: 4 }] };
    const course = await withQuestions(onPage, spoken, { question, covered: false });

    expect(course).toMatchObject({
      documents: ["Deck.PDF"],
      transcripts: ["talk.vtt"],
      citations: null,
      timeline: null,
    });
    expect(course.questions.map(({ id, covered, language }) => [id, covered, language])).toEqual([
      ["line 1", true, "all"],
      ["line 3", true, "all"],
      ["line 5", false, "all"],
    ]);
  });

  test.each([
    [{ question }, "needs the pages or seconds"],
    [{ ...onPage, covered: false }, "has no gold"],
    [{ question, gold: [{ file: "other.pdf", pages: [1] }] }, "there is no file other.pdf"],
    [{ question, gold: [{ file: "Deck.PDF", start_s: 0, end_s: 4 }] }, "there is no file Deck.PDF"],
    [{ question, gold: [{ file: "talk.vtt", start_s: 4, end_s: 4 }] }, "end_s"],
    [{ question, gold: [{ file: "Deck.PDF", pages: [0] }] }, "pages"],
    [{ ...onPage, question: " " }, "question"],
  ])("names the line and the problem of %j", async (line, problem) => {
    const refused = await withQuestions(onPage, line).catch((error) => error);

    expect(refused.errorCode).toBe("evaluation_set_invalid");
    expect(refused.details).toMatchObject({ line: 3 });
    expect(refused.details.problem).toContain(problem);
  });

  test("refuses two questions with one id, no question, and a line that is not JSON", async () => {
    const twice = { ...onPage, id: "a" };
    await expect(withQuestions(twice, twice)).rejects.toMatchObject({ details: { line: 3 } });
    await expect(withQuestions()).rejects.toMatchObject({
      details: { problem: "the file contains no questions" },
    });
    await Bun.write(join(folder, "questions.jsonl"), "{");
    await expect(readCourseFolder(folder)).rejects.toMatchObject({
      details: { problem: "not a JSON object", line: 1 },
    });
  });

  test("refuses a folder that is missing or has no material", async () => {
    await expect(readCourseFolder(join(folder, "no"))).rejects.toMatchObject({
      details: { problem: "the folder cannot be read (ENOENT)" },
    });
    await expect(readCourseFolder(import.meta.dir)).rejects.toThrow("cannot be read");
  });

  test("refuses a baseline that is missing or another file", async () => {
    await Bun.write(join(folder, "baseline.json"), '{"measures": []}');
    for (const name of ["baseline.json", "no.json"]) {
      await expect(readBaseline(join(folder, name))).rejects.toMatchObject({
        errorCode: "evaluation_set_invalid",
      });
    }
  });
});
