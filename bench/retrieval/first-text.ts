import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOpenAI } from "../../tests/support/openai";
import { openServerHost } from "../../tests/support/server";
import { ask, drain, readUntil } from "../chat/client";
import { type Figure, inTurn, isQuick } from "../figures";
import { type BenchCourse, newQuestion } from "./courses";

const ROUNDS = isQuick ? 40 : 150;
const WARM_UP = 20;
const FIRST_TEXT = /"TEXT_MESSAGE_(?:CONTENT|CHUNK)".*"delta":"The /;

/**
 * The first text after a question that needs a search. The model is scripted and answers at once: its first reply is a
 * call of the search, its second one is text. Beside it are the parts that no way can avoid: two calls of the model, and
 * the same search over HTTP.
 */
export async function measureFirstText(
  databaseUrl: string,
  { id: course_id, chunks }: BenchCourse,
  embeddingModel: string,
): Promise<Figure> {
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
    DATABASE_URL: databaseUrl,
    DATA_ROOT: folder,
    OPENAI_BASE_URL: openai.url,
    OPENAI_API: "chat",
    CHAT_MODEL: "openai:bench",
    EMBEDDING_MODEL: embeddingModel,
  });
  const firstText = async () => {
    const chat = { url: `${server.url}/api/chat/stream`, course_id };
    const response = await ask(chat, {}, newQuestion());
    await readUntil(response, FIRST_TEXT);
    await drain(response);
  };
  const parts = async () => {
    const messages = [{ role: "user", content: newQuestion() }];
    await post(`${openai.url}/chat/completions`, { model: "bench", stream: true, messages });
    await post(`${server.url}/api/retrieval/query`, { course_id, query: newQuestion() });
    await post(`${openai.url}/chat/completions`, { model: "bench", stream: true, messages });
  };
  try {
    await inTurn(WARM_UP, firstText, parts);
    const times = await inTurn(ROUNDS, firstText, parts);
    return {
      id: "retrieval.first_text",
      what: `question with a search to its first text, ${chunks} chunks`,
      unit: "ms",
      samples: times.ours,
      peer: { what: "two model calls and the search", samples: times.peer },
      limit: { at_most: 1.5 },
    };
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
}
