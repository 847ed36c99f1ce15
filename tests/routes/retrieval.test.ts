import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import { openMetrics } from "../../src/metrics";
import { OpenAI } from "../../src/providers/openai";
import { problems } from "../../src/routes/http/problems";
import { retrievalRoutes } from "../../src/routes/retrieval";
import { addDocument, addLecture } from "../support/corpus";
import { withDatabase } from "../support/database";
import { createCourse, silentLog } from "../support/factories";
import { keylessGuard } from "../support/guard";
import { postJson } from "../support/http";
import { startOpenAI } from "../support/openai";

const db = await withDatabase();
const server = startOpenAI();
afterAll(() => server.close());

const embedder = new OpenAI({ baseUrl: server.url }).embedder("words");
const app = new Elysia()
  .use(problems(silentLog, () => []))
  .use(keylessGuard(db))
  .use(retrievalRoutes({ config: {}, db, embedder, metrics: openMetrics() }));
const post = (body: object) => app.handle(postJson("/api/retrieval/query", body));
// biome-ignore lint/suspicious/noExplicitAny: tests look into the answer
const ask = async (body: object): Promise<any[]> => {
  const answer = await post(body);
  expect(answer.status).toBe(200);
  return (await answer.json()) as [];
};

const embedded = async <T extends { content: string }>(chunks: T[]) => {
  const contents = chunks.map(({ content }) => content);
  const signal = AbortSignal.timeout(60_000);
  const { embeddings } = await embedder.embed(contents, { purpose: "document", signal });
  return chunks.map((chunk, i) => ({ ...chunk, embedding: embeddings[i]!, model: embedder.model }));
};

let course_id = "";
let lecture = { id: "", chunk_ids: [] as string[] };
let document = { id: "", chunk_ids: [] as string[] };
beforeAll(async () => {
  course_id = await createCourse(db);
  const said = [
    { content: "Welcome to the course on messages." },
    { content: "Entropy is surprise. It is measured in bits." },
    { content: "It is measured in bits. Entropy of a coin is one bit." },
    { content: "We stop here for the break." },
    { content: "Now we talk about parity codes." },
  ];
  lecture = await addLecture(
    db,
    course_id,
    await embedded(
      said.map((chunk, i) => ({ ...chunk, start_ms: i * 60_500, end_ms: (i + 1) * 60_500 })),
    ),
  );
  document = await addDocument(
    db,
    course_id,
    await embedded([
      { content: "Codes\n\nParity finds errors" },
      { content: "Entropy\n\nH = -sum p log p" },
    ]),
  );
});

describe("POST /api/retrieval/query", () => {
  test("answers an array, best first, each with a citation that opens at its place", async () => {
    const found = await ask({ course_id, query: "parity codes" });
    const slide = found.find(({ source }) => source === "slides");
    const speech = found.find(({ source }) => source === "lectures");

    expect(found.map(({ score }) => score)).toEqual(
      found.map(({ score }) => score).sort((a, b) => b - a),
    );
    expect(slide).toMatchObject({
      content: "Codes\n\nParity finds errors",
      metadata: { page_number: 1, mode: "hybrid" },
      citation: {
        page_number: 1,
        url: expect.stringMatching(
          new RegExp(
            `^http://localhost/api/documents/${document.id}/versions/[0-9a-f]{64}/file#page=1$`,
          ),
        ),
      },
    });
    expect(speech).toMatchObject({
      chunk_id: lecture.chunk_ids[4],
      citation: {
        start_ms: 242_000,
        end_ms: 302_500,
        quote: "Now we talk about parity codes.",
        url: "https://university.example/Viewer.aspx?id=1&start=242",
      },
    });
  });

  test("joins neighbours into one passage with exact bounds, saying once what they repeat", async () => {
    const [best] = await ask({ course_id, query: "entropy bits", sources: ["lectures"] });

    expect(best).toMatchObject({
      content: "Entropy is surprise. It is measured in bits. Entropy of a coin is one bit.",
      metadata: { chunk_ids: lecture.chunk_ids.slice(1, 3), start_ms: 60_500, end_ms: 181_500 },
      citation: { start_ms: 60_500, end_ms: 89_375 },
    });
  });

  test("a citation opens at the best sentence, not at the start of its chunk", async () => {
    const [best] = await ask({ course_id, query: "entropy of a coin", sources: ["lectures"] });

    expect(best).toMatchObject({
      chunk_id: lecture.chunk_ids[2],
      citation: { url: expect.stringMatching(/[?&]start=1[4-5]\d$/) },
    });
    expect(best!.citation.start_ms).toBeGreaterThan(140_000);
    expect(best!.citation.end_ms).toBeLessThanOrEqual(181_500);
  });

  test("a shorter list is the beginning of a longer one's best", async () => {
    const [best] = await ask({ course_id, query: "parity", top_k: 1 });
    const longer = await ask({ course_id, query: "parity", top_k: 50 });

    expect(longer[0].chunk_id).toBe(best.chunk_id);
    expect(await ask({ course_id, query: "parity", top_k: 50 })).toEqual(longer);
  });

  test("filters of one kind leave out the other kind, unless that has its own", async () => {
    const sources = async (filter: object) => {
      const found = await ask({ course_id, query: "entropy parity codes", ...filter });
      return [...new Set(found.map(({ source }) => source))].sort();
    };

    expect(await sources({})).toEqual(["lectures", "slides"]);
    expect(await sources({ from_ms: 0 })).toEqual(["lectures"]);
    expect(await sources({ document_ids: [document.id] })).toEqual(["slides"]);
    expect(await sources({ to_ms: 200_000, page_from: 2 })).toEqual(["lectures", "slides"]);
    expect(await sources({ lecture_ids: [lecture.id], sources: ["slides"] })).toEqual([]);
  });

  test("keeps to a stretch of time and to pages", async () => {
    const query = "entropy parity codes";
    const spoken = await ask({ course_id, query, from_ms: 242_000, to_ms: 242_001 });
    const shown = await ask({ course_id, query, page_from: 2, page_to: 2 });

    expect(spoken.map(({ chunk_id }) => chunk_id)).toEqual([lecture.chunk_ids[4]!]);
    expect(shown.map(({ chunk_id }) => chunk_id)).toEqual([document.chunk_ids[1]!]);
  });

  test("assets of other courses simply match nothing", async () => {
    const other = await createCourse(db);

    expect(await ask({ course_id: other, query: "entropy", lecture_ids: [lecture.id] })).toEqual(
      [],
    );
  });

  test("explains each chunk's score on request", async () => {
    const [best] = await ask({ course_id, query: "parity", explain: true, mode: "text" });
    const [plain] = await ask({ course_id, query: "parity" });

    expect(best.explain).toMatchObject([
      { chunk_id: best.chunk_id, score: best.score, words: 1, model: embedder.model },
    ]);
    expect(plain).not.toHaveProperty("explain");
  });

  test("asks the embedding model once for a question that is asked again", async () => {
    server.requests.length = 0;
    await ask({ course_id, query: "what is remembered" });
    await ask({ course_id, query: "what is remembered", sources: ["slides"] });
    await ask({ course_id, query: "what is remembered", mode: "text" });

    expect(server.requests).toHaveLength(1);
  });

  test("stop words alone, signs and a page of text are questions like any other", async () => {
    for (const query of [
      "what is the",
      "???",
      "\u0007",
      "'; -- &|!",
      "信息熵",
      "x ".repeat(4_000),
    ]) {
      for (const mode of ["hybrid", "vector", "text"]) await ask({ course_id, query, mode });
    }
  });

  test.each([
    ["no question", { query: "  " }],
    ["a question too long", { query: "x".repeat(8_001) }],
    ["too many passages", { query: "x", top_k: 51 }],
    ["no source", { query: "x", sources: [] }],
    ["an unknown mode", { query: "x", mode: "best" }],
    ["time that runs backwards", { query: "x", from_ms: 2, to_ms: 1 }],
    ["time beyond any recording", { query: "x", from_ms: 1e12 }],
    ["pages that run backwards", { query: "x", page_from: 3, page_to: 2 }],
    ["a page before the first", { query: "x", page_from: 0 }],
    ["an id that is none", { query: "x", lecture_ids: ["1"] }],
  ])("refuses %s", async (_, body) => {
    const answer = await post({ course_id, ...body });

    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: "request_invalid" });
  });

  test("an unknown course is 404", async () => {
    expect((await post({ course_id: crypto.randomUUID(), query: "x" })).status).toBe(404);
  });
});

describe("POST /api/search", () => {
  const search = (body: object) => app.handle(postJson("/api/search", body));
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the answer
  const searched = async (body: object): Promise<any[]> => {
    const answer = await search(body);
    expect(answer.status).toBe(200);
    return (await answer.json()) as [];
  };
  let physics = "";
  let empty = "";
  beforeAll(async () => {
    physics = await createCourse(db, "Physics");
    empty = await createCourse(db, "Empty");
    await addLecture(
      db,
      physics,
      await embedded([
        { content: "Entropy of a gas grows, and parity is broken." },
        { content: "A quokka in a box." },
      ]),
    );
  });

  test("ranks the passages of all courses together, each with its course", async () => {
    const found = await searched({ query: "entropy" });
    const courses = found.map((one) => [one.course_id, one.course_name]);

    expect(courses).toContainEqual([course_id, "Information theory"]);
    expect(courses).toContainEqual([physics, "Physics"]);
    const scores = found.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(found[0].citation.url).toStartWith("http");
  });

  test("searches the named courses only, the same as a search of one course", async () => {
    const both = await searched({ query: "entropy", course_ids: [physics, empty] });
    const alone = await searched({ query: "entropy", course_ids: [physics.toUpperCase()] });
    const plain = await ask({ course_id: physics, query: "entropy" });

    expect(new Set(both.map((one) => one.course_id))).toEqual(new Set([physics]));
    expect(alone).toMatchObject(plain);
    expect(await searched({ query: "entropy", course_ids: [empty] })).toEqual([]);
  });

  test.each(["hybrid", "vector", "text"])("finds a word of one course by mode %s", async (mode) => {
    const [best] = await searched({ query: "a quokka in a box", mode, explain: true });

    expect(best).toMatchObject({ course_id: physics, metadata: { mode } });
    expect(best.explain).toHaveLength(1);
  });

  test("an unknown course is 404, and a malformed request is refused", async () => {
    const unknown = { query: "x", course_ids: [physics, crypto.randomUUID()] };

    expect((await search(unknown)).status).toBe(404);
    for (const wrong of [{ course_ids: [] }, { course_ids: ["1"] }, { course_id: physics }]) {
      expect((await search({ query: "x", ...wrong })).status).toBe(422);
    }
  });
});
