import { describe, expect, test } from "bun:test";
import type { Embedder } from "../../src/providers/embedder";
import { embedForCourses } from "../../src/retrieval/embed-question";
import { createStudiedCourse } from "../support/chat";
import { withDatabase } from "../support/database";

const db = await withDatabase();
const signal = new AbortController().signal;

/** A course whose chunks have vectors of a model. */
async function createEmbeddedCourse(model: string): Promise<string> {
  const { course_id } = await createStudiedCourse(db);
  await moveTo(course_id, model);
  return course_id;
}

const moveTo = (course_id: string, model: string) => db`
  update slide_chunks set embedding = array_fill(0.025, array[1536])::halfvec, embedding_model = ${model}
  where course_id = ${course_id}`;

/** Two models, and the requests to them, which end when the test lets them. */
function openModels() {
  const requests: { model: string; answer(vector: number[]): void; fail(error: Error): void }[] =
    [];
  const open = (model: string): Embedder => ({
    model,
    maxTokens: 100,
    countTokens: () => 1,
    embed: async () => {
      const { promise, resolve, reject } = Promise.withResolvers<number[]>();
      requests.push({ model, answer: resolve, fail: reject });
      return { embeddings: [await promise], usage: { tokens: 1 } };
    },
  });
  const other = open("test:other");
  const embedder: Embedder = {
    ...open("test:configured"),
    withModel: (model) => (model === other.model ? other : undefined),
  };
  const ask = (course_id: string, query: string, by = signal) =>
    embedForCourses({ db, embedder }, [course_id], query, by);
  /** Waits for the requests of a question, and answers them. */
  const answer = async <T>(asked: Promise<T>): Promise<T> => {
    while (requests.length === 0) await Bun.sleep(1);
    for (const request of requests.splice(0)) request.answer([1]);
    return asked;
  };
  return { requests, ask, answer };
}

describe("a question", () => {
  test("is embedded while the models of a known course are read again", async () => {
    const course_id = await createEmbeddedCourse("test:configured");
    const { requests, ask, answer } = openModels();
    await answer(ask(course_id, "first"));

    const asked = ask(course_id, "second");

    expect(requests.map(({ model }) => model)).toEqual(["test:configured"]);
    expect(await answer(asked)).toEqual([{ model: "test:configured", vector: [1] }]);
  });

  test("is embedded by the new model after its course has moved", async () => {
    const course_id = await createEmbeddedCourse("test:configured");
    const { requests, ask } = openModels();
    const first = ask(course_id, "first");
    while (requests.length === 0) await Bun.sleep(1);
    requests[0]!.answer([1]);
    await first;
    await moveTo(course_id, "test:other");

    const asked = ask(course_id, "second");
    while (requests.length < 3) await Bun.sleep(1);
    requests[1]!.fail(new Error("the old model is gone"));
    requests[2]!.answer([2]);

    expect(await asked).toEqual([{ model: "test:other", vector: [2] }]);
  });

  test("of two tools in one answer is embedded once, and of two requests twice", async () => {
    const course_id = await createEmbeddedCourse("test:configured");
    const { requests, ask, answer } = openModels();
    await answer(ask(course_id, "first"));

    const [slides, lectures] = [ask(course_id, "same"), ask(course_id, "same")];
    expect(requests).toHaveLength(1);
    const another = ask(course_id, "same", new AbortController().signal);
    expect(requests).toHaveLength(2);

    await answer(Promise.all([slides, lectures, another]));
  });

  test("whose request failed is embedded again", async () => {
    const course_id = await createEmbeddedCourse("test:configured");
    const { requests, ask, answer } = openModels();
    await answer(ask(course_id, "first"));

    const failing = ask(course_id, "second");
    requests.splice(0)[0]!.fail(new Error("busy"));
    await failing.then(
      () => expect.unreachable(),
      (error) => expect(error.message).toBe("busy"),
    );

    expect(await answer(ask(course_id, "second"))).toHaveLength(1);
  });
});
