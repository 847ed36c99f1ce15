import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOpenAI } from "../../tests/support/openai";
import { openServerHost } from "../../tests/support/server";
import { ask, readTimes } from "../chat/client";
import { type Figure, inTurn, isQuick, millisecondsOf } from "../figures";
import { type BenchCourse, newQuestion } from "./courses";

const ROUNDS = isQuick ? 40 : 150;
const WARM_UP = 20;
/** Where one part of the way to the first text ends and the next begins. */
const BORDERS = {
  thread: /"RUN_STARTED"/,
  first_call: /"STEP_STARTED"/,
  search: /"STEP_FINISHED"/,
  second_call: /"TEXT_MESSAGE_(?:CONTENT|CHUNK)".*"delta":"The /,
};
type Part = keyof typeof BORDERS;

/**
 * The first text after a question that needs a search, and its parts by the events of the stream. The model is scripted
 * and answers at once: its first reply is a call of the search, its second one is text. Beside it are the parts that no
 * way can avoid: two calls of the model, and the same search over HTTP.
 */
export async function measureFirstText(
  databaseUrl: string,
  { id: course_id, chunks }: BenchCourse,
  embeddingModel: string,
): Promise<Figure[]> {
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
  const parts: Record<Part, number[]> = { thread: [], first_call: [], search: [], second_call: [] };
  const alone = { call: [] as number[], search: [] as number[] };
  const firstText = async () => {
    const chat = { url: `${server.url}/api/chat/stream`, course_id };
    const times = await readTimes(() => ask(chat, {}, newQuestion()), BORDERS);
    let before = 0;
    for (const part of Object.keys(parts) as Part[]) {
      parts[part].push(times[part] - before);
      before = times[part];
    }
    return before;
  };
  const call = async () => {
    const messages = [{ role: "user", content: newQuestion() }];
    const url = `${openai.url}/chat/completions`;
    const body = { model: "bench", stream: true, messages };
    alone.call.push(await millisecondsOf(() => post(url, body)));
  };
  const search = async () => {
    const url = `${server.url}/api/retrieval/query`;
    const body = { course_id, query: newQuestion(), sources: ["lectures"], top_k: 8 };
    alone.search.push(await millisecondsOf(() => post(url, body)));
  };
  const unavoidable = async () => {
    await call();
    await search();
    await call();
  };
  try {
    await inTurn(WARM_UP, firstText, unavoidable);
    for (const samples of [...Object.values(parts), ...Object.values(alone)]) samples.length = 0;
    const { peer } = await inTurn(ROUNDS, firstText, unavoidable);
    const whole = parts.thread.map((_, n) =>
      Object.values(parts).reduce((sum, samples) => sum + samples[n]!, 0),
    );
    const part = (id: Part, what: string, beside?: Figure["peer"]): Figure => ({
      id: `retrieval.first_text_${id}`,
      what: `of it: ${what}`,
      unit: "ms",
      samples: parts[id],
      ...(beside && { peer: beside }),
    });
    const aloneCall = { what: "a model call alone", samples: alone.call };
    return [
      {
        id: "retrieval.first_text",
        what: `question with a search to its first text, ${chunks} chunks`,
        unit: "ms",
        samples: whole,
        peer: { what: "two model calls and the search", samples: peer },
        limit: { at_most: 1.5 },
      },
      part("thread", "request read, thread opened, `RUN_STARTED`"),
      part("first_call", "question stored, first model call, its tool call", aloneCall),
      part("search", "the search", { what: "the search over HTTP", samples: alone.search }),
      part("second_call", "second model call to its first text", aloneCall),
    ];
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
