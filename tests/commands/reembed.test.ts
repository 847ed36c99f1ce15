import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countEmbeddings } from "../../src/db/chunks/embeddings";
import { connect } from "../../src/db/client";
import { startEmbeddedDatabase } from "../../src/db/embedded/start";
import { migrate } from "../../src/db/migrate";
import { ERRORS } from "../../src/errors";
import { addDocument, addLecture, direction } from "../support/corpus";
import { databaseUrl, engine } from "../support/database";
import { createCourse } from "../support/factories";
import { startOpenAI } from "../support/openai";
import { bagOfWords } from "../support/openai/embeddings";

const database = await databaseUrl();
const db = connect(database.url, { max: 2 });
const openai = startOpenAI();
afterAll(async () => {
  await db.end();
  await openai.close();
  await database.close();
});

/** Runs one of our commands against the test's database and server. */
async function run(script: string, args: string[], env: Record<string, string> = {}) {
  const command = Bun.spawn([process.execPath, join("src", "commands", script), ...args], {
    env: { ...process.env, DATABASE_URL: database.url, OPENAI_BASE_URL: openai.url, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(command.stdout).text(),
    new Response(command.stderr).text(),
  ]);
  return { exitCode: await command.exited, out, err };
}

let course_id = "";
beforeAll(async () => {
  course_id = await createCourse(db);
  await addLecture(db, course_id, [{ content: "entropy", embedding: direction(1) }]);
});
const models = () => countEmbeddings(db, { course_id });

test("moves a course to a model, says what is left to do, and goes back", async () => {
  const moved = await run("reembed.ts", ["--course", course_id, "--model", "openai:newer"]);
  expect(moved).toMatchObject({ exitCode: 0 });
  expect(moved.out).toContain("1 chunks now use openai:newer\n");
  expect(moved.out).toContain("Set EMBEDDING_MODEL=openai:newer");
  expect(await models()).toEqual([{ model: "openai:newer", chunks: 1 }]);

  const back = await run("reembed.ts", ["--course", course_id, "--rollback"]);
  expect(back.out).toStartWith("1 chunks now use test:plane\n");
  expect(await models()).toEqual([{ model: "test:plane", chunks: 1 }]);
});

/** A course whose well rated questions share no word with their page: only the vectors in use find it. */
async function createCourseFoundByVectors(): Promise<string> {
  const course_id = await createCourse(db, "Typography");
  const pages = Array.from({ length: 12 }, (_, i) => ({
    content: `paragraph${i} kerning${i}`,
    embedding: bagOfWords(`ligature${i} serif${i}`, 1_536),
    model: "openai:words",
  }));
  const { id } = await addDocument(db, course_id, pages);
  const [session] =
    await db`insert into chat_sessions (course_id) values (${course_id}) returning id`;
  await db`
    insert into message_feedback (session_id, message_id, rating, question, answer, metadata)
    select ${session!.id}, gen_random_uuid(), 'up', format('ligature%s serif%s', i, i), 'x',
           jsonb_build_object('citations', jsonb_build_array(
             jsonb_build_object('number', 1, 'asset_id', ${id}::text, 'page_number', i + 1)))
    from generate_series(0, 11) i`;
  return course_id;
}

test("shows that a model searches worse and keeps the one in use, unless it is forced", async () => {
  const course = await createCourseFoundByVectors();
  const args = ["--course", course, "--model", "openai:newer"];
  const inUse = () =>
    db`select distinct embedding_model from slide_chunks where course_id = ${course}`;
  const kept = await run("reembed.ts", args);
  const before = await inUse();
  const forced = await run("reembed.ts", [...args, "--force"]);
  const after = await inUse();
  // The way back is checked too: the other model is better, so it needs no force.
  const back = await run("reembed.ts", ["--course", course, "--model", "openai:words"]);
  await db`delete from courses where id = ${course}`;

  expect(kept).toMatchObject({ exitCode: 1 });
  expect(kept.out).toContain("Exam of Typography: model in use → openai:newer");
  expect(kept.out).toContain("WORSE retrieval reciprocal_rank");
  expect(kept.err).toContain(`${ERRORS.model_worse.title}. --force switches`);
  expect(kept.err).toContain("Typography");
  expect([...before]).toEqual([{ embedding_model: "openai:words" }]);
  expect(forced).toMatchObject({ exitCode: 0 });
  expect(forced.out).toContain("WORSE retrieval reciprocal_rank");
  expect([...after]).toEqual([{ embedding_model: "openai:newer" }]);
  expect(back.out).toContain("12 chunks now use openai:words");
});

test("doctor shows which chunks are another model's", async () => {
  const { out } = await run("doctor.ts", []);

  expect(out).toContain("1 chunks use test:plane: ./lectern reembed moves them");
});

// It runs on the embedded database in any case.
test.if(engine === "embedded")(
  "doctor shows it for the embedded database as well, unless a server uses that",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "doctor-"));
    const env = { DATABASE_URL: "", DATA_ROOT: folder };
    const embedded = await startEmbeddedDatabase({ dataDir: join(folder, "db") });
    await migrate(embedded.url);
    const sql = connect(embedded.url, { max: 1 });
    await addLecture(sql, await createCourse(sql), [{ content: "x", embedding: direction(1) }]);
    const during = await run("doctor.ts", [], env);
    await sql.end();
    await embedded.close();
    const after = await run("doctor.ts", [], env);
    await rm(folder, { recursive: true });

    expect(during.out).toContain("while a server uses the database");
    expect(after.out).toContain("1 chunks use test:plane: ./lectern reembed moves them");
  },
);

test("a course that is none is refused in plain words", async () => {
  const { exitCode, err } = await run("reembed.ts", ["--course", "first"]);

  expect(exitCode).toBe(2);
  expect(err).toStartWith('--course: "first" is not the id of a course');
});

test("eval reports as JSON, and leaves nothing behind in a database that is not its own", async () => {
  const { exitCode, out } = await run("eval.ts", ["tests/fixtures/beir", "--json"]);
  const courses = await db`select id from courses`;

  expect(exitCode).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ documents: 30, questions: 20, default_weight: 0.3 });
  expect(courses.map(({ id }) => id)).toEqual([course_id]);
});

test.each([
  ["an unknown option", ["--all"], 2, "Unknown option"],
  ["a course that is not there", ["--course", crypto.randomUUID()], 1, "No course has this id"],
  ["a model without its key", ["--model", "google:any"], 1, "GOOGLE_API_KEY"],
])("refuses %s", async (_, args, exitCode, says) => {
  const refused = await run("reembed.ts", args);

  expect(refused.exitCode).toBe(exitCode);
  expect(refused.err).toContain(says);
});
