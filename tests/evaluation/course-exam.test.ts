import { beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Elysia } from "elysia";
import { writeCourse } from "../../bench/course/write-course";
import {
  claimDueExam,
  claimExam,
  endExam,
  findLastExamRun,
  insertExamRun,
} from "../../src/db/exam-runs";
import { readFleetNumbers } from "../../src/db/jobs/fleet-numbers";
import { AppError } from "../../src/errors";
import { duringTurn, type ExamReport, runCourseExam } from "../../src/evaluation/course-exam";
import { readCourseFolder } from "../../src/evaluation/course-folder";
import { listCourseQuestions } from "../../src/evaluation/course-questions";
import { takeDueExam } from "../../src/evaluation/due-exam";
import type { ExamQuestion } from "../../src/evaluation/exam-measures";
import { toExamSettings } from "../../src/evaluation/exam-settings";
import { compareReports } from "../../src/evaluation/gate";
import { ingestFolder } from "../../src/evaluation/ingest-folder";
import { takeExam, takeSearchExam } from "../../src/evaluation/take-exam";
import { writeQuestions } from "../../src/evaluation/write-questions";
import { toExamQuestions, writeExamQuestions } from "../../src/pipelines/exam-questions";
import type { Embedder } from "../../src/providers/embedder";
import { OpenAI } from "../../src/providers/openai";
import { UNRECORDED } from "../../src/providers/paid-calls";
import { openReranker, type RerankerSettings } from "../../src/providers/reranker";
import { moveToModel } from "../../src/retrieval/reembed";
import { examRoutes } from "../../src/routes/exam";
import { problems } from "../../src/routes/http/problems";
import { withEvaluationServices } from "../support/evaluation";
import { createCourse, silentLog } from "../support/factories";
import { keylessGuard } from "../support/guard";
import { scored } from "../support/reranker";

setDefaultTimeout(90_000);

const { root, services, openai } = await withEvaluationServices();
const { db } = services;
const { signal } = new AbortController();
const deps = { ...services, signal, say: () => {} };

const chatModel = new OpenAI({ baseUrl: openai.url, apiKey: "key" }).chatModel("gpt-5.4-mini");

let course_id = "";
let assets = new Map<string, string>();
beforeAll(async () => {
  await writeCourse(join(root, "course"), { seed: 5, lectures: 1, pages: 6 });
  course_id = await createCourse(db);
  const course = await readCourseFolder(join(root, "course"), {
    maxPages: 100,
    signal,
    warn: expect.unreachable,
  });
  assets = await ingestFolder(course_id, course, {
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
const call = async (method: string, course = course_id, path = "exam") => {
  const request = new Request(`http://localhost/api/courses/${course}/${path}`, { method });
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
    for (const [rating, citation, asked] of [
      ["up", 2, "A up question?"],
      ["up", 1, " a UP question?"],
      ["down", null, "A down question?"],
    ] as const) {
      await db`
        insert into message_feedback (session_id, message_id, citation, rating, question, answer, metadata)
        values (${session!.id}, ${crypto.randomUUID()}, ${citation}, ${rating}, ${asked}, 'x',
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
  /** Of an earlier test, because an exam takes a second. */
  const lastRun = async () =>
    (await findLastExamRun<object, ExamReport>(db, course_id)) ??
    (await runCourseExam(course_id, deps)).run;

  test("is taken by a route, is stored without single questions, and finds no change in a second run", async () => {
    expect((await call("GET")).body).toEqual({ run: null });
    const first = await call("POST");
    const second = await call("POST");
    const latest = await call("GET");

    expect(first.status).toBe(200);
    expect(first.body.measures.map(({ name }: { name: string }) => name)).toContain("found_in_8");
    expect(first.body).toMatchObject({ regressions: [], is_compared: false, is_outdated: false });
    expect(second.body).toMatchObject({ regressions: [], is_compared: true });
    expect(latest.body.run).toEqual(second.body);
    expect(JSON.stringify(latest.body)).not.toContain('"values"');
  });

  test("is out of date when the settings changed, and names regressions against its baseline", async () => {
    const run = await lastRun();
    const perfect = run.report.measures.map((one) => ({
      ...one,
      values: Object.fromEntries(Object.keys(one.values).map((id) => [id, 2])),
    }));
    const worse = await runCourseExam(course_id, deps, perfect);
    const after = await runCourseExam(course_id, deps);
    await db`update exam_runs set settings = jsonb_set(settings, '{vector_weight}', '0.9')`;

    expect(worse.run.regressions).toContain("retrieval found_in_8");
    // The baseline of the next run is the last one without a regression.
    expect(after.run.regressions).toEqual([]);
    expect((await call("GET")).body.run.is_outdated).toBe(true);
  });

  test("is compared with a worse run after an administrator accepted it", async () => {
    const run = await lastRun();
    const accept = () => call("POST", course_id, "exam/accept");
    const worseCourses = async () => (await readFleetNumbers(db, [])).worse_courses;
    const { kind, settings, report } = run;
    const store = (regressions: string[], value: number) =>
      insertExamRun(db, course_id, {
        kind,
        settings,
        regressions,
        report: {
          ...report,
          measures: report.measures.map((one) => ({
            ...one,
            values: Object.fromEntries(Object.keys(one.values).map((id) => [id, value])),
          })),
        },
      });

    await store([], 2);
    expect(await accept()).toMatchObject({ status: 409, body: { code: "exam_not_worse" } });
    const worse = await store(["retrieval found_in_8"], 0);
    expect(await worseCourses()).toBe(1);
    const accepted = await accept();
    const again = await accept();
    const after = await runCourseExam(course_id, deps);

    expect(accepted.body).toMatchObject({ id: worse.id, regressions: ["retrieval found_in_8"] });
    expect(accepted.body.accepted_at).not.toBeNull();
    expect(again.body).toEqual(accepted.body);
    const events = await db`
      select target, course_id, route from audit_events where event_type = 'exam.accepted'`;
    expect(events).toMatchObject([{ target: worse.id, course_id, route: expect.any(String) }]);
    expect(after.run.regressions).toEqual([]);
    expect(await worseCourses()).toBe(0);
    expect((await call("POST", crypto.randomUUID(), "exam/accept")).status).toBe(404);
    await db`delete from exam_runs where course_id = ${course_id} and id <> ${run.id}`;
  });

  test("refuses a baseline of another course, which shares only questions of general knowledge", async () => {
    const run = await lastRun();
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

  test("is not worse because its recording was deleted", async () => {
    const before = (await lastRun()).report.measures;
    expect(before.map(({ name }) => name)).toContain("opens_right_second");
    const lecture_id = assets.get("lecture-1.vtt")!;
    await db`update lectures set deleted_at = now() where id = ${lecture_id}`;
    const { run, results } = await runCourseExam(course_id, deps);
    await db`update lectures set deleted_at = null where id = ${lecture_id}`;
    await db`delete from exam_runs where id = ${run.id}`;

    expect(run.report.is_compared).toBe(true);
    expect(results.map(({ name }) => name)).not.toContain("opens_right_second");
    expect(run.regressions).toEqual([]);
  });

  test("stops before a paid answer while the budget of the course is used up", async () => {
    openai.requests.length = 0;
    const callPolicy = { ...services.callPolicy, budgets: { course: { usd: 0 } } };

    await expect(
      runCourseExam(course_id, { ...deps, chatModel, callPolicy }),
    ).rejects.toMatchObject({ errorCode: "budget_exceeded" });
    expect(openai.requestsTo("/v1/chat/completions")).toEqual([]);
    // Without a model, an exam costs nothing.
    const { run } = await runCourseExam(course_id, { ...deps, callPolicy });
    expect(run.regressions).toEqual([]);
  });

  test("is refused while another one of the course runs, before it costs anything", async () => {
    const answers = await Promise.all([call("POST"), call("POST"), call("POST")]);
    const codes = answers.map(({ status, body }) => body.code ?? status).sort();
    expect(codes).toEqual([200, "exam_running", "exam_running"]);
  });

  test("stops when its course was deleted before the run is stored", async () => {
    const { kind, settings, report, regressions } = await lastRun();
    const stored = insertExamRun(db, crypto.randomUUID(), { kind, settings, report, regressions });
    await expect(stored).rejects.toMatchObject({ errorCode: "course_not_found" });
  });

  test("keeps the newest 20 runs of a kind, and the baseline", async () => {
    const course = await createCourse(db);
    for (let number = 0; number < 23; number += 1) {
      await insertExamRun(db, course, {
        kind: "full",
        settings: { number, is_reranked: false },
        report: {},
        regressions: number === 0 ? [] : ["retrieval found_in_8"],
      });
    }
    const kept = await db`
      select (settings ->> 'number')::int as number from exam_runs
      where course_id = ${course} order by number`;

    const newest = Array.from({ length: 20 }, (_, i) => i + 3);
    expect(kept.map(({ number }) => number)).toEqual([0, ...newest]);
    await db`delete from courses where id = ${course}`;
  });

  test("counts an answer that fails by its content as wrong, but stops at an outage", async () => {
    const all = await listCourseQuestions(db, course_id);
    const questions = [
      ...all.filter(({ covered }) => covered).slice(0, 2),
      ...all.filter(({ covered }) => !covered).slice(0, 2),
    ];
    const bad = [questions[1]!, questions[3]!].map(({ question }) => question);
    const answers = { ...deps, chatModel };
    const exam = () => takeExam(course_id, questions, answers, { comparesModes: false });
    openai.replies = ({ body }) => {
      const fails = bad.some((one) =>
        JSON.stringify(body).includes(JSON.stringify(one).slice(1, -1)),
      );
      return { text: fails ? "" : "The course does not say this." };
    };
    const { measures } = await exam();
    const valuesOf = (name: string) => measures.find((one) => one.name === name)!.values;
    expect(valuesOf("covered_answered")[questions[1]!.id]).toBe(0);
    expect(valuesOf("cites_right_place")[questions[1]!.id]).toBe(0);
    expect(valuesOf("uncovered_refused")).toMatchObject({
      [questions[2]!.id]: 1,
      [questions[3]!.id]: 0,
    });

    openai.replies = () => ({ text: "" });
    await expect(exam()).rejects.toMatchObject({ errorCode: "chat_failed" });
    openai.requests.length = 0;
    openai.replies = () => ({ fault: { kind: "status", status: 401 } });
    await expect(exam()).rejects.toMatchObject({ errorCode: "provider_unauthorized" });
    expect(openai.requestsTo("/v1/chat/completions")).toHaveLength(1);
  });

  test("is out of date after another reranker or RERANK_MIN_SCORE, and stops when the reranker fails", async () => {
    let asked = 0;
    let failures = Number.POSITIVE_INFINITY;
    const closed = Bun.serve({
      port: 0,
      fetch: async (request) => {
        asked += 1;
        const { documents } = (await request.json()) as { documents: string[] };
        if (asked <= failures) return new Response("down", { status: 503 });
        return scored(documents.map((_, i) => 1 / (i + 1)));
      },
    });
    const reranker = (settings: Omit<RerankerSettings, "RERANK_BASE_URL">) =>
      openReranker({ ...settings, RERANK_BASE_URL: `http://127.0.0.1:${closed.port}` });
    const settings = [
      { RERANK_MODEL: "a" },
      { RERANK_MODEL: "b" },
      { RERANK_MODEL: "b", RERANK_MIN_SCORE: 0.2 },
    ].map((one) => JSON.stringify(toExamSettings({ ...services, reranker: reranker(one) })));
    const [first, second, third] = (await listCourseQuestions(db, course_id)).filter(
      ({ covered }) => covered,
    );
    const take = (questions: ExamQuestion[]) =>
      takeExam(course_id, questions, { ...deps, reranker: reranker({}) }, { comparesModes: false });

    expect(new Set(settings).size).toBe(3);
    await expect(take([first!, second!, third!])).rejects.toMatchObject({
      errorCode: "provider_unavailable",
    });
    [asked, failures] = [0, 1];
    const afterOneFailure = await take([first!]);
    const calls = asked;
    [asked, failures] = [0, 0];
    expect(await take([first!])).toEqual(afterOneFailure);
    expect(calls).toBe(asked + 1);
    await closed.stop(true);
  });

  test("does not pay again for the answers of an attempt that failed", async () => {
    const before = await findLastExamRun<object, ExamReport>(db, course_id);
    const questions = (await listCourseQuestions(db, course_id)).map(({ question }) => question);
    const asked: string[] = [];
    let failsAt = 4;
    openai.replies = ({ body }) => {
      const text = JSON.stringify(body);
      const question = questions.find((one) => text.includes(JSON.stringify(one).slice(1, -1)));
      if (!question || text.includes("JSON array")) return { text: '{"questions": []}' };
      if (asked.length === failsAt) return { fault: { kind: "status", status: 401 } };
      asked.push(question);
      return { text: "The course does not say this." };
    };
    const exam = () => runCourseExam(course_id, { ...deps, chatModel });

    await expect(exam()).rejects.toMatchObject({ errorCode: "provider_unauthorized" });
    expect(asked).toHaveLength(4);
    failsAt = Number.POSITIVE_INFINITY;
    const { run } = await exam();

    expect(asked).toHaveLength(run.report.questions);
    expect(new Set(asked).size).toBe(asked.length);
    expect(await db`select from exam_answers`).toHaveLength(0);
    // A new exam asks everything again.
    asked.length = 0;
    await exam();
    expect(asked).toHaveLength(run.report.questions);
    await db`delete from exam_runs where course_id = ${course_id} and id is distinct from ${before?.id ?? null}`;
  });

  test("needs a course with material, and stops when its request ends", async () => {
    const empty = await createCourse(db);
    const cancelled = { ...deps, signal: AbortSignal.abort(new Error("stop")) };

    expect((await call("POST", empty)).body.code).toBe("exam_without_questions");
    expect((await call("POST", crypto.randomUUID())).body.code).toBe("course_not_found");
    await expect(runCourseExam(course_id, cancelled)).rejects.toThrow("stop");
  });
});

describe("an exam that Lectern takes", () => {
  const runs = async () =>
    (await db`select kind, regressions from exam_runs where course_id = ${course_id}`).length;
  /** After it, the exam of the course is due. */
  const outdate = async () => {
    await db`update exam_runs set settings = jsonb_set(settings, '{vector_weight}', '0.9')`;
    await db`update exam_turns set retry_at = null, failures = 0`;
  };
  /** Every item of the former runs becomes twice as good as any can be. */
  const improveBaseline = () => db`
    update exam_runs set report = jsonb_set(report, '{measures}', (
      select jsonb_agg(jsonb_set(m, '{values}', (
        select coalesce(jsonb_object_agg(key, 2), '{}') from jsonb_each(m -> 'values'))))
      from jsonb_array_elements(report -> 'measures') m))`;
  const isOutdated = async () => (await call("GET")).body.run.is_outdated;
  const logged: { regressions?: string[] }[] = [];
  const log = { ...services.log, warn: (fields: object) => void logged.push(fields) } as never;
  /** A model writes the answers, so the exams are of search only. */
  beforeEach(() => {
    openai.replies = () => ({ text: '{"questions": []}' });
  });
  const turns = () =>
    db`select holder, failures, extract(epoch from retry_at - now())::float8 / 3600 as hours
       from exam_turns where course_id = ${course_id}`;
  const take = (more: Partial<Parameters<typeof takeDueExam>[0]> = {}, end = signal) =>
    takeDueExam({ ...services, chatModel, log, ...more }, end, 0);

  test("starts after the settings changed, once, and shows what became worse", async () => {
    await outdate();
    const before = await runs();
    await take();
    const after = await runs();
    await take();
    const { worse_courses } = await readFleetNumbers(db, []);

    expect(after).toBe(before + 1);
    expect(await runs()).toBe(after);
    expect(await isOutdated()).toBe(false);
    expect({ worse_courses, logged }).toEqual({ worse_courses: 0, logged: [] });

    await improveBaseline();
    await outdate();
    await take();

    expect(logged).toMatchObject([
      { regressions: expect.arrayContaining(["retrieval found_in_8"]) },
    ]);
    expect((await readFleetNumbers(db, [])).worse_courses).toBe(1);
    expect((await call("GET")).body.run.regressions).toContain("retrieval found_in_8");
    await db`delete from exam_runs`;
  });

  test("is the first one of a course too, so that a later change has a baseline", async () => {
    expect(await runs()).toBe(0);
    await take({ chatModel: services.chatModel });

    expect((await call("GET")).body.run).toMatchObject({ kind: "full", regressions: [] });
  });

  test("measures search only while a model writes the answers, also against a full exam before", async () => {
    await improveBaseline();
    openai.requests.length = 0;
    await take();
    const { run } = (await call("GET")).body;
    expect(openai.requestsTo("/v1/chat/completions")).toEqual([]);
    await db`update exam_runs set regressions = '{}'`;

    expect(run.regressions).toContain("retrieval found_in_8");
    expect(run.regressions.filter((name: string) => !name.startsWith("retrieval "))).toEqual([]);

    expect(run).toMatchObject({ kind: "search", is_outdated: false });
    expect(run.settings).not.toHaveProperty("chat_model");
    expect(new Set(run.measures.map((one: { section: string }) => one.section))).toEqual(
      new Set(["retrieval"]),
    );
  });

  test("waits for jobs of the course, for vectors of its model, and for another exam", async () => {
    await outdate();
    const before = await runs();
    await takeDueExam({ ...services, chatModel, log }, signal, 3_600); // its jobs ended less than an hour ago
    await take({ embedder: { ...services.embedder, model: "openai:newer" } });
    await take(); // looks again only after an hour
    await db`update exam_turns set retry_at = null`;
    const turn = await claimExam(db, course_id);
    await take();
    const refused = await call("POST");
    await endExam(db, turn!, 0);

    expect(await runs()).toBe(before);
    expect(refused).toMatchObject({ status: 409, body: { code: "exam_running" } });
  });

  test("is taken once by processes that start it at the same time, and after one that died", async () => {
    await outdate();
    const before = await runs();
    await claimExam(db, course_id);
    await db`update exam_turns set seen_at = now() - interval '2 minutes'`;
    await Promise.all([take(), take(), take()]);

    expect(await runs()).toBe(before + 1);
  });

  test("with answers stops before the budget of the course is exceeded", async () => {
    await outdate();
    openai.requests.length = 0;
    const callPolicy = { ...services.callPolicy, budgets: { course: { usd: 0 } } };
    const taken = take({ config: { AUTO_EXAMS: "full" }, callPolicy });

    await expect(taken).rejects.toMatchObject({ errorCode: "budget_exceeded" });
    expect(openai.requestsTo("/v1/chat/completions")).toEqual([]);
  });

  test("waits twice as long after each failure, also after that of a killed process", async () => {
    await outdate();
    const before = await runs();
    const down: Embedder = {
      ...services.embedder,
      embed: () => Promise.reject(new AppError("provider_unauthorized")),
    };
    const failed = take({ embedder: down });
    await expect(failed).rejects.toMatchObject({ errorCode: "provider_unauthorized" });
    await take();
    const first = await turns();
    await db`update exam_turns set retry_at = null`;
    await expect(take({}, AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
    const second = await turns();
    await db`update exam_turns set retry_at = null`;
    await claimDueExam(db, "search", {}, 0);
    await db`update exam_turns set seen_at = now() - interval '2 minutes'`;
    await take();
    const killed = await turns();
    await db`update exam_turns set retry_at = null, failures = 100`;
    await expect(take({ embedder: down })).rejects.toThrow();
    const longest = await turns();

    expect(await runs()).toBe(before);
    expect([...first]).toEqual([{ holder: null, failures: 1, hours: expect.closeTo(1, 1) }]);
    expect([...second]).toEqual([{ holder: null, failures: 2, hours: expect.closeTo(2, 1) }]);
    expect(killed[0]).toMatchObject({ failures: 3, hours: expect.closeTo(4, 1) });
    expect(longest[0]!.hours).toBeCloseTo(168, 1);

    await db`update exam_turns set retry_at = null`;
    await take();
    expect(await runs()).toBe(before + 1);
    expect(await turns()).toMatchObject([{ holder: null, failures: 0 }]);
  });

  test("is not taken in turn by processes with other settings", async () => {
    await outdate();
    await take();
    const before = await runs();
    const last = await findLastExamRun<object, ExamReport>(db, course_id);
    const other = { kind: "search" as const, settings: { of: "a canary" }, regressions: [] };
    await insertExamRun(db, course_id, { ...other, report: last!.report });
    await take();
    expect(await runs()).toBe(before + 1);

    await db`update exam_runs set created_at = created_at - interval '2 days'`;
    await take();
    expect(await runs()).toBe(before + 2);
  });

  test("notices that it lost its turn or its course, and stops", async () => {
    const course = await createCourse(db);
    const lose = async (how: () => Promise<unknown>) => {
      const turn = await claimExam(db, course);
      const work = async (lost: AbortSignal) => {
        const aborted = new Promise((resolve) => lost.addEventListener("abort", resolve));
        await how();
        await aborted;
        lost.throwIfAborted();
      };
      return duringTurn(turn!, { db, signal }, work, 5);
    };
    const lostTurn = lose(
      () => db`
      update exam_turns set holder = gen_random_uuid() where course_id = ${course}`,
    );
    await expect(lostTurn).rejects.toMatchObject({ errorCode: "exam_running" });
    const others = await db`select holder from exam_turns where course_id = ${course}`;
    expect(others).toMatchObject([{ holder: expect.any(String) }]); // this exam runs on
    await db`update exam_turns set holder = null where course_id = ${course}`;

    const lostCourse = lose(() => db`delete from courses where id = ${course}`);
    await expect(lostCourse).rejects.toMatchObject({ errorCode: "course_not_found" });
  });

  test("waits a day without a warning when no question can be used, and ignores deleted files", async () => {
    const bare = await createCourse(db);
    const [lecture] = await db`
      insert into lectures (course_id, source, title, panopto_url, panopto_session_id)
      values (${bare}, 'panopto', 'Lecture', 'https://uni.example', 'x') returning id`;
    await db`
      insert into exam_questions (course_id, lecture_id, question, term)
      values (${bare}, ${lecture!.id}, 'What is a quagga?', 'quagga')`;
    const due = () => claimDueExam(db, "search", { of: "another process" }, 0);
    await db`update exam_turns set retry_at = now() + interval '1 day'`;
    logged.length = 0;
    await take();
    const [turn] = await db`
      select holder, failures, retry_at > now() + interval '23 hours' as waits_a_day
      from exam_turns where course_id = ${bare}`;
    expect({ ...turn }).toEqual({ holder: null, failures: 0, waits_a_day: true });
    expect(logged).toEqual([]);

    await db`update exam_turns set retry_at = null where course_id = ${bare}`;
    await db`update lectures set deleted_at = now() where id = ${lecture!.id}`;
    expect(await due()).toBeNull();
    await db`delete from courses where id = ${bare}`;
  });
});

describe("questions that a model writes", () => {
  const write = (more: Partial<Parameters<typeof writeQuestions>[1]> = {}) =>
    writeQuestions(course_id, { ...services, chatModel, signal, ...more });
  const written = () => db`
    select question, term, place from exam_questions
    where course_id = ${course_id} and place is not null order by question`;
  const receipts = () => db`
    select state, error_code, course_id, usage, cost_usd > 0 as has_cost from provider_calls
    where purpose = 'exam_questions' order by created_at`;
  const requests = () => openai.requestsTo("/v1/chat/completions").length;
  beforeEach(async () => {
    await db`delete from exam_questions where place is not null`;
    await db`delete from provider_calls where purpose = 'exam_questions'`;
    openai.requests.length = 0;
    openai.replies = ({ body }) => ({ text: JSON.stringify({ questions: toDrafts(body) }) });
  });

  /** For each passage of a request a question that it answers. */
  function toDrafts(body: { messages: { role: string; content: string | { text: string }[] }[] }) {
    const { content } = body.messages.find(({ role }) => role === "user")!;
    const json = typeof content === "string" ? content : content[0]!.text;
    const passages: { passage: number; text: string }[] = JSON.parse(json);
    return passages.map(({ passage, text }) => {
      const words = text.match(/\p{L}{6,}/gu)!;
      const [first, last] = [words[0], words.at(-1)];
      return {
        passage,
        question: `How are ${last} and ${first} related?`,
        quote: text.split(/\s+/).slice(2, 8).join(" "),
      };
    });
  }

  test("are asked in the exam with their place, cost the course once, and stay", async () => {
    await write();
    const stored = await written();
    const calls = requests();
    await write();
    const asked = (await listCourseQuestions(db, course_id)).filter(
      ({ group }) => group === "written",
    );

    expect(calls).toBe(assets.size);
    expect(requests()).toBe(calls);
    expect(asked.length).toBe(stored.length);
    expect(asked.length).toBeGreaterThanOrEqual(4);
    expect(new Set(asked.flatMap(({ gold }) => gold.map(({ asset_id }) => asset_id))).size).toBe(2);
    expect([...(await receipts())]).toEqual(
      Array(calls).fill({
        state: "ok",
        error_code: null,
        course_id,
        usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
        has_cost: true,
      }),
    );
  });

  test("are kept when the asset is processed again with the same words, and removed with them", async () => {
    await write();
    const ids = () => db`select id from exam_questions where course_id = ${course_id} order by id`;
    const before = await ids();
    const again = async () => {
      for (const [file, id] of assets)
        await writeExamQuestions(db, file.endsWith(".pdf") ? "document" : "lecture", id);
    };
    await again();
    expect([...(await ids())]).toEqual([...before]);

    await db`update exam_questions set term = 'words of an older version' where place is not null`;
    await again();
    expect([...(await written())]).toEqual([]);
  });

  test("are removed when their answer moves to another place of a replaced file", async () => {
    await write();
    await db`
      update exam_questions set place = case
        when place ? 'pages' then jsonb_set(place, '{pages}', '[99]')
        else place || '{"start_ms": 90000000, "end_ms": 90001000}' end
      where id in (select distinct on (lecture_id, document_id) id from exam_questions
                   where place is not null order by lecture_id, document_id, id)`;
    const before = (await written()).length;
    for (const [file, id] of assets)
      await writeExamQuestions(db, file.endsWith(".pdf") ? "document" : "lecture", id);

    expect(await written()).toHaveLength(before - assets.size);
    expect(JSON.stringify(await written())).not.toMatch(/\[99\]|90000000/);
  });

  test("are taken from an answer whose other parts cannot be used", async () => {
    openai.replies = ({ body }) => {
      const [first, ...others] = toDrafts(body);
      const bad = [7, { passage: 1 }, { ...first, question: "Ignore this <script>?" }];
      const invented = others.map((draft) => ({ ...draft, quote: "words that no slide has" }));
      return {
        text: `\`\`\`json\n${JSON.stringify({ questions: [...bad, first, ...invented] })}\n\`\`\``,
      };
    };
    await write();

    expect((await written()).length).toBe(assets.size);
  });

  test("are missing after an answer that is not JSON, which is not bought again", async () => {
    openai.replies = () => ({ text: "I would rather not." });
    await write();
    await write();

    expect(requests()).toBe(assets.size);
    expect((await receipts()).map(({ error_code }) => error_code)).toEqual([
      "answer_invalid",
      "answer_invalid",
    ]);
    expect((await listCourseQuestions(db, course_id)).length).toBeGreaterThan(6);
  });

  test("are not paid for again after a crash between the answer and its storage", async () => {
    await write();
    await db`delete from exam_questions where place is not null`;
    await write();

    expect(requests()).toBe(assets.size);
  });

  test("wait while the budget of the course is used up, and while the provider refuses", async () => {
    const budgets = { course: { usd: 0 } };
    await write({ callPolicy: { ...services.callPolicy, budgets } });
    expect(requests()).toBe(0);
    openai.replies = () => ({ fault: { kind: "status", status: 401 } });
    await write();
    expect(requests()).toBe(1);
    expect((await written()).length).toBe(0);

    openai.replies = ({ body }) => ({ text: JSON.stringify({ questions: toDrafts(body) }) });
    await write();
    expect((await written()).length).toBeGreaterThan(0);
  });

  test("stop with their exam, and what the provider possibly billed is not asked again", async () => {
    const stop = new AbortController();
    openai.replies = () => {
      stop.abort(new AppError("cancelled"));
      return { fault: { kind: "stall", afterTokens: 0 } };
    };
    const stopped = write({ signal: stop.signal });

    await expect(stopped).rejects.toMatchObject({ errorCode: "cancelled" });
    expect([...(await receipts())]).toMatchObject([{ state: "lost", has_cost: true }]);
    openai.replies = ({ body }) => ({ text: JSON.stringify({ questions: toDrafts(body) }) });
    await write();
    expect(requests()).toBe(assets.size);
  });

  test("need a chat model", async () => {
    await write({ chatModel: services.chatModel });

    expect(requests()).toBe(0);
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
