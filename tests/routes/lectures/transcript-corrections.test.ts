import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { updateAsset } from "../../../src/db/access/releases";
import { upsertUser } from "../../../src/db/access/users";
import { markReplaced } from "../../../src/db/chat/replaced-citations";
import { MAX_CORRECTIONS } from "../../../src/db/corrections";
import { listProviderCalls } from "../../../src/db/jobs/provider-calls";
import { AppError } from "../../../src/errors";
import { SEES_ALL } from "../../../src/principal";
import { searchCourse } from "../../../src/retrieval/search";
import { withDatabase } from "../../support/database";
import { createCourse, createDocument } from "../../support/factories";
import { get, postFile } from "../../support/http";
import { openLectureWork } from "../../support/lecture-work";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
const { app, openai, workOnce, tools } = lab;
afterAll(() => lab.close());

/** Speech of several chunks; every tenth sentence has the words that are recognised wrongly. */
const sentence = (i: number) =>
  i % 10 === 3
    ? `Number ${i} explains the largest eigen value of a matrix again.`
    : `Number ${i} explains something about the matrix and its rows w${i}.`;
const WORDS = Array.from({ length: 80 }, (_, i) => sentence(i).split(" "))
  .flat()
  .map((text, i) => ({ text, start: i * 0.3, end: i * 0.3 + 0.25 }));
const SEGMENTS = Array.from({ length: 80 }, (_, i) => {
  const before = Array.from({ length: i }, (_, k) => sentence(k).split(" ").length);
  const first = before.reduce((sum, count) => sum + count, 0);
  const last = first + sentence(i).split(" ").length - 1;
  return { start: first * 0.3, end: last * 0.3 + 0.25, text: sentence(i) };
});

async function addLecture(
  course_id: string,
  segments: object[] = SEGMENTS,
  words: object[] = WORDS,
) {
  const bytes = new TextEncoder().encode(
    JSON.stringify({ language: "en", segments, ...(words.length > 0 && { words }) }),
  );
  const response = await app.handle(
    postFile(
      "/api/lectures/transcript",
      { course_id, title: "Spectra" },
      { name: "t.json", bytes },
    ),
  );
  const { lecture_id } = (await response.json()) as { lecture_id: string };
  expect(await workOnce()).toBe("done");
  return lecture_id;
}

const call = async (method: string, path: string, body?: unknown) => {
  const response = await app.handle(
    new Request(`http://localhost${path}`, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    }),
  );
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the whole answer
  return { status: response.status, body: (await response.json()) as any };
};
const correct = (id: string, body: object) => call("PATCH", `/api/lectures/${id}/transcript`, body);
const undo = (id: string, correction_id: string) =>
  call("DELETE", `/api/lectures/${id}/transcript/corrections/${correction_id}`);
const list = async (id: string) =>
  (await call("GET", `/api/lectures/${id}/transcript/corrections`)).body.items;
const transcript = async (id: string) =>
  (await call("GET", `/api/lectures/${id}/transcript?words=true&segments=true`)).body;
const exported = async (id: string, format: string) =>
  (await app.handle(get(`/api/lectures/${id}/transcript?format=${format}`))).text();

type Chunk = {
  id: string;
  chunk_index: number;
  start_ms: number;
  end_ms: number;
  content: string;
  embedding: string;
};
const chunksOf = (id: string) => db<Chunk[]>`
  select id, chunk_index, start_ms, end_ms, content, embedding::text as embedding from lecture_chunks
  where lecture_id = ${id} order by chunk_index`;
const shaOf = async (id: string) =>
  (
    await db<{ sha256: string }[]>`
    select sha256 from lecture_transcripts where lecture_id = ${id}`
  )[0]!.sha256;
/** The texts that were embedded since. */
const embeddedSince = (count: number): string[] =>
  openai
    .requestsTo("/v1/embeddings")
    .slice(count)
    .flatMap(({ body }) => body.input);
const embeddings = () => openai.requestsTo("/v1/embeddings").length;
const index = (text: string, from = 0) =>
  WORDS.findIndex((word, i) => i >= from && word.text === text);

describe("PATCH transcript", () => {
  test("corrects one place, and embeds only the chunks with that word", async () => {
    const id = await addLecture(await createCourse(db));
    const before = await chunksOf(id);
    expect(before.length).toBeGreaterThan(4);
    const oldSha = await shaOf(id);
    const calls = embeddings();
    const at = index("eigen", 400);

    const { status, body } = await correct(id, {
      word_index: at,
      expected: "eigen value",
      replacement: "eigenvalue",
    });
    expect(status).toBe(202);
    expect(body).toMatchObject({ lecture_id: id, jobs: [{ lecture_id: id, job_id: body.job_id }] });
    expect((await transcript(id)).words[at].text).toBe("eigen"); // until the job is complete
    expect(await workOnce()).toBe("done");

    const after = await chunksOf(id);
    const affected = before.filter(
      ({ start_ms, end_ms }) => start_ms <= at * 300 && end_ms >= at * 300 + 500,
    );
    const changed = after.filter(({ content }, i) => content !== before[i]!.content);
    expect(changed.map(({ chunk_index }) => chunk_index)).toEqual(
      affected.map(({ chunk_index }) => chunk_index),
    );
    expect(embeddedSince(calls).toSorted()).toEqual(
      changed.map(({ content }) => content).toSorted(),
    );
    for (const [i, chunk] of after.entries()) {
      const { id, embedding, ...rest } = before[i]!;
      if (changed.includes(chunk)) {
        expect(chunk.id).not.toBe(id);
        expect(chunk.content).toContain("eigenvalue");
        expect([chunk.start_ms, chunk.end_ms]).toEqual([rest.start_ms, rest.end_ms]);
      } else {
        expect(chunk).toEqual(before[i]!);
      }
    }
    const { words, transcript_text } = await transcript(id);
    expect(words[at]).toEqual({ text: "eigenvalue", start_ms: at * 300, end_ms: at * 300 + 550 });
    expect(words[at + 1].text).toBe("of");
    expect(transcript_text.match(/eigenvalue/g)).toHaveLength(1);
    expect(await shaOf(id)).not.toBe(oldSha);
  });

  test("a rule changes all lectures of the course, exports and search, and later lectures", async () => {
    const course_id = await createCourse(db);
    const first = await addLecture(course_id);
    const second = await addLecture(course_id, SEGMENTS.slice(0, 5), []);
    const other = await addLecture(
      course_id,
      [{ start: 0, end: 4, text: "Nothing of it here." }],
      [],
    );
    const elsewhere = await addLecture(await createCourse(db));
    const [otherChunks, elsewhereChunks] = [await chunksOf(other), await chunksOf(elsewhere)];

    const { status, body } = await correct(first, {
      find: "eigen value",
      replacement: "eigenvalue",
    });
    expect(status).toBe(202);
    expect(new Set(body.jobs.map((job: { lecture_id: string }) => job.lecture_id))).toEqual(
      new Set([first, second]),
    );
    expect([await workOnce(), await workOnce(), await workOnce()]).toEqual(["done", "done", null]);

    for (const id of [first, second]) {
      expect((await transcript(id)).transcript_text).not.toContain("eigen value");
      for (const format of ["txt", "vtt", "srt"]) {
        expect(await exported(id, format)).toContain("eigenvalue");
      }
    }
    expect(await chunksOf(other)).toEqual(otherChunks);
    expect(await chunksOf(elsewhere)).toEqual(elsewhereChunks);
    const everything = {
      course_id,
      mode: "hybrid",
      top_k: 3,
      filters: {},
      viewer: SEES_ALL,
    } as const;
    const passages = await searchCourse(
      tools,
      { ...everything, query: "eigenvalue", sources: ["lectures"] },
      new AbortController().signal,
    );
    expect(JSON.stringify(passages)).toContain("eigenvalue");

    const later = await addLecture(course_id, SEGMENTS.slice(0, 5), []);
    expect((await transcript(later)).transcript_text).toContain("eigenvalue");
    expect(await list(later)).toMatchObject([{ expected: "eigen value", changes: 1 }]);
  });

  test("citations of the former text still open, and are marked as replaced", async () => {
    const id = await addLecture(await createCourse(db));
    const citation = { asset_id: id, sha256: await shaOf(id), start_ms: 900, quote: "eigen value" };
    const cited = async () => {
      const [message] = await markReplaced(db, [{ metadata: { citations: [citation] } }]);
      return message!.metadata.citations;
    };
    expect(await cited()).toEqual([citation]);
    const { body } = await correct(id, { find: "eigen value", replacement: "eigenvalue" });
    expect(await workOnce()).toBe("done");
    expect(await cited()).toEqual([{ ...citation, replaced: true } as never]);
    const view = await app.handle(get(`/api/lectures/${id}/transcript/view?t=0`));
    expect(view.status).toBe(200);
    await undo(id, body.correction_id);
    expect(await workOnce()).toBe("done");
    expect(await cited()).toEqual([citation]);
  });

  test("a rule without a match is kept for later lectures", async () => {
    const course_id = await createCourse(db);
    const id = await addLecture(course_id, SEGMENTS.slice(0, 3), []);
    const { body } = await correct(id, { find: "eigen value", replacement: "eigenvalue" });
    expect(body).toMatchObject({ job_id: null, jobs: [] });
    expect(await workOnce()).toBeNull();
    const later = await addLecture(course_id);
    expect((await transcript(later)).transcript_text).toContain("eigenvalue");
  });

  test("a correction of the same text replaces the former one, and an equal one is not stored again", async () => {
    const id = await addLecture(await createCourse(db));
    const first = await correct(id, { find: "eigen value", replacement: "eigenvalu" });
    expect(await workOnce()).toBe("done");
    const second = await correct(id, { find: "Eigen Value", replacement: "eigenvalue" });
    expect(second.body.jobs).toHaveLength(1);
    const again = await correct(id, { find: "eigen value", replacement: "eigenvalue" });
    expect(again.body).toMatchObject({ correction_id: second.body.correction_id, jobs: [] });
    expect(await workOnce()).toBe("done");
    expect((await transcript(id)).transcript_text).toContain("eigenvalue");
    const [newest, former] = await list(id);
    expect(former).toMatchObject({ id: first.body.correction_id, changes: 0 });
    expect(former.undone_at).toBeString();
    expect(newest.undone_at).toBeNull();

    const at = index("rows");
    const place = { word_index: at, expected: "rows" };
    await correct(id, { ...place, replacement: "column" });
    await correct(id, { ...place, replacement: "columns" }); // before the job of the first
    expect(await workOnce()).toBe("done");
    const { words } = await transcript(id);
    expect(words.filter(({ text }: { text: string }) => text.startsWith("column"))).toMatchObject([
      { text: "columns" },
    ]);
    expect(await workOnce()).toBeNull();
  });

  test("is refused where other words are, and for texts that change nothing", async () => {
    const id = await addLecture(await createCourse(db), SEGMENTS.slice(0, 5), []);
    const wrong = { word_index: 0, expected: "eigen value", replacement: "eigenvalue" };
    const { status, body } = await correct(id, wrong);
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: "correction_conflict" });
    expect(body.detail).toContain("Number 0 explains");
    expect((await correct(id, { ...wrong, word_index: 99_999 })).status).toBe(409);
    for (const invalid of [
      { find: "same", replacement: "same" },
      { find: "\u200b", replacement: "x" },
      { find: "", replacement: "x" },
      { find: "x", replacement: "y", word_index: 1 },
      {},
    ]) {
      expect((await correct(id, invalid)).status).toBe(422);
    }
    expect(await list(id)).toEqual([]);
    expect(await workOnce()).toBeNull();
  });

  test("is refused when the lecture or the course has too many, until one is undone", async () => {
    const id = await addLecture(await createCourse(db));
    const insert = (kind: "places" | "rules") => db`
      insert into transcript_corrections
        (course_id, lecture_id, start_ms, nth_at_start, expected, replacement)
      select course_id, ${kind === "places" ? db`id, 0, 0` : db`null, null, null`}, 'none ' || n, 'x'
      from lectures, generate_series(1, ${MAX_CORRECTIONS[kind]}::int) n where id = ${id}`;
    await insert("places");
    await insert("rules");
    const place = { word_index: 0, expected: "Number", replacement: "No." };
    const rule = { find: "matrix", replacement: "tensor" };
    for (const [kind, body] of [
      ["places", place],
      ["rules", rule],
    ] as const) {
      expect(await correct(id, body)).toMatchObject({
        status: 409,
        body: { code: "too_many_corrections", details: { kind, limit: MAX_CORRECTIONS[kind] } },
      });
    }
    expect((await correct(id, { find: "none 7", replacement: "y" })).status).toBe(202);
    const [old] = await db<{ id: string }[]>`
      select id from transcript_corrections where expected = 'none 9' and start_ms is null
        and course_id = (select course_id from lectures where id = ${id})`;
    expect((await undo(id, old!.id)).status).toBe(202);
    expect((await correct(id, rule)).status).toBe(202);
    expect(await workOnce()).toBe("done");
    expect((await transcript(id)).transcript_text).not.toContain("matrix");
  });

  test("needs a transcript", async () => {
    const missing = await correct(crypto.randomUUID(), { find: "a", replacement: "b" });
    expect(missing).toMatchObject({ status: 404, body: { code: "lecture_not_found" } });
    const id = await lab.request(
      lab.site.addSession({ streams: [{ tag: "DV", file: "ts/master.m3u8" }] }),
    );
    const early = await correct(id, { word_index: 0, expected: "a", replacement: "b" });
    expect(early.body).toMatchObject({ code: "transcript_not_ready" });
    await lab.endJobs();
  });

  test("a rule that arrives before the transcript applies to it", async () => {
    const id = await lab.request(
      lab.site.addSession({ streams: [{ tag: "DV", file: "ts/master.m3u8" }] }),
    );
    const { body } = await correct(id, { find: "entropy", replacement: "enthalpy" });
    expect(body.job_id).toBeString();
    expect(await workOnce()).toBe("done");
    const { transcript_text } = await transcript(id);
    expect(transcript_text).toContain("Enthalpy measures");
    expect(await workOnce()).toBeNull();
    await undo(id, body.correction_id);
    expect(await workOnce()).toBe("done");
    expect((await transcript(id)).transcript_text).toContain("Entropy measures");
  });

  test("a rule for a personal lecture stays with its owner", async () => {
    const course_id = await createCourse(db);
    const shared = await addLecture(course_id, SEGMENTS.slice(0, 5), []);
    const personal = await addLecture(course_id, SEGMENTS.slice(0, 5), []);
    const person = { issuer: "test", subject: "anna", email: null, display_name: null };
    const owner_id = await upsertUser(db, person);
    await updateAsset(db, "lecture", personal, { owner_id });

    const forPersonal = await correct(personal, { find: "eigen value", replacement: "eigenvalue" });
    expect(forPersonal.body.jobs).toMatchObject([{ lecture_id: personal }]);
    const forShared = await correct(shared, { find: "matrix", replacement: "tensor" });
    expect(forShared.body.jobs.map((job: { lecture_id: string }) => job.lecture_id)).not.toContain(
      personal,
    );
    expect([await workOnce(), await workOnce()]).toEqual(["done", "done"]);
    expect((await transcript(shared)).transcript_text).toContain("eigen value");
    expect((await transcript(personal)).transcript_text).toContain("matrix");
    expect(await list(shared)).toHaveLength(1);
  });
});

describe("undo of a correction", () => {
  test("restores the chunks and the transcript of before, and keeps other corrections", async () => {
    const id = await addLecture(await createCourse(db));
    const [before, sha] = [await chunksOf(id), await shaOf(id)];
    const rule = await correct(id, { find: "eigen value", replacement: "eigenvalue" });
    expect(await workOnce()).toBe("done");
    const at = (await transcript(id)).words.findIndex(
      ({ text }: { text: string }) => text === "rows",
    );
    const word = await correct(id, { word_index: at, expected: "rows", replacement: "columns" });
    expect(await workOnce()).toBe("done");
    expect(await list(id)).toMatchObject([
      { id: word.body.correction_id, lecture_id: id, changes: 1, undone_at: null },
      { id: rule.body.correction_id, lecture_id: null, changes: 8, undone_at: null },
    ]);

    expect((await undo(id, rule.body.correction_id)).status).toBe(202);
    expect(await workOnce()).toBe("done");
    const { transcript_text } = await transcript(id);
    expect(transcript_text).not.toContain("eigenvalue");
    expect(transcript_text).toContain("columns");

    await undo(id, word.body.correction_id);
    expect(await workOnce()).toBe("done");
    const contents = ({ content, start_ms, end_ms }: Chunk) => [content, start_ms, end_ms];
    expect((await chunksOf(id)).map(contents)).toEqual(before.map(contents));
    expect(await shaOf(id)).toBe(sha);
    expect(await list(id)).toMatchObject([{ changes: 0 }, { changes: 0 }]);
    expect((await list(id)).every((one: { undone_at: unknown }) => one.undone_at)).toBeTrue();
  });

  test("answers 404 for another course, an unknown correction and a second undo", async () => {
    const id = await addLecture(await createCourse(db), SEGMENTS.slice(0, 5), []);
    const stranger = await addLecture(await createCourse(db), SEGMENTS.slice(0, 5), []);
    const { correction_id } = (await correct(id, { find: "matrix", replacement: "tensor" })).body;
    expect(await workOnce()).toBe("done");
    expect((await undo(stranger, correction_id)).body.code).toBe("correction_not_found");
    expect((await undo(id, crypto.randomUUID())).body.code).toBe("correction_not_found");
    expect((await undo(id, correction_id)).status).toBe(202);
    expect((await undo(id, correction_id)).body.code).toBe("correction_not_found");
    expect(await workOnce()).toBe("done");
  });
});

describe("a job that applies corrections", () => {
  test("shows the former or the corrected state, never a mixture, when its attempt ends midway", async () => {
    const course_id = await createCourse(db);
    const id = await addLecture(course_id);
    const state = async () => ({
      chunks: await chunksOf(id),
      sha: await shaOf(id),
      text: (await transcript(id)).transcript_text,
      srt: await exported(id, "srt"),
    });
    const before = await state();
    await correct(id, { find: "eigen value", replacement: "eigenvalue" });
    const embedder = {
      ...tools.embedder,
      embed: async () => {
        throw new AppError("provider_unavailable", { provider: "openai" });
      },
    };
    await workOnce({ embedder });
    expect(await state()).toEqual(before);

    await db`
      update jobs set next_attempt_at = now()
      where asset_id = ${id} and job_state not in ('completed', 'failed')`;
    await db`update pgmq.q_ingest set vt = now()`;
    await db`update provider_states set open_until = null`;
    await db`select wake_waiting_jobs('openai')`;
    const calls = embeddings();
    expect(await workOnce()).toBe("done");
    const after = await state();
    expect(after.text).not.toContain("eigen value");
    expect(after.chunks.every(({ content }) => !content.includes("eigen value"))).toBeTrue();
    const changed = after.chunks.filter(({ content }, i) => content !== before.chunks[i]!.content);
    expect(embeddedSince(calls).toSorted()).toEqual(
      changed.map(({ content }) => content).toSorted(),
    );
  });

  test("has a receipt for its embeddings only", async () => {
    const id = await addLecture(await createCourse(db));
    const receipts = (await listProviderCalls(db, id)).length;
    const at = index("eigen", 400);
    await correct(id, { word_index: at, expected: "eigen value", replacement: "eigenvalue" });
    expect(await workOnce()).toBe("done");
    const calls = (await listProviderCalls(db, id)).slice(receipts);
    expect(calls).toMatchObject([{ purpose: "embed", state: "ok" }]);
  });

  test("a correction during its work is applied too", async () => {
    const id = await addLecture(await createCourse(db));
    await correct(id, { find: "eigen value", replacement: "eigenvalue" });
    const embedder: typeof tools.embedder = {
      ...tools.embedder,
      embed: async (...args) => {
        await correct(id, { find: "matrix", replacement: "tensor" });
        return tools.embedder.embed(...args);
      },
    };
    expect(await workOnce({ embedder })).not.toBe("done");
    expect(await workOnce()).toBe("done");
    expect(await workOnce()).toBeNull();
    const { transcript_text } = await transcript(id);
    expect(transcript_text).toContain("eigenvalue");
    expect(transcript_text).not.toContain("matrix");
  });

  test("an imported transcript gets the rules, and the words that still fit", async () => {
    const id = await addLecture(await createCourse(db));
    await correct(id, { find: "eigen value", replacement: "eigenvalue" });
    expect(await workOnce()).toBe("done");
    const vtt = "WEBVTT\n\n00:00.000 --> 00:04.000\nAnother eigen value.\n";
    await app.handle(
      new Request(`http://localhost/api/lectures/${id}/transcript`, {
        method: "PUT",
        body: vtt,
        headers: { "content-type": "text/vtt" },
      }),
    );
    expect(await workOnce()).toBe("done");
    expect((await transcript(id)).transcript_text).toBe("Another eigenvalue.");
    const [rule] = await list(id);
    await undo(id, rule.id);
    expect(await workOnce()).toBe("done");
    expect((await transcript(id)).transcript_text).toBe("Another eigen value.");
  });
});

describe("GET suggestions", () => {
  const suggestions = async (id: string) =>
    (await call("GET", `/api/lectures/${id}/transcript/suggestions`)).body.items;
  const addPage = async (course_id: string, text: string) => {
    const { document_id } = await createDocument(db, course_id);
    await db`
      insert into slide_descriptions
        (document_id, page_number, raw_description, normalized_description, described_by)
      values (${document_id}, 1, ${text}, ${text}, 'text')`;
    await db`select stop_job(${document_id}, 'cancelled', 'The test needs only the page')`;
    return document_id;
  };

  test("lists words that disagree with the slides, and PATCH accepts them as they are", async () => {
    const course_id = await createCourse(db);
    const id = await addLecture(course_id);
    expect(await suggestions(id)).toEqual([]);
    const document_id = await addPage(course_id, "The eigenvalue problem");

    const [found] = await suggestions(id);
    expect(found).toMatchObject({
      find: "eigen value",
      replacement: "eigenvalue",
      reason: "spacing",
      document_id,
    });
    expect(found.places).toHaveLength(8);
    const [{ word_index, expected }] = found.places;
    const one = { word_index, expected, replacement: found.replacement };
    expect((await correct(id, one)).status).toBe(202);
    const rule = { find: found.find, replacement: found.replacement };
    expect((await correct(id, rule)).status).toBe(202);
    expect(await workOnce()).toBe("done");
    expect(await workOnce()).toBeNull();
    expect((await transcript(id)).transcript_text).not.toContain("eigen value");
    expect(await suggestions(id)).toEqual([]);
  });

  test("uses no personal deck of another person", async () => {
    const course_id = await createCourse(db);
    const id = await addLecture(course_id, SEGMENTS.slice(0, 5), []);
    const person = { issuer: "test", subject: "bert", email: null, display_name: null };
    const owner_id = await upsertUser(db, person);
    const document_id = await addPage(course_id, "The eigenvalue problem");
    await updateAsset(db, "document", document_id, { owner_id });
    expect(await suggestions(id)).toEqual([]);
  });
});
