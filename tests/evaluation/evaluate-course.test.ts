import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cp, mkdtemp, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { XMLValidator } from "fast-xml-parser";
import { writeCourse } from "../../bench/course/write-course";
import { toReportJsonSchema } from "../../scripts/dump-report-schema";
import { type CourseFolder, readCourseFolder } from "../../src/evaluation/course-folder";
import { type CourseReport, evaluateFolder } from "../../src/evaluation/evaluate-course";
import { compareReports } from "../../src/evaluation/gate";
import { ingestFolder } from "../../src/evaluation/ingest-folder";
import { toReportChart } from "../../src/evaluation/report-chart";
import { ReportSchema } from "../../src/evaluation/report-schema";
import { toGateTable, toReportTable } from "../../src/evaluation/report-table";
import type { Embedder } from "../../src/providers/embedder";
import { engine } from "../support/database";
import { withEvaluationServices } from "../support/evaluation";
import { createCourse } from "../support/factories";
import { deckPdf } from "../support/pdfs";

setDefaultTimeout(120_000);

const { root, services, openai } = await withEvaluationServices();

const deps = (signal = AbortSignal.timeout(110_000)) => ({
  ...services,
  maxPages: 100,
  captions: "fallback" as const,
  sendsTerms: false,
  signal,
  say: () => {},
});
const evaluateWith = async (evaluate: typeof evaluateFolder, signal?: AbortSignal) =>
  evaluate(await createCourse(services.db), course, deps(signal));
const regressionsSince = (before: CourseReport, after: CourseReport) =>
  compareReports(before.measures, after.measures).filter(({ is_regression }) => is_regression);

let course: CourseFolder;
let report: CourseReport;
beforeAll(async () => {
  const folder = join(root, "course");
  await writeCourse(folder, { seed: 2, lectures: 2, pages: 3, languages: ["en", "de"] });
  course = await readCourseFolder(folder, {
    maxPages: 100,
    signal: AbortSignal.timeout(60_000),
    warn: expect.unreachable,
  });
  report = await evaluateWith(evaluateFolder);
});

describe("the evaluation of a course", () => {
  test("measures retrieval, answers, refusals, the citation check and the timeline", () => {
    const measured = report.measures.map(({ section, name }) => `${section} ${name}`);

    expect(measured).toEqual([
      "retrieval found_in_8",
      "retrieval page_found_in_8",
      "retrieval speech_found_in_8",
      "retrieval reciprocal_rank",
      "retrieval opens_right_page",
      "retrieval opens_right_second",
      "retrieval page_focus",
      "retrieval speech_focus",
      "retrieval reciprocal_rank_by_text",
      "retrieval reciprocal_rank_by_vectors",
      "retrieval page_rank_by_vectors",
      "retrieval speech_rank_by_vectors",
      "answers cites_right_place",
      "answers without_unsupported_sentence",
      "refusal uncovered_refused",
      "refusal covered_answered",
      "citations unsupported_flagged",
      "citations supported_accepted",
      "timeline right_page",
      "timeline right_page_or_neighbour",
    ]);
    for (const { n, mean, low, high, values } of report.measures) {
      expect(Object.keys(values)).toHaveLength(n);
      expect(low).toBeLessThan(mean + 1e-9);
      expect(high).toBeGreaterThan(mean - 1e-9);
    }
    const found = report.measures[0]!;
    expect(found.n).toBe(36);
    expect(found.mean).toBeGreaterThan(0.9);
    expect(Object.keys(found.groups)).toEqual(["en", "de"]);
    expect(report.legs!.hybrid.mean).toBeGreaterThan(0.5);
    const timeline = report.measures.find(({ name }) => name === "right_page")!;
    expect(timeline.mean).toBeGreaterThan(0.95);
  });

  test("is shown as a table and as a chart", () => {
    const table = toReportTable(report);
    const name = "<A & B> \u0001\uD800 ".repeat(30);
    const chart = toReportChart({ ...report, course: name });

    expect(table).toContain("hybrid minus the better single mode");
    for (const { name } of report.measures) expect(table).toContain(name);
    expect(chart).toContain("&lt;A &amp; B&gt; \uFFFD\uFFFD");
    expect(XMLValidator.validate(chart)).toBe(true);
    expect(chart).toContain("prefers-color-scheme:dark");
    const [, title = ""] = /<\/title>([^<]*)<\/text>/.exec(chart)!;
    expect(title).toEndWith("…");
    expect(chart.match(/<circle/g)).toHaveLength(report.measures.length);
  });

  test("matches the schema of docs/evaluation.schema.json", async () => {
    const printed = { ...report, comparison: compareReports(report.measures, report.measures) };
    const json = JSON.parse(JSON.stringify(printed));

    // The parsed value has no fields that the schema does not have.
    expect(ReportSchema.parse(json)).toEqual(json);
    expect(await Bun.file("docs/evaluation.schema.json").text()).toBe(toReportJsonSchema());
  });

  test("stops when it is cancelled", async () => {
    const stopped = evaluateWith(evaluateFolder, AbortSignal.abort(new Error("stopped")));
    await expect(stopped).rejects.toThrow("stopped");
  });
});

/** One edit of the source for each kind of regression, and the section that must find it. */
const PLANTED = [
  [
    "retrieval weights",
    "retrieval/rank.ts",
    "VECTOR_WEIGHT = 0.3",
    "VECTOR_WEIGHT = 2",
    "retrieval",
  ],
  [
    "chunking",
    "pipelines/lecture/embed.ts",
    "SPEECH_CHUNK_TOKENS = 200",
    "SPEECH_CHUNK_TOKENS = 4_000",
    "retrieval",
  ],
  [
    "the citation check",
    "chat/citations/numbers.ts",
    "export function findNumbers(",
    "export const findNumbers = (..._: unknown[]): NumberInText[] => [];\nfunction unusedNumbers(",
    "citations",
  ],
  [
    "refusal",
    "retrieval/question-coverage.ts",
    "LEAST_COVERAGE = 0.45",
    "LEAST_COVERAGE = 0",
    "refusal",
  ],
  [
    "the seconds of citations",
    "retrieval/passage.ts",
    "  return findBestMoment({ content, start_ms: start_ms!, end_ms: end_ms! }, query, timeline);",
    "  const { start_ms: from, end_ms: to } = findBestMoment({ content, start_ms: start_ms!, end_ms: end_ms! }, query, timeline);\n  return { start_ms: from + 20_000, end_ms: to + 20_000 };",
    "retrieval",
  ],
  [
    "citations that open after the answer",
    "retrieval/passage.ts",
    "  return findBestMoment({ content, start_ms: start_ms!, end_ms: end_ms! }, query, timeline);",
    "  const { start_ms: from, end_ms: to } = findBestMoment({ content, start_ms: start_ms!, end_ms: end_ms! }, query, timeline);\n  return { start_ms: from + 5_000, end_ms: to + 5_000 };",
    "retrieval",
  ],
  [
    "the address of a page",
    "retrieval/passage.ts",
    "sha256: sha256!, page_number })",
    "sha256: sha256!, page_number: page_number + 1 })",
    "retrieval",
  ],
  [
    "the vectors of speech, which its neighbours get",
    "pipelines/embed.ts",
    "embedding: embeddings[i]!",
    'embedding: embeddings[kind === "lecture" ? (i + 1) % batch.length : i]!',
    "retrieval",
  ],
  [
    "the timeline",
    "alignment/align-lecture.ts",
    "page_number, reliability } = shown",
    "page_number: right, reliability } = shown;\n      const page_number = (right % pages.length) + 1",
    "timeline",
  ],
  [
    "a timeline that is five seconds late",
    "alignment/align-lecture.ts",
    "const { start_ms, end_ms } = span;",
    "const [start_ms, end_ms] = [span.start_ms + 5_000, span.end_ms + 5_000];",
    "timeline",
  ],
  [
    "the pages of chunks",
    "pipelines/document/ingest.ts",
    "starts: page_number,",
    "starts: page_number > 1 ? page_number - 1 : 1,",
    "retrieval",
  ],
  [
    "the language",
    "text/language.ts",
    "return { language_code, text_config: textConfigFor(language_code) };",
    'return { language_code, text_config: "simple" };',
    "retrieval",
  ],
] as const;

describe("the gate", () => {
  test("passes a second run of the same code", async () => {
    const again = await evaluateWith(evaluateFolder);
    const results = compareReports(report.measures, again.measures);

    // Also equally good passages have the same order, although all ids differ.
    expect(again.measures).toEqual(report.measures);
    expect(toGateTable(results)).toContain("Gate passed");
  });

  test.skipIf(engine === "embedded")("finds a model whose vectors mean nothing", async () => {
    const embedder: Embedder = {
      ...services.embedder,
      model: "openai:other",
      embed: async (texts, options) => {
        const { embeddings, ...answer } = await services.embedder.embed(texts, options);
        const seedOf = (text: string) => Number(Bun.hash(text) % 997n);
        return {
          ...answer,
          embeddings: embeddings.map((vector, i) => {
            const at = seedOf(texts[i]!) % vector.length;
            return [...vector.slice(at), ...vector.slice(0, at)];
          }),
        };
      },
    };
    const course_id = await createCourse(services.db);
    const other = await evaluateFolder(course_id, course, { ...deps(), embedder });

    expect(regressionsSince(report, other).map(({ name }) => name)).toContain(
      "reciprocal_rank_by_vectors",
    );
  });

  test.skipIf(engine === "embedded")("finds a deck that lost its words", async () => {
    const folder = join(root, "scanned-deck");
    await cp(join(root, "course"), folder, { recursive: true });
    const pages = Array.from({ length: 9 }, () => ({ title: "", body: [] }));
    await writeFile(join(folder, course.documents[0]!), await deckPdf(pages));
    const course_id = await createCourse(services.db);
    const other = await evaluateFolder(course_id, { ...course, folder }, deps());

    expect(regressionsSince(report, other).map(({ name }) => name)).toContain("page_found_in_8");
  });

  // One engine is enough for these evaluations, because the rules are the same on both.
  test.skipIf(engine === "embedded").each(PLANTED)(
    "finds a planted regression of %s",
    async (_, file, right, wrong, section) => {
      const tree = await mkdtemp(join(root, "planted-"));
      await cp("src", join(tree, "src"), { recursive: true });
      await cp("package.json", join(tree, "package.json"));
      await symlink(join(process.cwd(), "node_modules"), join(tree, "node_modules"));
      const path = join(tree, "src", file);
      const source = await readFile(path, "utf8");
      expect(source.split(right)).toHaveLength(2);
      await writeFile(path, source.replace(right, wrong));
      const planted = await import(join(tree, "src/evaluation/evaluate-course.ts"));

      const results = compareReports(
        report.measures,
        (await evaluateWith(planted.evaluateFolder)).measures,
      );

      const failed = results.filter(({ is_regression }) => is_regression);
      expect(failed.map((result) => result.section)).toContain(section);
      expect(toGateTable(results)).toContain("Gate failed");
    },
  );
});

describe("a scanned deck without OCR", () => {
  const ingestScans = async (transcripts: string[]) => {
    const folder = await mkdtemp(join(root, "scans-"));
    await writeFile(join(folder, "scan.pdf"), await deckPdf([{ title: "", body: [] }]));
    for (const name of transcripts) await cp(join(root, "course", name), join(folder, name));
    const said: string[] = [];
    const scans = { ...course, folder, documents: ["scan.pdf"], transcripts };
    const withLog = { ...deps(), say: (line: string) => void said.push(line) };
    return { assets: await ingestFolder(await createCourse(services.db), scans, withLog), said };
  };

  test("does not keep the other files from being evaluated", async () => {
    const { assets, said } = await ingestScans(["lecture-1.vtt"]);
    expect([...assets.keys()]).toEqual(["scan.pdf", "lecture-1.vtt"]);
    expect(said.join("\n")).toContain("scan.pdf cannot be searched");
  });

  test("cannot be evaluated alone", async () => {
    await expect(ingestScans([])).rejects.toMatchObject({
      errorCode: "evaluation_set_invalid",
      details: { problem: "no file can be searched" },
    });
  });
});

// Last, because the second one leaves a job behind.
describe("an outage while the files are ingested", () => {
  const ingestDuring = async (outages: number) => {
    const unavailable = () => ({ kind: "status" as const, status: 503 });
    openai.embeddingFaults.push(...Array.from({ length: outages }, unavailable));
    const said: string[] = [];
    const withLog = { ...deps(), say: (line: string) => void said.push(line) };
    const one = { ...course, documents: course.documents.slice(0, 1), transcripts: [] };
    try {
      const assets = await ingestFolder(await createCourse(services.db), one, withLog, 1);
      return { assets, said };
    } finally {
      openai.embeddingFaults.length = 0;
    }
  };

  test("does not end the evaluation if it is short", async () => {
    const { assets, said } = await ingestDuring(1);

    expect([...assets.keys()]).toEqual(["lecture-1.pdf"]);
    expect(said.join("\n")).toContain("it is tried again");
  });

  test("ends it with the outage, not with a fault of the file, if it is long", async () => {
    await expect(ingestDuring(1_000)).rejects.toMatchObject({ errorCode: "provider_unavailable" });
  });
});
