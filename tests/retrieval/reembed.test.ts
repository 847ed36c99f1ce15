import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  countEmbeddings,
  deleteInactiveEmbeddings,
  listCoursesWithOtherModel,
} from "../../src/db/chunks/embeddings";
import { CallRecorder, DEFAULT_POLICY } from "../../src/pipelines/paid-calls";
import { SEES_ALL } from "../../src/principal";
import type { Embedder } from "../../src/providers/embedder";
import { OpenAI } from "../../src/providers/openai";
import { moveToModel, rollBack } from "../../src/retrieval/reembed";
import { searchCourse } from "../../src/retrieval/search";
import { addDocument, addLecture } from "../support/corpus";
import { withDatabase } from "../support/database";
import { createCourse } from "../support/factories";
import { startOpenAI } from "../support/openai";

const db = await withDatabase();
const server = startOpenAI();
afterAll(() => server.close());

const provider = new OpenAI({ baseUrl: server.url });
const former = provider.embedder("former");
const newer = provider.embedder("newer");
const signal = AbortSignal.timeout(120_000);
const say = () => {};
const recorder = new CallRecorder(db, null, signal, DEFAULT_POLICY);
const move = (course_id: string | null, embedder: Embedder) =>
  moveToModel(
    { course_id },
    { db, embedder, signal, say, calls: recorder.for("reembed", "test") },
    async () => {},
  );

const SAID = ["entropy measures surprise", "a channel has a capacity", "codes approach it"];
let course_id = "";
beforeEach(async () => {
  course_id = await createCourse(db);
  const { embeddings } = await former.embed(SAID, { purpose: "document", signal });
  const chunks = SAID.map((content, i) => ({
    content,
    embedding: embeddings[i]!,
    model: former.model,
  }));
  await addLecture(db, course_id, chunks);
  await addDocument(db, course_id, chunks);
  server.requests.length = 0;
});

const models = (id = course_id) => countEmbeddings(db, { course_id: id });
const bestOf = async (embedder: Embedder) => {
  const request = {
    course_id,
    query: "a channel has a capacity",
    top_k: 3,
    mode: "vector",
  } as const;
  const found = await searchCourse(
    { db, embedder },
    { ...request, viewer: SEES_ALL, sources: ["lectures"] },
    signal,
  );
  return found[0]?.content;
};
const vectors = () =>
  db`select id, embedding::text as embedding from lecture_chunks where course_id = ${course_id} order by id`;

describe("moving to another model", () => {
  test("embeds every chunk of the course once and no chunk of another", async () => {
    const other = course_id;
    course_id = await createCourse(db);
    await addLecture(db, course_id, [
      { content: "noise", embedding: [1, ...new Array(1535).fill(0)] },
    ]);

    expect(await move(course_id, newer)).toEqual({ model: "openai:newer", switched: 1 });
    expect(await models()).toEqual([{ model: "openai:newer", chunks: 1 }]);
    expect(await models(other)).toEqual([{ model: "openai:former", chunks: 6 }]);
    expect(server.requests).toHaveLength(1);
    const receipts = await db`
      select state, purpose, model from provider_calls where model = 'newer'`;
    expect([...receipts]).toEqual([{ state: "ok", purpose: "reembed", model: "newer" }]);
  });

  test("questions are answered from the old vectors until the new ones are complete", async () => {
    server.embeddingFaults.push({ kind: "status", status: 429 });

    expect(await move(course_id, newer).catch((error) => error)).toMatchObject({
      errorCode: "provider_rate_limited",
    });
    expect(await models()).toEqual([{ model: "openai:former", chunks: 6 }]);
    expect(await bestOf(former)).toBe("a channel has a capacity");

    await move(course_id, newer);
    expect(await bestOf(newer)).toBe("a channel has a capacity");
  });

  test("a chunk whose words changed while its vector waited is embedded again", async () => {
    const changing: Embedder = {
      ...newer,
      embed: async (texts, options) => {
        const embedded = await newer.embed(texts, options);
        if (texts.length > 1) {
          await db`update lecture_chunks set content = 'changed' where course_id = ${course_id} and chunk_index = 0`;
        }
        return embedded;
      },
    };
    await move(course_id, changing);
    const asked = server.requests.map(({ body }) => [body.input].flat());

    expect(asked.map(({ length }) => length)).toEqual([6, 1]);
    expect(asked[1]).toEqual(["changed"]);
    expect(await models()).toEqual([{ model: "openai:newer", chunks: 6 }]);
  });

  test("a course is listed while a lecture or a deck has a vector of another model", async () => {
    const others = async (model: string) =>
      (await listCoursesWithOtherModel(db, course_id, model)).map(({ id }) => id);
    expect(await others(former.model)).toEqual([]);
    expect(await others(newer.model)).toEqual([course_id]);

    await move(course_id, newer);
    expect(await others(newer.model)).toEqual([]);
    for (const table of ["lecture_chunks", "slide_chunks"]) {
      // One model before the configured one in the alphabet, and one after it.
      for (const model of ["a", "z"]) {
        await db`update ${db(table)} set embedding_model = ${model} where course_id = ${course_id} and chunk_index = 1`;
        expect(await others(newer.model)).toEqual([course_id]);
      }
      await db`update ${db(table)} set embedding = null, embedding_model = null
               where course_id = ${course_id} and chunk_index = 1`;
      expect(await others(newer.model)).toEqual([]); // not embedded yet
    }
    const listed = await listCoursesWithOtherModel(db, null, newer.model);
    expect(listed.map(({ id }) => id)).not.toContain(course_id);
  });

  test("doing it again does nothing", async () => {
    await move(course_id, newer);
    server.requests.length = 0;

    expect(await move(course_id, newer)).toEqual({ model: "openai:newer", switched: 0 });
    expect(server.requests).toEqual([]);
  });
});

test("a question that is on its way during the switch is answered by the new vectors", async () => {
  let moved = false;
  const slow: Embedder = {
    ...former,
    embed: async (texts, options) => {
      const embedded = await former.embed(texts, options);
      if (!moved) await move(course_id, newer);
      moved = true;
      return embedded;
    },
    withModel: () => newer,
  };

  expect(await bestOf(slow)).toBe("a channel has a capacity");
  expect(moved).toBe(true);
});

describe("rolling back", () => {
  test("brings the same vectors back without embedding anything, and forth again", async () => {
    const before = await vectors();
    await move(course_id, newer);
    server.requests.length = 0;

    expect(await rollBack({ course_id }, { db })).toEqual({ model: "openai:former", switched: 6 });
    expect(await vectors()).toEqual(before);
    expect(await move(course_id, newer)).toEqual({ model: "openai:newer", switched: 6 });
    expect(server.requests).toEqual([]);
  });

  test("is refused once the former vectors are discarded", async () => {
    await move(course_id, newer);

    expect(await deleteInactiveEmbeddings(db, { course_id })).toBe(6);
    expect(await rollBack({ course_id }, { db }).catch((error) => error)).toMatchObject({
      errorCode: "nothing_to_roll_back",
    });
  });

  test("forgets the vectors of chunks that are deleted", async () => {
    await move(course_id, newer);
    await db`delete from lecture_chunks where course_id = ${course_id} and chunk_index = 1`;

    expect(await rollBack({ course_id }, { db })).toMatchObject({ switched: 5 });
    expect(await deleteInactiveEmbeddings(db, { course_id })).toBe(5);
  });
});

describe("a course of another model than the configured one", () => {
  test("is asked in its own model where the settings offer that", async () => {
    const withModel = (model: string) => (model === former.model ? former : undefined);

    expect(await bestOf({ ...newer, withModel })).toBe("a channel has a capacity");
  });

  test("is searched by words where they do not", async () => {
    const request = { course_id, query: "channel", top_k: 3, mode: "hybrid" } as const;
    const tools = { db, embedder: newer };
    const found = await searchCourse(
      tools,
      { ...request, viewer: SEES_ALL, sources: ["lectures"] },
      signal,
    );

    expect(found.map(({ metadata }) => metadata.mode)).toEqual(["text"]);
    expect(server.requests).toEqual([]);
  });
});
