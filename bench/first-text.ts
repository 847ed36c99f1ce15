/**
 * The first text after a question that needs a search: `bun bench/first-text.ts`. The model is scripted and answers at
 * once: its first reply is a search, its second one is text. What remains is our own way: the request, the search in a course of 4 800
 * chunks, the tool result, and the second call. Beside it, the parts that no way can avoid: two calls of the model and
 * the same search over HTTP.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { migrate } from "../src/db/migrate";
import { startOpenAI } from "../tests/support/openai";
import { openServerHost } from "../tests/support/server";
import { ask, drain, readUntil } from "./chat/client";
import { inTurn, isQuick, publish } from "./figures";
import { createNativeDatabase } from "./lib";
import { fillCourses } from "./retrieval/courses";

const ROUNDS = isQuick ? 60 : 200;
const WARM_UP = 30;
/** In 20 courses, of which the largest is asked. */
const CHUNKS = 50_000;
const FIRST_TEXT = /"TEXT_MESSAGE_(?:CONTENT|CHUNK)".*"delta":"The /;

/** Each question has other words, so that nothing is remembered. */
function askAnew(): string {
  const word = (from: number, to: number) => `w${from + Math.floor(Math.random() * (to - from))}`;
  return [word(2, 60), word(2, 60), word(500, 9_000), word(500, 9_000)].join(" ");
}

const database = await createNativeDatabase();
if (!database) process.exit(1);
await migrate(database.url);
const connection = { maintenance_work_mem: "256MB" };
const sql = postgres(database.url, { max: 2, onnotice: () => {}, connection });
const courses = await fillCourses(sql, CHUNKS, "openai:bench");
await sql.end();
const { id: course_id, chunks } = courses.at(-1)!;

await using openai = startOpenAI({
  replies: ({ body }) => {
    openai.requests.length = 0;
    const asked = JSON.stringify(body);
    if (asked.includes('"role":"tool"')) return { text: "The course says so [1]." };
    const query = /"content":"(w\d+[w\d ]*)"/.exec(asked)?.[1] ?? "w7";
    return { toolCalls: [{ name: "search_lectures", input: { query } }] };
  },
});
const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
await using host = await openServerHost();
const server = await host.start({
  ROLE: "api",
  DATABASE_URL: database.url,
  DATA_ROOT: folder,
  OPENAI_BASE_URL: openai.url,
  OPENAI_API: "chat",
  CHAT_MODEL: "openai:bench",
  EMBEDDING_MODEL: "openai:bench",
});

const post = async (url: string, body: object): Promise<void> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
};

async function firstText(): Promise<void> {
  const chat = { url: `${server.url}/api/chat/stream`, course_id };
  const response = await ask(chat, {}, askAnew());
  await readUntil(response, FIRST_TEXT);
  await drain(response);
}

/** Two calls of the model, and the search by itself. */
async function parts(): Promise<void> {
  const call = { model: "bench", stream: true, messages: [{ role: "user", content: askAnew() }] };
  await post(`${openai.url}/chat/completions`, call);
  await post(`${server.url}/api/retrieval/query`, { course_id, query: askAnew() });
  await post(`${openai.url}/chat/completions`, call);
}

try {
  await inTurn(WARM_UP, firstText, parts);
  const times = await inTurn(ROUNDS, firstText, parts);
  await publish([
    {
      id: "first_text.search",
      what: `first text after a question with a search, ${chunks} chunks`,
      unit: "ms",
      samples: times.ours,
      peer: { what: "its parts: two model calls, one search", samples: times.peer },
      limit: { at_most: 2 },
    },
  ]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
await server.stop();
await database.close();
process.exit(0);
