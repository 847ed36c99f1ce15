import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Elysia } from "elysia";
import { writeCourse } from "../../bench/course/write-course";
import { listCourseQuestions, runCourseExam } from "../../src/evaluation/course-exam";
import { readCourseFolder } from "../../src/evaluation/course-folder";
import { compareReports } from "../../src/evaluation/gate";
import { ingestFolder } from "../../src/evaluation/ingest-folder";
import { takeSearchExam } from "../../src/evaluation/take-exam";
import { toExamQuestions } from "../../src/pipelines/exam-questions";
import type { Embedder } from "../../src/providers/embedder";
import { UNRECORDED } from "../../src/providers/paid-calls";
import { moveToModel } from "../../src/retrieval/reembed";
import { examRoutes } from "../../src/routes/exam";
import { problems } from "../../src/routes/http/problems";
import { withEvaluationServices } from "../support/evaluation";
import { createCourse, silentLog } from "../support/factories";
import { keylessGuard } from "../support/guard";

setDefaultTimeout(90_000);

const { root, services } = await withEvaluationServices();
const { db } = services;
const { signal } = new AbortController();
const deps = { ...services, signal, say: () => {} };

let course_id = "";
let assets = new Map<string, string>();
beforeAll(async () => {
  await writeCourse(join(root, "course"), { seed: 5, lectures: 1, pages: 6 });
  course_id = await createCourse(db);
  assets = await ingestFolder(course_id, await readCourseFolder(join(root, "course")), {
    ...deps,
    maxPages: 100,
    captions: "fallback",
    sendsTerms: false,
  });
});

const app = new Elysia()
  .use(problems(silentLog, () => []))
  .use(keylessGuard(db))
  .use(examRoutes(services));
const call = async (method: string, course = course_id) => {
  const request = new Request(`http://localhost/api/courses/${course}/exam`, { method });
  const response = await app.handle(request);
  return { status: response.status, body: await response.json() };
};

describe("exam questions", () => {
  test("ask about headings first, then about rare terms, in the language of the texts", () => {
    const page = (title: string, text: string) => ({ title, text: `${title}\n${text}` });
    const questions = toExamQuestions([
      page("Die Entropie der Quelle", "Der Huffmancode ist ein Präfixcode und wird hier gebaut."),
      page("Die Kapazität des Kanals", "Ein Kanal überträgt Zeichen mit Rauschen und Fehlern."),
    ]);

    expect(questions[0]!.question).toMatch(/^Was sagt der Kurs zu „Die /);
    expect(questions.map(({ term }) => term)).toContain("Huffmancode");
    expect(questions.length).toBeLessThanOrEqual(6);
  });

  test("are none for texts without terms", () => {
    expect(toExamQuestions([])).toEqual([]);
    expect(toExamQuestions([{ text: "1 2 3", title: null }])).toEqual([]);
  });

  test("are written when an asset is ingested, and answered by all places with their term", async () => {
    const questions = await listCourseQuestions(db, course_id);
    const covered = questions.filter((question) => question.covered);

    expect(covered.length).toBeGreaterThanOrEqual(6);
    for (const { gold } of covered) {
      for (const { asset_id } of gold) expect([...assets.values()]).toContain(asset_id);
    }
    expect(questions.filter((question) => !question.covered)).toHaveLength(8);
  });

  test("come from well rated answers and corrected words too", async () => {
    const document_id = assets.get("lecture-1.pdf")!;
    const [session] =
      await db`insert into chat_sessions (course_id) values (${course_id}) returning id`;
    const citations = [
      { number: 1, asset_id: document_id, page_number: 2 },
      { number: 2, asset_id: document_id, page_number: 3 },
    ];
    for (const [rating, citation] of [
      ["up", 2],
      ["down", null],
    ] as const) {
      await db`
        insert into message_feedback (session_id, message_id, citation, rating, question, answer, metadata)
        values (${session!.id}, ${crypto.randomUUID()}, ${citation}, ${rating}, ${`A ${rating} question?`}, 'x',
                ${db.json({ citations })})`;
    }
    const word = "weak point of the";
    await db`
      insert into transcript_corrections (course_id, expected, replacement)
      values (${course_id}, 'week point of the', ${word})`;
    const questions = await listCourseQuestions(db, course_id);

    expect(questions.filter(({ group }) => group === "ratings")).toMatchObject([
      { question: "A up question?", gold: [{ asset_id: document_id, pages: [3] }] },
    ]);
    expect(questions.filter(({ group }) => group === "corrections")).toHaveLength(1);
    const rated = async () =>
      (await listCourseQuestions(db, course_id)).filter(({ group }) => group === "ratings");
    // A page of a deleted document cannot be found again, so it would look like a regression.
    await db`update documents set deleted_at = now() where id = ${document_id}`;
    expect(await rated()).toEqual([]);
    await db`update documents set deleted_at = null where id = ${document_id}`;
    expect(await rated()).toHaveLength(1);
    await db`delete from chat_sessions where id = ${session!.id}`;
    expect(await rated()).toEqual([]);
  });
});

describe("the exam of a course", () => {
  test("is taken by a route, is stored without single questions, and finds no change in a second run", async () => {
    expect((await call("GET")).body).toEqual({ run: null });
    const first = await call("POST");
    const second = await call("POST");
    const latest = await call("GET");

    expect(first.status).toBe(200);
    expect(first.body.measures.map(({ name }: { name: string }) => name)).toContain("found_in_8");
    expect(first.body).toMatchObject({ regressions: [], is_outdated: false });
    expect(second.body.regressions).toEqual([]);
    expect(latest.body.run).toEqual(second.body);
    expect(JSON.stringify(latest.body)).not.toContain('"values"');
  });

  test("is out of date when the settings changed, and names regressions against its baseline", async () => {
    const { run } = await runCourseExam(course_id, deps);
    const perfect = run.report.measures.map((one) => ({
      ...one,
      values: Object.fromEntries(Object.keys(one.values).map((id) => [id, 2])),
    }));
    const worse = await runCourseExam(course_id, deps, perfect);
    const after = await runCourseExam(course_id, deps);
    await db`update exam_runs set report = jsonb_set(report, '{settings,vector_weight}', '0.9')`;

    expect(worse.run.regressions).toContain("retrieval found_in_8");
    // The baseline of the next run is the last one without a regression.
    expect(after.run.regressions).toEqual([]);
    expect((await call("GET")).body.run.is_outdated).toBe(true);
  });

  test("refuses a baseline of another course, which shares only questions of general knowledge", async () => {
    const { run } = await runCourseExam(course_id, deps);
    const foreign = run.report.measures.map((one) => ({
      ...one,
      values: Object.fromEntries(
        Object.entries(one.values).map(([id, value]) => [
          id.startsWith("outside:") ? id : crypto.randomUUID(),
          value,
        ]),
      ),
    }));

    await expect(runCourseExam(course_id, deps, foreign)).rejects.toMatchObject({
      errorCode: "evaluation_set_invalid",
    });
  });

  test("needs a course with material, and stops when its request ends", async () => {
    const empty = await createCourse(db);
    const cancelled = { ...deps, signal: AbortSignal.abort(new Error("stop")) };

    expect((await call("POST", empty)).body.code).toBe("exam_without_questions");
    expect((await call("POST", crypto.randomUUID())).body.code).toBe("course_not_found");
    await expect(runCourseExam(course_id, cancelled)).rejects.toThrow("stop");
  });
});

describe("a move to another model", () => {
  /** Its vectors say nothing: each text has another random direction. */
  const noise = (model: string): Embedder =>
    ({
      ...services.embedder,
      model,
      maxTokens: 8_000,
      countTokens: (text: string) => text.length / 4,
      embed: async (texts: string[]) => ({
        embeddings: texts.map(() => Array.from({ length: 1536 }, () => Math.random() - 0.5)),
      }),
    }) as never;

  test("compares the prepared vectors before anything is switched", async () => {
    const questions = await listCourseQuestions(db, course_id);
    const embedder = noise("test:noise");
    const exam = (with_: Embedder, usesPrepared: boolean) =>
      takeSearchExam(course_id, questions, { db, embedder: with_, signal }, { usesPrepared });
    let ranks: number[] = [];
    const moved = moveToModel(
      { course_id },
      { db, embedder, signal, say: () => {}, calls: UNRECORDED },
      async () => {
        const [before, after] = [await exam(services.embedder, false), await exam(embedder, true)];
        ranks = [before, after].map(
          (measures) => measures.find(({ name }) => name === "reciprocal_rank")!.mean,
        );
        compareReports(before, after);
        throw new Error("worse");
      },
    );

    await expect(moved).rejects.toThrow("worse");
    expect(ranks[1]).toBeLessThan(ranks[0]!);
    const models = await db`select distinct embedding_model as model from slide_chunks`;
    expect(models.map(({ model }) => model)).toEqual(["openai:words"]);
  });
});
