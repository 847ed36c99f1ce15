/** From a file, or a stored text, to what a question finds by words, in many languages and spellings. */

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { SEES_ALL } from "../../src/principal";
import { searchCourse } from "../../src/retrieval/search";
import { addDocument } from "../support/corpus";
import { migratedDatabase } from "../support/database";
import { type DocumentWork, openDocumentWork } from "../support/document-work";
import { createCourse } from "../support/factories";

setDefaultTimeout(120_000);

const db = await migratedDatabase();
const decks = new Map<string, DocumentWork>();
afterAll(async () => {
  for (const deck of decks.values()) await deck[Symbol.asyncDispose]();
  await db.end();
});

/** A course with one deck of `fixtures/slides`. */
async function openDeck(name: string): Promise<DocumentWork> {
  const open = decks.get(name) ?? (await openDocumentWork(db));
  if (!decks.has(name)) {
    decks.set(name, open);
    await open.upload(Bun.file(join(import.meta.dir, "../fixtures/slides", `${name}.pdf`)).bytes());
    await open.workOnce({ ...open.tools, slideDescriber: null });
  }
  return open;
}

/** Pages found by words alone, best first. */
async function findPages(course_id: string, query: string, embedder = noEmbedder) {
  const request = {
    course_id,
    query,
    top_k: 8,
    viewer: SEES_ALL,
    sources: ["slides" as const],
    mode: "text" as const,
  };
  const passages = await searchCourse({ db, embedder }, request, AbortSignal.timeout(60_000));
  return passages.map(({ citation }) => citation.page_number);
}
const noEmbedder = {
  model: "unused",
  maxTokens: 0,
  countTokens: () => 0,
  embed: () => Promise.reject(new Error("a search by words embeds nothing")),
};

describe("a deck as uploaded", () => {
  // biome-ignore format: a table reads best as a table
  test.each([
    ["cjk-words", "什么是信息熵", 1], ["cjk-words", "信道容量", 1], ["cjk-words", "不确定性", 1],
    ["slash-dot-tokens", "TCP", 1], ["slash-dot-tokens", "server", 1],
    ["slash-dot-tokens", "nn.Linear", 2], ["slash-dot-tokens", "Linear", 2], ["slash-dot-tokens", "svd", 2],
    ["slash-dot-tokens", "2015", 3], ["slash-dot-tokens", "COVID", 3], ["slash-dot-tokens", "ResNet50", 4],
    ["slash-dot-tokens", "helper", 5], ["slash-dot-tokens", "homework3", 7], ["slash-dot-tokens", "homework", 7],
    ["slash-dot-tokens", "299792458", 8], ["slash-dot-tokens", "Gödel Göttingen", 9],
    ["slash-dot-tokens", "doe", 10], ["slash-dot-tokens", "C++", 11], ["slash-dot-tokens", "output", 12],
    ["query-normalisation", "Übertragungsfunktion", 1],
    ["query-normalisation", "U\u0308bertragungsfunktion", 1],
    ["query-normalisation", "Uebertragungsfunktion", 1],
    ["query-normalisation", "Übertragungs\u00adfunktion", 1],
    ["query-normalisation", "eﬃziente Konﬁgurationen", 1],
    ["query-normalisation", "ｅｆｆｉｚｉｅｎｔｅ", 1],
  ])("%s: %j finds page %i", async (name, query, page) => {
    const { course_id } = await openDeck(name);

    expect((await findPages(course_id, query))[0]).toBe(page);
  });
});

describe("a stored text", () => {
  const TEXTS = [
    { content: "エントロピーは情報の不確かさを測る量です。", text_config: "simple" },
    {
      content: "엔트로피는 불확실성의 척도입니다. 채널용량은 상호정보량의 최댓값이다.",
      text_config: "simple",
    },
    { content: "ทฤษฎีสารสนเทศคือการศึกษาปริมาณของข้อมูล", text_config: "simple" },
    {
      content: "La dérivée d’une fonction mesure la pente. Le café de Noël.",
      text_config: "french",
    },
    { content: "Die Größe des Schlüssels und die Lösung für alle.", text_config: "german" },
    { content: "We train the network with gradient descent.", text_config: "english" },
    { content: "朴素贝叶斯分类器假设特征相互独立。", text_config: "simple" },
  ];
  let course: Promise<string> | undefined;
  const openCourse = () => {
    course ??= createCourse(db).then(async (id) => {
      await addDocument(db, id, TEXTS);
      return id;
    });
    return course;
  };

  // biome-ignore format: a table reads best as a table
  test.each([
    ["エントロピーとは何ですか", 1], ["不確かさ", 1],
    ["엔트로피란 무엇인가요?", 2], ["엔트로피를 설명해 주세요", 2], ["채널 용량", 2],
    ["สารสนเทศ", 3],
    ["derivee", 4], ["dérivées", 4], ["cafe", 4], ["l'derivee de noel", 4],
    ["Groesse", 5], ["Grosse", 5], ["schlussel", 5], ["Loesungen", 5],
    ["Was ist gradient descent?", 6], ["什么是 gradient descent", 6],
    ["贝叶斯定理", 7], ["分类器", 7],
  ])("is found by %j", async (query, page) => {
    expect((await findPages(await openCourse(), query))[0]).toBe(page);
  });

  test("is found by the words at the end of a question of 8 000 characters, in bounded time", async () => {
    const filler = Array.from({ length: 1_300 }, (_, i) => `w${i}`)
      .join(" ")
      .slice(0, 7_950);
    const course_id = await openCourse();

    expect((await findPages(course_id, `${filler} gradient descent`))[0]).toBe(6);
    expect((await findPages(course_id, `${"的".repeat(7_900)} 朴素贝叶斯`))[0]).toBe(7);
  });

  test("is not found by characters that mean nothing", async () => {
    expect(await findPages(await openCourse(), "\u00ad\u200b")).toEqual([]);
    expect(await findPages(await openCourse(), "?! \0 --")).toEqual([]);
  });
});
