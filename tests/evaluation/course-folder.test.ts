import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explain } from "../../src/errors";
import { readCourseFolder } from "../../src/evaluation/course-folder";
import { readBaseline } from "../../src/evaluation/gate";
import { deckPdf, outlinedPdf } from "../support/pdfs";

const folder = await mkdtemp(join(tmpdir(), "own-course-"));
afterAll(() => rm(folder, { recursive: true }));
// macOS writes the accents of names in two characters.
const decomposed = "U\u0308bung.vtt";
const captions = "WEBVTT\n\n00:00:01.000 --> 00:00:09.500\nHere is the press.\n";
await writeFile(
  join(folder, "Deck.PDF"),
  await deckPdf([
    { title: "One", body: ["a"] },
    { title: "Two", body: ["b"] },
  ]),
);
await writeFile(join(folder, "talk.vtt"), captions);
await writeFile(join(folder, decomposed), captions);
await writeFile(join(folder, "._Deck.PDF"), "of macOS");
await mkdir(join(folder, "old.pdf"));

const warnings: string[] = [];
const read = (path = folder, signal = AbortSignal.timeout(30_000)) => {
  warnings.length = 0;
  return readCourseFolder(path, { maxPages: 10, signal, warn: (text) => warnings.push(text) });
};
const writeQuestions = (text: string | Uint8Array) =>
  writeFile(join(folder, "questions.jsonl"), text);
const withQuestions = async (...lines: object[]) => {
  await writeQuestions(`\uFEFF${lines.map((line) => JSON.stringify(line)).join("\r\n\r\n")}\r\n`);
  return read();
};
const problemsOf = async (reading: Promise<unknown>) => {
  const error = await reading.then(
    () => expect.unreachable(),
    (refused) => refused,
  );
  expect(error.errorCode).toBe("evaluation_set_invalid");
  return error.details;
};
const question = "Where is it?";
const onPage = { question, gold: [{ file: "Deck.PDF", pages: [2] }] };

describe("a course folder", () => {
  test("needs only files and questions; ids and languages are optional, and notes are ignored", async () => {
    const spoken = { question, note: "hard", gold: [{ file: "talk.vtt", start_s: 1.5, end_s: 4 }] };
    const other = { question: "Who?", covered: false };
    const course = await withQuestions(onPage, spoken, other);

    expect(course).toMatchObject({
      documents: ["Deck.PDF"],
      transcripts: [decomposed, "talk.vtt"],
      citations: null,
      timeline: null,
    });
    expect(course.questions.map(({ id, covered, language }) => [id, covered, language])).toEqual([
      [question, true, "all"],
      [`${question} (2)`, true, "all"],
      ["Who?", false, "all"],
    ]);
  });

  test("finds a file whose name has its accents in another form", async () => {
    const gold = [{ file: decomposed.normalize("NFC"), start_s: 2, end_s: 5 }];
    const { questions } = await withQuestions({ question, gold });

    expect(questions[0]!.gold[0]!.file).toBe(decomposed);
  });

  test.each([
    [{ question }, "needs the pages or seconds"],
    [{ ...onPage, covered: false }, "has no gold"],
    [{ question, gold: [{ file: "other.pdf", pages: [1] }] }, "there is no file other.pdf"],
    [{ question, gold: [{ file: "deck.pdf", pages: [1] }] }, "is Deck.PDF meant?"],
    [{ question, gold: [{ file: "Deck.PDF", start_s: 0, end_s: 4 }] }, "Deck.PDF has no seconds"],
    [{ question, gold: [{ file: "talk.vtt", pages: [1] }] }, "talk.vtt has no pages"],
    [{ question, gold: [{ file: "Deck.PDF", page: 1 }] }, "needs file and pages"],
    [{ question, gold: [{ file: "talk.vtt", start_s: 4, end_s: 4 }] }, "end_s"],
    [{ question, gold: [{ file: "Deck.PDF", pages: [0] }] }, "pages"],
    [{ question, gold: [{ file: "Deck.PDF", pages: [1, 3] }] }, "has no page 3: it has 2"],
    [{ question, gold: [{ file: "talk.vtt", start_s: 10, end_s: 12 }] }, "ends at 9.5 s: 10 s is"],
    [{ question, gold: [{ file: "talk.vtt", start_s: 5, end_s: 90 }] }, "ends at 9.5 s: 90 s is"],
    [{ ...onPage, question: " " }, "question"],
    [{ ...onPage, langauge: "en" }, "langauge is no field: is language meant?"],
    [{ question, Gold: onPage.gold }, "gold"],
  ])("names the line and the problem of %j", async (line, problem) => {
    const { path, problems } = await problemsOf(withQuestions(onPage, line));

    expect(path).toBe(join(folder, "questions.jsonl"));
    expect(Object.keys(problems)).toEqual(["line 3"]);
    expect(problems["line 3"].join()).toContain(problem);
  });

  test("shows the problems of all lines at once", async () => {
    await writeQuestions(`${'{"question": "What"\n'.repeat(30)}[]\n`);
    const broken = await problemsOf(read());
    const text = explain(await read().catch((error) => error));

    expect(Object.keys(broken.problems)).toHaveLength(20);
    expect(broken.other_lines_with_problems).toBe(11);
    expect(text).toContain("line 20: not a JSON object");
  });

  test("shows wrong lines and places that do not exist together", async () => {
    const beyond = { question, gold: [{ file: "Deck.PDF", pages: [3] }] };
    const { problems } = await problemsOf(withQuestions(onPage, { question }, beyond));

    expect(problems).toEqual({
      "line 3": [expect.stringContaining("needs the pages or seconds")],
      "line 5": ["Deck.PDF has no page 3: it has 2"],
    });
  });

  test("takes pages as ranges, and seconds as times of a recording", async () => {
    const placed = (...gold: object[]) => ({ question: crypto.randomUUID(), gold });
    const { questions } = await withQuestions(
      placed({ file: "Deck.PDF", pages: 2 }, { file: "Deck.PDF", pages: "1-2" }),
      placed({ file: "Deck.PDF", pages: ["2", 1, "1–2"] }),
      placed({ file: "talk.vtt", start_s: "0:02", end_s: "0:00:05,5" }),
      placed({ file: "talk.vtt", start_s: "2", end_s: 5 }),
      placed({ file: "talk.vtt", start_s: "0m2s", end_s: "5 Sek." }),
    );

    expect(questions.map(({ gold }) => gold)).toEqual([
      [
        { file: "Deck.PDF", pages: [2] },
        { file: "Deck.PDF", pages: [1, 2] },
      ],
      [{ file: "Deck.PDF", pages: [1, 2] }],
      [{ file: "talk.vtt", start_s: 2, end_s: 5.5 }],
      [{ file: "talk.vtt", start_s: 2, end_s: 5 }],
      [{ file: "talk.vtt", start_s: 2, end_s: 5 }],
    ]);
  });

  test("takes labels of pages, and positions also where pages have labels", async () => {
    await writeFile(join(folder, "Labels.pdf"), await outlinedPdf());
    const on = (pages: unknown) => ({
      question: crypto.randomUUID(),
      gold: [{ file: "Labels.pdf", pages }],
    });
    const { questions } = await withQuestions(on("ii"), on("I–ii, 3"), on(["i", 3]), on("1"));
    const { problems } = await problemsOf(withQuestions(on("iv"), on("2, ii-i"), on("")));
    const none = await problemsOf(
      withQuestions({ ...onPage, gold: [{ ...onPage.gold[0], pages: "A-3" }] }),
    );
    await rm(join(folder, "Labels.pdf"));

    expect(questions.map(({ gold }) => (gold[0] as { pages: number[] }).pages)).toEqual([
      [2],
      [1, 2, 3],
      [1, 3],
      [1],
    ]);
    expect(problems).toEqual({
      "line 1": ['Labels.pdf has no page with the label "iv": its labels are i, ii, 1'],
      "line 3": ['Labels.pdf has no page with the label "ii-i": its labels are i, ii, 1'],
      "line 5": [expect.stringContaining("must be pages from 1")],
    });
    expect(none.problems["line 1"].join()).toContain("no page labels, so it must be pages from 1");
  });

  test("leaves out a name that is not UTF-8 and a broken link, and names them", async () => {
    const name = Buffer.concat([
      Buffer.from(`${folder}/b`),
      Buffer.of(0xfc),
      Buffer.from("cher.pdf"),
    ]);
    const link = join(folder, "gone.srt");
    writeFileSync(name, "x");
    await symlink("/no/such/file", link);
    const { questions } = await withQuestions(onPage);
    rmSync(name);
    await rm(link);

    expect(questions).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringMatching(/^b.cher\.pdf is left out, because its name is not UTF-8: rename it$/),
      "gone.srt is left out, because it cannot be opened (ENOENT)",
    ]);
  });

  describe("with transcripts in many formats", () => {
    const table = "start,end,text\n0.0,4.0,Here is the press.\n4.0,9.0,It prints.\n";
    const withFiles = async (files: Record<string, string>, ...lines: object[]) => {
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      return withQuestions(...lines).finally(() =>
        Promise.all(Object.keys(files).map((name) => rm(join(folder, name)))),
      );
    };

    test("reads every format that uploads accept, and leaves out other texts and tables", async () => {
      const { transcripts } = await withFiles(
        {
          "week-2.csv": table,
          "week-3.sbv": "0:00:01.000,0:00:04.000\nHere is the press.\n",
          "notes.txt": "Bring the projector.",
          "report.json": '{"measures": []}',
          "marks.csv": "student,mark\nA,1\n",
        },
        onPage,
        { question, gold: [{ file: "week-2.csv", start_s: 4, end_s: 9 }] },
      );

      expect(transcripts).toEqual([decomposed, "talk.vtt", "week-2.csv", "week-3.sbv"]);
      expect(warnings.map((text) => text.split(" ")[0])).toEqual([
        "marks.csv",
        "notes.txt",
        "report.json",
      ]);
    });

    test("refuses a text that a question names and that is not a transcript", async () => {
      const gold = [{ file: "notes.txt", start_s: 1, end_s: 2 }];
      const refused = withFiles({ "notes.txt": "Bring it." }, { question, gold });
      expect((await problemsOf(refused)).path).toBe(join(folder, "notes.txt"));
    });

    test("takes one of several transcripts of a recording: WebVTT, or the one that questions name", async () => {
      const first = await withFiles({ "talk.csv": table }, onPage);
      expect(first.transcripts).toContain("talk.vtt");
      expect(warnings).toEqual(["talk.csv is left out, because talk.vtt has the same name"]);

      const gold = [{ file: "talk.csv", start_s: 1, end_s: 2 }];
      const { transcripts } = await withFiles({ "talk.csv": table }, { question, gold });
      expect(transcripts).toEqual([decomposed, "talk.csv"]);
    });
  });

  test("compares questions whose accents are written in two ways", async () => {
    const [composed, decomposed] = ["Größe?".normalize("NFC"), "Größe?".normalize("NFD")];
    const { questions } = await withQuestions({ ...onPage, question: ` ${decomposed} ` });
    expect(questions[0]!.id).toBe(composed);
  });

  describe("with another file of questions", () => {
    beforeAll(() => rm(join(folder, "questions.jsonl"), { force: true }));
    const readAs = async (name: string, content: string | Uint8Array) => {
      await writeFile(join(folder, name), content);
      return read().finally(() => rm(join(folder, name)));
    };

    test("reads CSV with quotes inside of a cell, and a comma in a quoted name of a column", async () => {
      const text = 'question;"note, mine, not, used";file;pages\nWas ist "sie"?;;Deck.PDF;1\n';
      const { questions } = await readAs("questions.csv", text);

      expect(questions.map((one) => one.question)).toEqual(['Was ist "sie"?']);
    });

    test.each([
      [";", "\r\n", "\uFEFF"],
      [",", "\n", ""],
      ["\t", "\r\n", "\uFEFFsep=\t\r\n"],
    ])("reads CSV with %j between its cells, one place in each row", async (d, newline, start) => {
      const rows = [
        ["Question", "file", "pages", "start_s", "end_s", "covered", "note"],
        ["Wo ist es?", "Deck.PDF", '"1-2"', "", "", "", "hard"],
        ["Wo ist es?", decomposed, "", "0:02", "0:05", "WAHR", ""],
        ["", "", "", "", "", "", ""],
        [`"Was kostet ""sie""${d} und${newline}warum?"`, "", "", "", "", "Nein", ""],
      ];
      const text = start + rows.map((row) => row.join(d)).join(newline);
      const { questions } = await readAs("Questions.CSV", text);

      expect(questions).toEqual([
        {
          id: "Wo ist es?",
          question: "Wo ist es?",
          language: "all",
          kind: "other",
          covered: true,
          gold: [
            { file: "Deck.PDF", pages: [1, 2] },
            { file: decomposed, start_s: 2, end_s: 5 },
          ],
        },
        expect.objectContaining({
          question: `Was kostet "sie"${d} und${newline}warum?`,
          covered: false,
        }),
      ]);
    });

    test("names the lines of a CSV file that are wrong", async () => {
      const text = [
        "id,question,file,pages,start_s,end_s,covered",
        "a,Where?,Deck.PDF,2-1,,,",
        "b,Where?,talk.vtt,,0:75,9,",
        "c,Where?,Deck.PDF,9,,,",
        "c,Who?,Deck.PDF,1,,,",
        "d,Why?,,,,,perhaps",
        "e,What?,Deck.PDF,1,2,3,",
      ].join("\n");
      const { problems } = await problemsOf(readAs("questions.csv", text));

      expect(Object.keys(problems)).toEqual([2, 3, 4, 5, 6, 7].map((n) => `line ${n}`));
      expect(problems["line 2"].join()).toContain("gold[0].pages: must be pages from 1");
      expect(problems["line 3"].join()).toContain("gold[0].start_s: must be seconds");
      expect(problems["line 4"].join()).toContain("Deck.PDF has no page 9");
      expect(problems["line 5"].join()).toContain("the id c is that of another question");
      expect(problems["line 6"].join()).toContain("covered");
      expect(problems["line 7"].join()).toContain("needs file and pages");
    });

    test.each([
      ["questions.csv", "Frage,file\nWo?,Deck.PDF", "line 1: there is no column question"],
      ["questions.csv", 'question\n"Where?', "not a CSV file"],
      ["questions.csv", "question,file\n\n", "no questions"],
      ["questions.json", '{"question": "Where?"}', "list of questions"],
      ["questions.json", '["Where?"]', "question 1: "],
    ])("refuses %s with %j", async (name, text, problem) => {
      const error = await readAs(name, text).catch((refused) => refused);
      expect(explain(error)).toContain(problem);
    });

    test("reads JSON with a list", async () => {
      const { questions } = await readAs("questions.json", JSON.stringify([onPage]));
      expect(questions.map(({ id }) => id)).toEqual([question]);
    });

    test("refuses two files of questions, and none", async () => {
      expect((await problemsOf(read())).problem).toContain("the folder has no questions");
      await writeQuestions(JSON.stringify(onPage));
      const { problem } = await problemsOf(readAs("questions.csv", "question"));
      expect(problem).toBe("the folder has questions.csv and questions.jsonl: keep one of them");
    });
  });

  test("refuses two questions with one id, and no question", async () => {
    const twice = { ...onPage, id: "a" };
    const { problems } = await problemsOf(withQuestions(twice, twice));
    expect(problems).toEqual({ "line 3": ["the id a is used twice"] });
    const { problem } = await problemsOf(withQuestions());
    expect(problem).toBe("the file contains no questions");
  });

  test("reads UTF-16 and Windows-1252, and refuses a file that is no text", async () => {
    const line = JSON.stringify({ ...onPage, question: "Größe?" });
    for (const encoded of [Buffer.from(`\uFEFF${line}`, "utf16le"), Buffer.from(line, "latin1")]) {
      await writeQuestions(encoded);
      expect((await read()).questions[0]!.question).toBe("Größe?");
    }
    await writeQuestions(Uint8Array.from({ length: 300 }, (_, i) => i % 256));
    expect((await problemsOf(read())).problem).toContain("not a text file");
  });

  test("checks the pages and the seconds of its timeline", async () => {
    await withQuestions(onPage);
    const visit = { lecture: "talk.vtt", document: "Deck.PDF", page: 2, start_s: 9, end_s: 99 };
    const path = join(folder, "timeline.jsonl");
    const withVisits = async (...visits: object[]) => {
      await writeFile(path, visits.map((one) => JSON.stringify(one)).join("\n"));
      return read();
    };

    expect((await withVisits(visit)).timeline).toEqual([visit]);
    const wrong = withVisits({ ...visit, page: 3 }, { ...visit, start_s: 80 });
    expect((await problemsOf(wrong)).problems).toEqual({
      "line 1": ["Deck.PDF has no page 3: it has 2"],
      "line 2": ["talk.vtt ends at 9.5 s: 80 s is too late"],
    });
    const both = await problemsOf(withVisits({ ...visit, page: "1-2" }));
    expect(both.problems).toEqual({ "line 1": ["page must be one page, not 1, 2"] });
    expect((await problemsOf(withVisits())).problem).toContain("no visits");
    await rm(path);
  });

  test.each([
    ["empty.pdf", "", "the file is empty"],
    ["text.pdf", "hello", "no %PDF- mark"],
    ["cut.pdf", "%PDF-1.7\n1 0 obj\n<<", "not a readable PDF"],
    ["empty.vtt", "", "left out"],
    ["binary.srt", "\0\x01\x02", "WebVTT"],
  ])("leaves out the damaged file %s with a warning", async (name, text, reason) => {
    await writeFile(join(folder, name), text);
    const other = await withQuestions(onPage);
    const unnamed = warnings.splice(0).join("\n");
    const place = name.endsWith("pdf") ? { pages: ["iv", 3] } : { start_s: 1, end_s: 2 };
    const asked = await withQuestions(onPage, { question, gold: [{ file: name, ...place }] });
    await rm(join(folder, name));

    expect(unnamed).toStartWith(`${name} is left out: `);
    expect(unnamed).toContain(reason);
    expect(other.questions).toHaveLength(1);
    expect(warnings.join("\n")).toStartWith(
      `${name} is left out, so questions about it count as not found: `,
    );
    expect(asked.questions.map(({ gold }) => gold)[1]).toEqual([
      { file: name, ...("pages" in place ? { pages: [3] } : place) },
    ]);
    for (const { documents, transcripts } of [other, asked]) {
      expect([...documents, ...transcripts]).not.toContain(name);
    }
  });

  test("stops when it is cancelled", async () => {
    await withQuestions(onPage);
    const stopped = read(folder, AbortSignal.abort(new Error("stopped")));
    await expect(stopped).rejects.toThrow("stopped");
  });

  test("refuses a folder that is missing or has no material", async () => {
    const { problem } = await problemsOf(read(join(folder, "no")));
    expect(problem).toBe("the folder cannot be read (ENOENT)");
    expect((await problemsOf(read(import.meta.dir))).problem).toContain("no PDF and no transcript");
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
