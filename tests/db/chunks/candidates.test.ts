import { beforeAll, describe, expect, test } from "bun:test";
import type { Fragment } from "postgres";
import * as search from "../../../src/db/chunks/candidates";
import { listCourseModels, readChunks } from "../../../src/db/chunks/passages";
import { SEES_ALL } from "../../../src/principal";
import { addDocument, addLecture, direction } from "../../support/corpus";
import { withDatabase } from "../../support/database";
import { createCourse } from "../../support/factories";

const db = await withDatabase();

const findCandidates = async (...args: Parameters<typeof search.findCandidates>) =>
  (await search.findCandidates(...args)).candidates;

const MODEL = "test:plane";
const byWords = (text: string) => ({ embeddings: [], text });
const byMeaning = (vector: number[], model = MODEL) => ({
  embeddings: [{ model, vector }],
  text: "",
});
const everything = { lectures: {}, slides: {} };
const byText = <T extends { text_score: number | null }>(a: T, b: T) =>
  b.text_score! - a.text_score!;

describe("by words", () => {
  let course_id = "";
  let lecture = { id: "", chunk_ids: [] as string[] };
  beforeAll(async () => {
    course_id = await createCourse(db);
    lecture = await addLecture(db, course_id, [
      { content: "the channel carries a signal" },
      { content: "a signal and noise in the channel" },
      { content: "the channel has a capacity" },
      { content: "a channel again" },
    ]);
    await addDocument(db, course_id, [
      { content: "Die Entropie misst Information", text_config: "german" },
      { content: "信息熵的定义", text_config: "simple" },
    ]);
  });
  const find = (text: string) =>
    findCandidates(db, { course_ids: [course_id], viewer: SEES_ALL, ...everything }, byWords(text));

  test("a rare word weighs more than a frequent one", async () => {
    const [best] = (await find("channel noise capacity")).sort(byText);
    const [rarest] = (await find("channel noise")).sort(byText);

    expect([lecture.chunk_ids[1], lecture.chunk_ids[2]]).toContain(best!.chunk_id);
    expect(rarest!.chunk_id).toBe(lecture.chunk_ids[1]!);
  });

  test("other forms of a word match in the language of the chunk", async () => {
    expect(await find("signals")).toHaveLength(2);
    expect(await find("Informationen")).toHaveLength(1);
  });

  test("a question of stop words alone, in any number, finds nothing and does not fail", async () => {
    expect(await find("what is it and why")).toEqual([]);
    expect(await find("")).toEqual([]);
    expect(await find("?!")).toEqual([]);
  });

  test.each([
    ["an open quote", `"channel`],
    ["operators", "channel & | ! <-> ( ) :* '"],
    ["words of a search language", "channel -noise OR AND NOT"],
    ["backslashes", "c:\\channel\\ channel\\"],
    ["SQL", "channel'); drop table courses; --"],
    ["apostrophes and percent signs", "it's the channel's 100% %s $1"],
    ["an address", "https://example.com/channel?a=b#c channel"],
    ["a word of 7 000 letters", `channel ${"x".repeat(7_000)}`],
    ["a word 1 000 times", "channel ".repeat(1_000)],
    ["900 words", `channel ${Array.from({ length: 900 }, (_, i) => `word${i}`).join(" ")}`],
  ])("takes whatever people type: %s", async (_, text) => {
    expect((await find(text)).length).toBe(4);
  });

  test("Chinese is found without spaces between its words", async () => {
    expect(await find("信息熵")).toHaveLength(1);
  });
});

describe("vectors of words without positions", () => {
  test.each([
    ["words that occur once", "the channel carries a signal", null],
    ["words that occur several times", "a signal, a channel, a signal and noise", null],
    ["words that the timeline adds too", "the channel carries a signal", "channel:1B 'nois':2C"],
    ["words of one letter, quotes and colons", `it's a:1 'b':2 c\\ x':1 y`, "'b':1B"],
    ["a word 300 times", "channel ".repeat(300), "channel:3C"],
    ["no words", "", "channel:1C"],
  ])("are ranked as the whole vectors: %s", async (_, content, context) => {
    const ranks = await db<{ lexeme: string; compact: number; whole: number }[]>`
      select lexeme, ts_rank('{0.1, 0.08, 0.1, 0}', compact || added, query, 1) as compact,
             ts_rank('{0.1, 0.08, 0.1, 0}', whole || added, query, 1) as whole
      from (
        select whole, compact_vector(whole, ${context}::tsvector) as compact, coalesce(${context}::tsvector, '') as added
        from (select search_vector('simple', ${content}) as whole) text
      ) vectors, unnest(whole || added) word,
        lateral (select quote_literal(lexeme)::tsquery as query) quoted`;

    expect(ranks.length).toBeGreaterThan(0);
    expect(ranks.filter(({ compact, whole }) => compact !== whole)).toEqual([]);
  });

  test("are stored for chunks, with the positions of words that the timeline adds too", async () => {
    const course_id = await createCourse(db);
    const { chunk_ids } = await addLecture(db, course_id, [{ content: "signal noise signal" }]);
    const read = async () => {
      const [chunk] = await db<{ tsv: string }[]>`
        select tsv::text from lecture_chunks where id = ${chunk_ids[0]!}`;
      return chunk!.tsv;
    };

    expect(await read()).toBe("'nois' 'signal':1,3");
    await db`update lecture_chunks set context_tsv = 'nois:1B' where id = ${chunk_ids[0]!}`;
    expect(await read()).toBe("'nois':2 'signal':1,3");
  });
});

describe("by meaning", () => {
  test("orders by distance, exactly, and compares no two models", async () => {
    const course_id = await createCourse(db);
    const { chunk_ids } = await addLecture(db, course_id, [
      { content: "east", embedding: direction(1, 0) },
      { content: "north", embedding: direction(0, 1) },
      { content: "east of another world", embedding: direction(1, 0), model: "other:plane" },
      { content: "nowhere" },
    ]);

    const found = await findCandidates(
      db,
      { course_ids: [course_id], viewer: SEES_ALL, ...everything },
      byMeaning(direction(1, 1e-3)),
    );
    const [east, north] = found.sort((a, b) => a.distance! - b.distance!);

    expect(found).toHaveLength(2);
    expect([east!.chunk_id, north!.chunk_id]).toEqual(chunk_ids.slice(0, 2));
    expect(east!.distance).toBeCloseTo(0, 5);
    expect(north!.distance).toBeCloseTo(1, 2);
    expect(await listCourseModels(db, [course_id])).toEqual(["other:plane", MODEL]);
  });

  test("the models of a course are all that its chunks have in each language", async () => {
    const course_id = await createCourse(db);
    const embedding = direction(1, 0);
    await addLecture(db, course_id, [
      { content: "nowhere" },
      ...["b:1", "c:1", "a:1", "d:1", "c:1"].map((model) => ({
        content: "east",
        embedding,
        model,
      })),
    ]);
    await addLecture(db, course_id, [{ content: "east", embedding, model: "e:1" }]);
    await db`update lecture_chunks set text_config = 'german'
      where course_id = ${course_id} and embedding_model = any('{b:1,e:1}')`;

    const models = ["a:1", "b:1", "c:1", "d:1", "e:1"];
    expect(await listCourseModels(db, [course_id])).toEqual(models);
  });

  test("keeps vectors in their rows, where they are read at once", async () => {
    const columns = await db`
      select attrelid::regclass::text as table_name, attstorage from pg_attribute
      where attname = 'embedding' and attrelid in ('lecture_chunks'::regclass, 'slide_chunks'::regclass)
      order by 1`;

    expect(columns.map(({ attstorage }) => attstorage)).toEqual(["p", "p"]);
  });

  test("a chunk found by its words has its distance too, when there is one to have", async () => {
    const course_id = await createCourse(db);
    await addLecture(db, course_id, [
      { content: "entropy", embedding: direction(1) },
      { content: "entropy again" },
    ]);
    const probe = { ...byMeaning(direction(0, 1)), text: "entropy" };
    const found = await findCandidates(
      db,
      { course_ids: [course_id], viewer: SEES_ALL, ...everything },
      probe,
    );

    expect(found.map(({ distance }) => distance).sort()).toEqual([1, null]);
  });
});

describe("in a course of more chunks than are compared whole", () => {
  const CHUNKS = 1_400;
  let course_id = "";
  let document_id = "";
  /** A direction and a part of its own; the chunks of one page in seven are alike. */
  const vectorOf = (page: number | Fragment) => db`(
    select array_agg(sin(d * (${page}::int % 7 + 1)) + 0.3 * sin(d * 0.37 * ${page}::int))
    from generate_series(1, 1536) d)::halfvec`;
  beforeAll(async () => {
    course_id = await createCourse(db);
    document_id = (await addDocument(db, course_id, [])).id;
    await db`
      insert into slide_chunks (document_id, course_id, chunk_index, page_number, page_end, content, embedding, embedding_model)
      select ${document_id}, ${course_id}, i, i, i, '', ${vectorOf(db`i`)}, ${MODEL}
      from generate_series(1, ${CHUNKS}::int) i`;
  });
  const ask = async (page: number, scope: Partial<Parameters<typeof findCandidates>[1]> = {}) => {
    const [row] = await db<{ embedding: string }[]>`select ${vectorOf(page)}::text as embedding`;
    const probe = byMeaning(JSON.parse(row!.embedding));
    const asked = { course_ids: [course_id], viewer: SEES_ALL, slides: {}, ...scope };
    const found = await findCandidates(db, asked, probe);
    const best = found.toSorted((a, b) => a.distance! - b.distance!).slice(0, 10);
    return best.map(({ page_number }) => page_number);
  };
  const exact = async (page: number, and = db``) => {
    const rows = await db<{ page_number: number }[]>`
      select page_number from slide_chunks where course_id = ${course_id} ${and}
      order by embedding <=> ${vectorOf(page)}, id limit 10`;
    return rows.map(({ page_number }) => page_number);
  };

  test("the closest vectors are found, in the order of their exact distance", async () => {
    for (const page of [3, 700, 1_399]) expect(await ask(page)).toEqual(await exact(page));
    const filtered = await ask(700, { slides: { page_from: 701 } });
    expect(filtered).toEqual(await exact(700, db`and page_number > 700`));
  });

  test("hidden pages leave no gap", async () => {
    await db`insert into page_releases (document_id, page_from, page_to, visible_from)
      values (${document_id}, 1, ${CHUNKS - 300}, now() + interval '1 day')`;
    const viewer = { owner: null, seesUnreleased: false };
    expect(await ask(700, { viewer })).toEqual(
      await exact(700, db`and page_number > ${CHUNKS - 300}`),
    );
    await db`delete from page_releases where document_id = ${document_id}`;
  });

  test("vectors of another model are not among those that are compared", async () => {
    await db`update slide_chunks set embedding_model = 'test:other' where course_id = ${course_id} and page_number <= 1000`;
    expect(await ask(700)).toEqual(await exact(700, db`and page_number > 1000`));
  });
});

describe("the scope", () => {
  let course_id = "";
  let lecture = { id: "", chunk_ids: [] as string[] };
  let document = { id: "", chunk_ids: [] as string[] };
  beforeAll(async () => {
    course_id = await createCourse(db);
    const said = Array.from({ length: 5 }, () => ({ content: "entropy", embedding: direction(1) }));
    lecture = await addLecture(db, course_id, said);
    document = await addDocument(db, course_id, said);
    await addLecture(db, await createCourse(db), said);
  });
  const find = async (scope: object) => {
    const probe = { ...byMeaning(direction(1)), text: "entropy" };
    const found = await findCandidates(
      db,
      { course_ids: [course_id], viewer: SEES_ALL, ...scope },
      probe,
    );
    return found.map(({ chunk_id }) => chunk_id).sort();
  };

  test("is one course and the kinds of source that are named", async () => {
    expect(await find(everything)).toEqual([...lecture.chunk_ids, ...document.chunk_ids].sort());
    expect(await find({ slides: {} })).toEqual(document.chunk_ids.toSorted());
  });

  test("a stretch of time contains all speech that overlaps it", async () => {
    expect(await find({ lectures: { from_ms: 1_500, to_ms: 3_000 } })).toEqual(
      lecture.chunk_ids.slice(1, 3).sort(),
    );
  });

  test("pages include both ends", async () => {
    expect(await find({ slides: { page_from: 2, page_to: 3 } })).toEqual(
      document.chunk_ids.slice(1, 3).sort(),
    );
  });

  test("assets of other courses and of none match nothing", async () => {
    const foreign = await addLecture(db, await createCourse(db), [{ content: "entropy" }]);

    expect(await find({ lectures: { ids: [foreign.id, crypto.randomUUID()] } })).toEqual([]);
    expect(await find({ lectures: { ids: [] } })).toEqual([]);
    expect(await find({ slides: { ids: [document.id] } })).toEqual(document.chunk_ids.toSorted());
  });

  test("a deleted asset is out of every read at once", async () => {
    const gone = await addDocument(db, course_id, [{ content: "entropy" }]);
    expect(await find({ slides: { ids: [gone.id] } })).toEqual(gone.chunk_ids);
    await db`update documents set deleted_at = now() where id = ${gone.id}`;

    expect(await find({ slides: { ids: [gone.id] } })).toEqual([]);
    expect(await readChunks(db, gone.chunk_ids)).toEqual([]);
  });
});
